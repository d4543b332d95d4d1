"""Mixes with known notes, rendered from real songs: what the transcription bench listens to.

A mix is half a minute of a POP909 song: its MELODY as lead, its PIANO as keys, a bass line played
from its chords, and drums of the Groove MIDI Dataset stretched onto its beats. Two soundfonts take
turns and the programs vary. Where `../shared/data` is missing, the example song is used instead.

Songs are split once, by number: nothing may be tuned on the songs of `bench_songs`; `tuning_songs`
are for that, and take their drums from the other split of the Groove set.

    python tests/bench/mixes.py DIR [--tuning N]     # writes mixes and stems as WAV, truth as JSON
"""

import argparse
import ctypes.util
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import symusic
from mix_parts import (
    DATA,
    LENGTH_S,
    bass_line,
    drum_part,
    excerpt,
    is_bar,
    monophonic,
    read_chords,
    read_lines,
    read_tracks,
    to_events,
)
from named_soundfont import named_soundfont
from numpy.typing import NDArray

from muse.tools.transcription.note_event import NoteEvent

SAMPLE_RATE = 44100  # Hz
TAIL_S = 1.0  # rendered after the last note, so that releases are heard
SOUNDFONTS = ("FluidR3_GM", "TimGM6mb")  # names; mixes take turns
SPLIT_SEED = 909
BENCH_COUNT = 10
PITCHED = ("lead", "keys", "bass")
STEMS = (*PITCHED, "drums")

# General MIDI programs the bench mixes cycle through, counted from 0
BENCH_PROGRAMS = {
    "lead": (73, 65, 56, 80, 40, 71, 81, 68, 66, 11),
    "keys": (0, 4, 5, 0, 2, 4, 1, 0, 5, 16),
    "bass": (33, 34, 32, 35, 38, 33, 39, 34, 32, 36),
}
# tuning mixes draw from these: partly the same, partly others, so that nothing leans on one sound
TUNING_PROGRAMS = {
    "lead": (73, 65, 56, 80, 40, 71, 81, 68, 64, 72, 75, 82, 85, 69, 57, 60, 22, 27, 53, 41, 59),
    "keys": (0, 0, 4, 5, 2, 1, 3, 6, 16, 18, 7, 24, 25),
    "bass": (32, 33, 34, 35, 36, 37, 38, 39, 33, 34),
}
LEVELS_DB = {"lead": -20.0, "keys": -23.0, "bass": -21.0, "drums": -21.0}  # RMS of each stem
LEVEL_SPREAD_DB = 2.5


@dataclass
class Mix:
    """One mix and its truth.

    Attributes:
        name: song number and soundfont.
        stems: stem name to audio, (2, frames) float32 at SAMPLE_RATE; they sum to the mix.
        notes: stem name to its notes, times from the start of the audio.
        programs: stem name to General MIDI program.
        beats_s: beat times of the song.
    """

    name: str
    stems: dict[str, NDArray[np.float32]]
    notes: dict[str, list[NoteEvent]]
    programs: dict[str, int]
    beats_s: list[float] = field(default_factory=list)

    @property
    def audio(self) -> NDArray[np.float32]:
        """The mix, (2, frames)."""
        return np.sum(list(self.stems.values()), axis=0, dtype=np.float32)


def split_songs() -> tuple[list[str], list[str]]:
    """Song numbers for the bench and for tuning, disjoint, always the same."""
    songs = sorted(path.name for path in (DATA / "pop909").iterdir() if path.is_dir())
    random.Random(SPLIT_SEED).shuffle(songs)
    tenth = len(songs) // 10
    return songs[:tenth], songs[tenth:]


def bench_mixes() -> list[Mix]:
    """The ten mixes of the bench, or one of the example song where there is no data."""
    if not (DATA / "pop909").is_dir():
        return [example_mix()]
    songs, _ = split_songs()
    made: list[Mix] = []
    for number in songs:
        count = len(made)
        programs = {stem: BENCH_PROGRAMS[stem][count % 10] for stem in PITCHED}
        mix = make_mix(number, SOUNDFONTS[count % 2], programs, "validation", seed=count)
        if mix is not None:
            made.append(mix)
        if len(made) == BENCH_COUNT:
            break
    return made


def tuning_mix(index: int) -> Mix | None:
    """One of many mixes that may be tuned on; None where the song has too little in it."""
    _, songs = split_songs()
    dice = random.Random(1000 + index)
    programs = {stem: dice.choice(TUNING_PROGRAMS[stem]) for stem in PITCHED}
    return make_mix(songs[index], SOUNDFONTS[index % 2], programs, "train", seed=index)


