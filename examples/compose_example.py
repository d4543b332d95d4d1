"""Compose the example song, "Paper Lanterns", and render it beside this file.

    python examples/compose_example.py              # paper_lanterns.mid and paper_lanterns.ogg
    python examples/compose_example.py --midi-only  # the MIDI alone; needs no soundfont

The song is in D minor, for flute, electric piano, bass and drums: a short intro, eight bars of
verse at 100 beats per minute, eight bars of chorus at 112, and three bars of coda. The MIDI file is
the reference that transcriptions of the recording are scored against. The script writes the same
MIDI on every machine. The recording in this folder was made with the soundfont FluidR3_GM (Frank
Wen, MIT licence).

The notes are in `paper_lanterns.py`; this script reads them and adds small timing deviations.
"""

import argparse
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido
from paper_lanterns import (
    BASS_RHYTHMS,
    BEATS_PER_BAR,
    DRUM_BARS,
    KEY,
    KEYS_RHYTHMS,
    KIT,
    PARTS,
    SECTIONS,
    STROKES,
    TITLE,
    VOICINGS,
    Part,
)

TICKS_PER_BEAT = 480
SEED = 20  # of the small deviations of timing and velocity
PEAK = 0.87  # of full scale; peaks between samples then stay below -1 dBFS
STEP = 0.25  # beats, a sixteenth: the grid of the drum lines
HIT_LENGTH = 0.2  # beats; nominal, since drum sounds ignore note-offs
PITCH_CLASSES = {"C": 0, "C#": 1, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "Bb": 10}
D_MINOR = {2, 4, 5, 7, 9, 10, 0}
LEADING_TONE = 1  # C#, which replaces C over A7
LOWEST_BASS_NOTE = 28  # E1, the open fourth string


@dataclass(frozen=True)
class Note:
    """A note on the grid: start and duration in beats from the start of the song."""

    start: float
    duration: float
    pitch: int
    velocity: int


def midi_number(name: str) -> int:
    """Parse a note name such as 'Bb3' to a MIDI number; C4 is 60."""
    return PITCH_CLASSES[name[:-1]] + 12 * (int(name[-1]) + 1)


def bass_root(symbol: str) -> int:
    """Return the lowest bass pitch of the root of a chord symbol."""
    letter = symbol[:2] if symbol[:2] in PITCH_CLASSES else symbol[:1]
    return LOWEST_BASS_NOTE + (PITCH_CLASSES[letter] - LOWEST_BASS_NOTE) % 12


def bars_of(text: str) -> list[list[str]]:
    """Split a text into bars of words, at '|' and at line ends."""
    lines = (line for line in text.strip().splitlines() for line in line.split("|"))
    return [line.split() for line in lines]


def all_bars(field: str) -> list[str]:
    """Return the words of a section field, one for each bar of the song."""
    return [word for section in SECTIONS for word in getattr(section, field).split()]


def all_chords() -> list[list[str]]:
    """Return the chord symbols of each bar of the song, one or two."""
    return [bar for section in SECTIONS for bar in bars_of(section.chords)]


def chord_at(bar: list[str], beat: float) -> str:
    """Return the chord of a bar at one of its beats."""
    return bar[int(beat * len(bar) / BEATS_PER_BAR)]


def compose_melody() -> Iterator[Note]:
    """Yield the melody: higher notes and first beats are louder, all notes slightly detached."""
    bars = [bar for section in SECTIONS for bar in bars_of(section.melody)]
    for number, bar in enumerate(bars):
        beat = 0.0
        for word in bar:
            name, beats = word.split(":")
            if name != "r":
                pitch = midi_number(name)
                velocity = 84 + (pitch - midi_number("D5")) + (6 if beat == 0 else 0)
                yield Note(number * BEATS_PER_BAR + beat, 0.92 * float(beats), pitch, velocity)
            beat += float(beats)


def compose_keys() -> Iterator[Note]:
    """Yield the chords in their rhythms, the top note of each slightly louder."""
    voicings = {symbol: names for symbol, *names in bars_of(VOICINGS)}
    for number, (bar, rhythm) in enumerate(zip(all_chords(), all_bars("keys"), strict=True)):
        for hit in KEYS_RHYTHMS[rhythm].split():
            beat, duration, velocity = (float(number) for number in hit.split(":"))
            names = voicings[chord_at(bar, beat)]
            for voice, name in enumerate(names):
                loudness = round(velocity) + (5 if voice == len(names) - 1 else 0)
                yield Note(number * BEATS_PER_BAR + beat, duration, midi_number(name), loudness)


def compose_bass() -> Iterator[Note]:
    """Yield the bass line: roots, fifths and octaves, and a scale step into the next bar."""
    chords = all_chords()
    for number, rhythm in enumerate(all_bars("bass")):
        following = bass_root(chords[min(number + 1, len(chords) - 1)][0])
        for hit in BASS_RHYTHMS[rhythm].split():
            beat, duration, velocity, degree = hit.split(":")
            pitch = bass_pitch(chords[number], float(beat), degree, following)
            start = number * BEATS_PER_BAR + float(beat)
            yield Note(start, float(duration), pitch, int(velocity))


def bass_pitch(bar: list[str], beat: float, degree: str, following: int) -> int:
    """Return the pitch of a degree of the chord at a beat of a bar."""
    symbol = chord_at(bar, beat)
    root = bass_root(symbol)
    if degree == "to":
        scale = D_MINOR | {LEADING_TONE} if symbol.startswith("A7") else D_MINOR
        return step_towards(root, following, scale)
    if degree == "fifth":
        return root + (6 if "b5" in symbol else 7)
    if degree == "octave":
        return root + 12
    return root


