"""Render the chord charts of `neo_soul.txt` to a folder of MIDI files, several takes of each.

    python examples/render_neo_soul.py midi                # three takes of each, 432 files
    python examples/render_neo_soul.py midi --grid --keys-only   # chords alone, for tokens
    python examples/render_neo_soul.py midi --charts my_charts.txt --seed 7

Every take has its own voicings (style and register), comping pattern and bass pattern. A file has
tempo, meter, keys, sections and chords as markers, an electric piano and a bass. The notes of a
chord begin together, so that they are one chord in tokens; onset times and velocities vary. The
same seed gives the same bytes.
"""

import argparse
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from muse.tools.datasets.charts import STRAIGHT, Chart, parse_charts
from muse.tools.song.document import Meter, Note, Song, Track
from muse.tools.song.meter import COMMON_TIME, pulse_beats
from muse.tools.song.midi import save_song
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.keys import Tonality, tonality_of
from muse.tools.theory.voicing import STYLES, voice

CHARTS = Path(__file__).with_name("neo_soul.txt")
STYLES_PLAYED = ("neo-soul", "rootless", "drop-2", "open")
REGISTERS = (-3, 0, 0, 2, 4)  # semitones by which a take is above its style's usual range
ELECTRIC_PIANO, FINGERED_BASS = 4, 33  # General MIDI programs
SIXTEENTHS = 4  # in a quarter
UNEVEN_MS = 5.0  # standard deviation of onsets
UNEVEN_VELOCITY = 3.0  # standard deviation of velocities
HELD_VELOCITY = 70
BASS_BEHIND = 0.5  # delay of the bass as a share of that of the keys
TOP_ACCENT = 8  # velocity of the top note of a chord above that of the lowest
RELEASE = 0.04  # beats between the end of a note and an adjacent next one
LOWEST_BASS, HIGHEST_BASS = 28, 45  # MIDI pitches: E1 to A2
LOUDNESS = (1, 127)

# comping patterns by the duration of the chord in counted beats: beat:length:velocity
HANDS = {
    "held": {},
    "laid": {
        4: "0:1.5:72 1.75:.75:58 2.5:1.5:66",
        3: "0:1.75:72 1.75:1.25:60",
        2: "0:1.5:72 1.75:.25:54",
    },
    "sparse": {4: "0:2.5:70 2.75:1.25:58", 3: "0:2:70", 2: "0:1.75:70"},
    "busy": {
        4: "0:.75:76 .75:.5:56 1.5:.75:64 2.25:.25:52 2.75:.75:70 3.75:.25:56",
        3: "0:.75:76 .75:.75:58 1.75:.5:62 2.5:.5:66",
        2: "0:.75:76 .75:.5:58 1.5:.5:66",
        1: "0:.75:74",
    },
    "push": {4: "0:1.25:72 1.5:2.5:68", 3: "0:1.25:72 1.5:1.5:66", 2: "0:.5:72 .5:1.5:66"},
}
# the same in compound meters
ROLLING_HANDS = {
    "held": {},
    "rocked": {4: "0:2:72 2:1:62 3:1:66", 2: "0:1:72 1:1:62"},
    "pulsed": {
        4: "0:1:74 1:.667:60 1.667:.333:54 2:1:68 3:.667:60 3.667:.333:56",
        2: "0:1:74 1:.667:60 1.667:.333:56",
        1: "0:.667:74 .667:.333:56",
    },
}
# bass patterns: beat:length:velocity:degree; 'to' is a half step from the next bass note
BASSES = {
    "held": {},
    "walks": {
        4: "0:1.5:92:root 1.75:.25:76:root 2:1:88:fifth 3:.5:84:octave 3.5:.5:82:to",
        3: "0:1.5:92:root 1.5:.75:84:fifth 2.5:.5:82:to",
        2: "0:1.5:92:root 1.5:.5:80:to",
    },
    "laid": {
        4: "0:1.75:92:root 1.75:.5:74:octave 2.5:1:84:root 3.75:.25:76:to",
        3: "0:1.75:92:root 1.75:1:80:fifth",
        2: "0:1.25:92:root 1.75:.25:74:octave",
    },
    "anchored": {4: "0:2.5:92:root 2.75:1:80:root", 3: "0:2.5:92:root", 2: "0:1.75:92:root"},
}
ROLLING_BASSES = {
    "held": {},
    "rocked": {
        4: "0:1.667:92:root 1.667:.333:76:root 2:1:86:fifth 3:.667:84:root 3.667:.333:80:to",
        2: "0:1.667:92:root 1.667:.333:78:to",
    },
}
Hand = tuple[dict[int, str], ...]  # patterns for simple meters, and for compound ones