def make_mix(
    number: str, soundfont: str, programs: dict[str, int], drum_split: str, seed: int
) -> Mix | None:
    """Half a minute of one song from where its melody starts; None if there is not enough of it."""
    dice = random.Random(f"{number}/{seed}")
    folder = DATA / "pop909" / number
    tracks = read_tracks(next(folder.glob("*.mid")))
    if len(tracks.get("MELODY", ())) < 60 or not tracks.get("PIANO"):
        return None
    beats = [float(line.split()[0]) for line in read_lines(folder / "beat_midi.txt")]
    bars = [float(line.split()[0]) for line in read_lines(folder / "beat_midi.txt") if is_bar(line)]
    first_sung = tracks["MELODY"][0].onset_s
    start = max((bar for bar in bars if bar <= first_sung + 0.01), default=beats[0])
    if start + LENGTH_S > beats[-1] or len(bars) < 12:
        return None
    notes = {
        "lead": monophonic(tracks["MELODY"]),
        "keys": tracks["PIANO"],
        "bass": bass_line(read_chords(folder / "chord_midi.txt"), beats, dice),
        "drums": drum_part(bars, start, drum_split, dice),
    }
    notes = {stem: excerpt(part, start) for stem, part in notes.items()}
    if min(len(notes[stem]) for stem in STEMS) < 8:
        return None
    stems = render_stems(notes, programs, soundfont, dice)
    shifted = [beat - start for beat in beats if start <= beat <= start + LENGTH_S]
    return Mix(f"{number}-{soundfont}", stems, notes, programs, shifted)


def render_stems(
    notes: dict[str, list[NoteEvent]],
    programs: dict[str, int],
    soundfont: str,
    dice: random.Random,
) -> dict[str, NDArray[np.float32]]:
    """Each part by itself, set to its level in the mix; the sum stays under full scale."""
    stems = {}
    for stem in notes:
        audio = render(notes[stem], programs.get(stem, 0), stem == "drums", soundfont)
        rms = float(np.sqrt(np.mean(audio**2))) or 1.0
        level = LEVELS_DB[stem] + dice.uniform(-LEVEL_SPREAD_DB, LEVEL_SPREAD_DB)
        stems[stem] = audio * np.float32(10 ** (level / 20) / rms)
    peak = float(np.abs(np.sum(list(stems.values()), axis=0)).max())
    scale = np.float32(min(1.0, 0.95 / peak))
    return {stem: audio * scale for stem, audio in stems.items()}


def render(
    notes: Sequence[NoteEvent], program: int, is_drum: bool, soundfont: str
) -> NDArray[np.float32]:
    """Play notes on one channel of FluidSynth, with its own default reverb: (2, frames)."""
    assert ctypes.util.find_library("fluidsynth"), "needs libfluidsynth"
    import fluidsynth

    channel = 9 if is_drum else 0
    synth = fluidsynth.Synth(gain=0.4, samplerate=float(SAMPLE_RATE))
    font = synth.sfload(str(named_soundfont(soundfont)))
    synth.program_select(channel, font, 128 if is_drum else 0, program)
    events = [(note.onset_s, 1, note) for note in notes]
    events += [(note.offset_s, 0, note) for note in notes]
    blocks, position = [], 0
    for time, is_on, note in sorted(events, key=lambda event: event[:2]):
        frame = round(time * SAMPLE_RATE)
        if frame > position:
            blocks.append(synth.get_samples(frame - position))
            position = frame
        if is_on:
            synth.noteon(channel, note.pitch, note.velocity)
        else:
            synth.noteoff(channel, note.pitch)
    total = round((LENGTH_S + TAIL_S) * SAMPLE_RATE)
    blocks.append(synth.get_samples(max(total - position, 0)))
    synth.delete()
    samples = np.concatenate(blocks)[: 2 * total]
    return np.ascontiguousarray(samples.reshape(-1, 2).T.astype(np.float32) / 32768.0)


def example_mix() -> Mix:
    """The example song, rendered part by part."""
    path = Path(__file__).resolve().parents[2] / "examples" / "paper_lanterns.mid"
    notes: dict[str, list[NoteEvent]] = {}
    programs: dict[str, int] = {}
    for track in symusic.Score(path).to("second").tracks:
        stem = "drums" if track.is_drum else track.name.lower()
        if stem in STEMS:
            notes[stem] = excerpt(to_events(track), 0.0)
            programs[stem] = track.program
    stems = render_stems(notes, programs, "TimGM6mb", random.Random(0))  # it is always there
    return Mix(path.stem, stems, notes, programs)


def write_mix(mix: Mix, folder: Path) -> None:
    """The mix and its stems as float WAV, its truth as JSON."""
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    for name, audio in {"mix": mix.audio, **mix.stems}.items():
        soundfile.write(folder / f"{name}.wav", audio.T, SAMPLE_RATE, "FLOAT")
    truth = {
        stem: [[n.onset_s, n.offset_s, n.pitch, n.velocity] for n in part]
        for stem, part in mix.notes.items()
    }
    document = {"notes": truth, "programs": mix.programs, "beats_s": mix.beats_s}
    (folder / "truth.json").write_text(json.dumps(document))


def main() -> None:
    """Write mixes to a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--tuning", type=int, default=0, help="write N tuning mixes instead")
    options = parser.parse_args()
    made = (
        (mix for mix in map(tuning_mix, range(options.tuning)) if mix is not None)
        if options.tuning
        else iter(bench_mixes())
    )
    for mix in made:
        write_mix(mix, options.directory / mix.name)
        print(mix.name, {stem: len(part) for stem, part in mix.notes.items()}, file=sys.stderr)


if __name__ == "__main__":
    main()