def step_towards(root: int, following: int, scale: set[int]) -> int:
    """Return the scale note next to the following root, between it and the current root."""
    if root == following:
        return root + 7
    direction = -1 if root < following else 1
    neighbors = (following + direction, following + 2 * direction)
    return next(pitch for pitch in neighbors if pitch % 12 in scale)


def compose_drums() -> Iterator[Note]:
    """Yield the drum hits of each bar's pattern."""
    for number, name in enumerate(all_bars("drums")):
        for drum, line in bars_of(DRUM_BARS[name]):
            for step, sign in enumerate(line):
                if sign in STROKES:
                    start = number * BEATS_PER_BAR + step * STEP
                    yield Note(start, HIT_LENGTH, KIT[drum], STROKES[sign])


COMPOSERS = {
    "Lead": compose_melody,
    "Keys": compose_keys,
    "Bass": compose_bass,
    "Drums": compose_drums,
}


def uneven(rng: random.Random, width: int) -> int:
    """Draw an integer from -width to width, most often near 0.

    Only `random()` is used, because its sequence is the same in every version of Python.
    """
    return round((rng.random() - rng.random()) * width)


def play(part: Part, rng: random.Random) -> list[tuple[int, mido.Message]]:
    """Return the messages of a part at absolute ticks, with random deviations."""
    messages = []
    for note in COMPOSERS[part.name]():
        shift = part.delay + uneven(rng, part.looseness)
        start = max(0, round(note.start * TICKS_PER_BEAT) + shift)
        end = start + round(note.duration * TICKS_PER_BEAT)
        velocity = min(127, note.velocity + uneven(rng, 5))
        pitch = {"channel": part.channel, "note": note.pitch}
        messages.append((start, mido.Message("note_on", velocity=velocity, **pitch)))
        messages.append((end, mido.Message("note_off", velocity=0, **pitch)))
    return messages


def track_of(name: str, events: list[tuple[int, mido.Message]]) -> mido.MidiTrack:
    """Build a named track; at equal ticks, note-offs come before note-ons."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    for tick, message in sorted(events, key=lambda event: (event[0], event[1].type == "note_on")):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def conductor() -> mido.MidiTrack:
    """Build the first track: meter, key, tempos, and markers for [sections] and chords."""
    events = [
        (0, mido.MetaMessage("time_signature", numerator=BEATS_PER_BAR, denominator=4)),
        (0, mido.MetaMessage("key_signature", key=KEY)),
    ]
    bar, bpm = 0, None
    for section in SECTIONS:
        tick = bar * BEATS_PER_BAR * TICKS_PER_BEAT
        if section.bpm != bpm:
            bpm = section.bpm
            events.append((tick, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))))
        events.append((tick, mido.MetaMessage("marker", text=f"[{section.name}]")))
        bar += len(bars_of(section.chords))
    return track_of(TITLE, events + chord_markers())


def chord_markers() -> list[tuple[int, mido.MetaMessage]]:
    """Return a marker for each chord; a chord held over a bar line has only one."""
    markers: list[tuple[int, mido.MetaMessage]] = []
    for number, bar in enumerate(all_chords()):
        for index, symbol in enumerate(bar):
            beat = (number + index / len(bar)) * BEATS_PER_BAR
            if not markers or markers[-1][1].text != symbol:
                marker = mido.MetaMessage("marker", text=symbol)
                markers.append((round(beat * TICKS_PER_BEAT), marker))
    return markers


def set_up(part: Part) -> list[tuple[int, mido.Message]]:
    """Return the program change, volume, pan and reverb of a part, at tick 0."""
    controls = {7: part.volume, 10: part.pan, 91: part.reverb}
    program = mido.Message("program_change", channel=part.channel, program=part.program)
    return [(0, program)] + [
        (0, mido.Message("control_change", channel=part.channel, control=number, value=value))
        for number, value in controls.items()
    ]


def compose(only: str | None = None) -> bytes:
    """Return the song as a standard MIDI file; with `only`, just the track of that name."""
    rng = random.Random(SEED)
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    midi.tracks.append(conductor())
    for part in PARTS:
        track = track_of(part.name, set_up(part) + play(part, rng))
        if only in (None, part.name):
            midi.tracks.append(track)
    buffer = io.BytesIO()
    midi.save(file=buffer)
    return buffer.getvalue()


def record(midi: bytes, path: Path, soundfont: Path | None) -> None:
    """Render the MIDI to a file, normalized to PEAK; needs muse and FluidSynth."""
    from muse.tools.audio.io import write_audio
    from muse.tools.audio.render import SAMPLE_RATE, render
    from muse.tools.song.midi import song_from_midi

    audio = render(song_from_midi(midi), soundfont=soundfont)
    write_audio(path, audio * (PEAK / abs(audio).max()), SAMPLE_RATE)


def main() -> None:
    """Write the MIDI file and, without --midi-only, the recording."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=here)
    parser.add_argument("--midi-only", action="store_true")
    parser.add_argument(
        "--soundfont", type=Path, help="soundfont file; by default the best one found"
    )
    arguments = parser.parse_args()
    midi = compose()
    (arguments.folder / "paper_lanterns.mid").write_bytes(midi)
    if not arguments.midi_only:
        record(midi, arguments.folder / "paper_lanterns.ogg", arguments.soundfont)


if __name__ == "__main__":
    main()