@dataclass(frozen=True)
class Stroke:
    """One attack of a pattern before timing deviations: start and end in beats, and velocity.

    `degree` is that of a bass note; the keys ignore it.
    """

    start: float
    end: float
    velocity: float
    degree: str
    meter: Meter


@dataclass
class Take:
    """One rendition of a chart: style, register, patterns, and random generator."""

    chart: Chart
    style: str
    register: int
    hand: Hand
    bass: Hand
    rng: random.Random
    on_grid: bool = False
    symbols: list[ChordSymbol] = field(default_factory=list)

    @property
    def song(self) -> Song:
        """The Song of the chart."""
        return self.chart.song

    def placed(self, beat: float, meter: Meter, share: float = 1.0) -> float:
        """Return the onset of a note written on a beat: swung, behind the beat, and random."""
        if self.on_grid:
            return beat
        late_ms = self.chart.behind_ms * share + self.rng.gauss(0, UNEVEN_MS)
        late = late_ms / 60_000 * self.song.tempo_map().bpm_at(beat)
        return max(0.0, self.swung(beat, meter) + late)

    def swung(self, beat: float, meter: Meter) -> float:
        """Delay the second of two sixteenths; compound meters are not swung."""
        sixteenth = beat * SIXTEENTHS
        is_second = abs(sixteenth - round(sixteenth)) < 1e-6 and round(sixteenth) % 2 == 1
        if self.on_grid or pulse_beats(meter) != 1 or not is_second:
            return beat
        return beat + (self.chart.swing - STRAIGHT) / 100 * 2 / SIXTEENTHS

    def span(self, stroke: Stroke, share: float = 1.0) -> tuple[float, float]:
        """Return start and length in beats; notes end shortly before an adjacent next one."""
        start, meter = self.placed(stroke.start, stroke.meter, share), stroke.meter
        return start, self.swung(stroke.end, meter) - self.swung(stroke.start, meter) - RELEASE

    def velocity(self, written: float) -> int:
        """Return a velocity with random variation."""
        uneven = 0.0 if self.on_grid else self.rng.gauss(0, UNEVEN_VELOCITY)
        return min(max(round(written + uneven), LOUDNESS[0]), LOUDNESS[1])


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the MIDI files")
    parser.add_argument("--charts", type=Path, default=CHARTS, help="file of chord charts")
    parser.add_argument("--takes", type=int, default=3, help="takes of each chart")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument(
        "--grid", action="store_true", help="notes exactly on the grid, with the written velocities"
    )
    parser.add_argument("--keys-only", action="store_true", help="no bass")
    options = parser.parse_args()
    charts = parse_charts(options.charts.read_text(encoding="utf-8"), str(options.charts))
    options.out.mkdir(parents=True, exist_ok=True)
    for index, chart in enumerate(charts):
        for number in range(options.takes):
            take = take_of(chart, index + number, f"{options.seed}/{number}", options.grid)
            song = played(take, with_bass=not options.keys_only)
            save_song(song, options.out / f"{chart.id}_{number + 1}_{take.style}.mid")
    print(f"{len(charts) * options.takes} files in {options.out}", file=sys.stderr)


def take_of(chart: Chart, number: int, seed: str, on_grid: bool) -> Take:
    """Draw a take by the seed; the styles alternate by number."""
    style = STYLES_PLAYED[number % len(STYLES_PLAYED)]
    rng = random.Random(f"{chart.id}/{style}/{seed}")
    hand = tuple(rng.choice(list(table.values())) for table in (HANDS, ROLLING_HANDS))
    bass = tuple(rng.choice(list(table.values())) for table in (BASSES, ROLLING_BASSES))
    register = rng.choice(REGISTERS)
    symbols = [parse_chord(chord.symbol) for chord in chart.song.chords]
    return Take(chart, style, register, hand, bass, rng, on_grid, symbols)


def played(take: Take, with_bass: bool = True) -> Song:
    """Return the Song of the chart with tracks for keys and bass."""
    keys = [tonality_at(take.song, chord.start_beats) for chord in take.song.chords]
    style = STYLES[take.style]
    voicings = voice(
        take.symbols,
        take.style,
        style.low + take.register,
        style.high + take.register,
        keys=keys,
    )
    pitches = [voicing.pitches for voicing in voicings]
    tracks = [
        Track("Keys", "keys", ELECTRIC_PIANO, notes=trimmed(keys_notes(take, pitches))),
        Track("Bass", "bass", FINGERED_BASS, notes=trimmed(bass_notes(take), one_at_a_time=True)),
    ]
    return msgspec.structs.replace(take.song, tracks=tracks if with_bass else tracks[:1])


def strokes(take: Take, index: int, hand: Hand) -> Iterator[Stroke]:
    """Yield the strokes of a chord, split into the longest durations that have a pattern.

    A duration without a pattern, and the last chord, is one held stroke.
    """
    chord = take.song.chords[index]
    meter = meter_at(take.song, chord.start_beats)
    unit = pulse_beats(meter)
    patterns = hand[unit != 1]
    at, left = chord.start_beats, chord.duration_beats / unit
    while left > 0:
        known = [count for count in patterns if count <= left and index < len(take.symbols) - 1]
        piece = max(known, default=left)
        for word in patterns[int(piece)].split() if known else [f"0:{piece}:{HELD_VELOCITY}"]:
            beat, length, loudness, *degree = word.split(":")
            start, end = at + float(beat) * unit, at + (float(beat) + float(length)) * unit
            yield Stroke(start, end, float(loudness), "".join(degree) or "root", meter)
        at, left = at + piece * unit, left - piece


def meter_at(song: Song, beat: float) -> Meter:
    """Return the meter in force; 4/4 where none is written."""
    return next((meter for meter in reversed(song.meters) if meter.beat <= beat), COMMON_TIME)


def tonality_at(song: Song, beat: float) -> Tonality | None:
    """Return the key in force; None where none is written."""
    key = next((key for key in reversed(song.keys) if key.beat <= beat), None)
    return tonality_of(key) if key else None


def keys_notes(take: Take, pitches: Sequence[Sequence[int]]) -> Iterator[Note]:
    """Yield the notes of the keys; those of a chord start together, and the top one is loudest."""
    for index, chord in enumerate(pitches):
        for stroke in strokes(take, index, take.hand):
            start, length = take.span(stroke)
            for place, pitch in enumerate(chord):
                accent = TOP_ACCENT * place / max(1, len(chord) - 1)
                yield Note(start, length, pitch, take.velocity(stroke.velocity + accent))


def bass_notes(take: Take) -> Iterator[Note]:
    """Yield the notes of the bass."""
    line = bass_line(take.symbols)
    for index, (low, symbol) in enumerate(zip(line, take.symbols, strict=True)):
        following = line[index + 1] if index + 1 < len(line) else None
        for stroke in strokes(take, index, take.bass):
            if low is not None:
                start, length = take.span(stroke, BASS_BEHIND)
                pitch = bass_pitch(stroke.degree, low, symbol, following, take.rng)
                yield Note(start, length, pitch, take.velocity(stroke.velocity))


def bass_line(symbols: Sequence[ChordSymbol]) -> list[int | None]:
    """Return a bass pitch for each chord, nearest to the previous one; None for silence."""
    line, last = list[int | None](), (LOWEST_BASS + HIGHEST_BASS) // 2
    for symbol in symbols:
        pc = symbol.bass_pc
        places = [p for p in range(LOWEST_BASS, HIGHEST_BASS + 1) if p % 12 == pc]
        nearest = min(places, key=lambda pitch: abs(pitch - last), default=None)
        line.append(nearest)
        last = last if nearest is None else nearest
    return line


def bass_pitch(
    degree: str, low: int, symbol: ChordSymbol, following: int | None, rng: random.Random
) -> int:
    """Return the bass pitch of a degree; over slash chords only the bass note or its octave."""
    if degree == "octave":
        return low + 12
    if degree == "to" and following is not None and following != low:
        return following + rng.choice((-1, 1))
    fifth = next((each.semitones for each in symbol.intervals if each.number == 5), None)
    if degree == "fifth" and fifth is not None and symbol.bass is None:
        return low + fifth if low + fifth <= HIGHEST_BASS else low + fifth - 12
    return low


def trimmed(notes: Iterable[Note], one_at_a_time: bool = False) -> list[Note]:
    """Sort notes, and end each before the next one of the same pitch, or any next one."""
    ordered = sorted(notes, key=lambda note: (note.start_beats, note.pitch))
    nexts: dict[int, float] = {}
    shortened = list[Note]()
    for note in reversed(ordered):
        voice_of = 0 if one_at_a_time else note.pitch
        room = nexts.get(voice_of, float("inf")) - note.start_beats
        nexts[voice_of] = note.start_beats
        shortened.append(
            msgspec.structs.replace(note, duration_beats=min(note.duration_beats, room))
        )
    return shortened[::-1]


if __name__ == "__main__":
    main()
