"""Harmonization of held-out melodies with `muse chords --under`, compared with the written chords.

Each excerpt is the start of a melody, transposed to C major or A minor, with its key and meter
given. In chord: share of the notes over a chord, on strong beats or elsewhere, whose pitch class is
in the chord. Agreement: share of the time with a written chord in which root, or root and triad,
are the same; two people who harmonize the same melody do not agree fully either. Systems: the
written chords; `muse chords --under` at its default temperature, 1 and 0; the same without the net
(major and minor triads equally likely) and without the melody; chords detected in the melody as in
a whole song; and one tonic chord throughout. Then the time of 16 bars as a separate process.

    OMP_NUM_THREADS=1 python tests/bench/harmonize.py [--cache melodies.npz] [--songs 40]

`melodies.npz` is written by `melody_models.py --cache`. The net was not trained on these songs; the
chord finder was trained on some of them, with their accompaniment.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from melody_models import DATA, read

from muse.tools.chords.generate_songs import generate_songs
from muse.tools.chords.harmonize.melody_fit import DOWNBEAT, STRONG, metrical_class
from muse.tools.chords.load_model import load_model
from muse.tools.chords.model import ChordModel, Floats, Step
from muse.tools.chords.request import ChordRequest
from muse.tools.datasets.chord_events import (
    DURATIONS,
    VOCABULARY_SIZE,
    Context,
    Style,
    symbol_of_id,
)
from muse.tools.datasets.harmony_columns import FIRST_CHORD_ID, chord_id
from muse.tools.datasets.melody_events import STEPS
from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.files import write_bytes
from muse.tools.generation.sampling import HARMONIZING_TEMPERATURE, Sampling
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track
from muse.tools.song.meter import bar_beats
from muse.tools.song.midi import song_to_midi
from muse.tools.theory.chord_finding import find_chords
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.qualities import CODES

BARS, FEWEST_BARS = 16, 12  # largest and smallest length of an excerpt
FEWEST_NOTES = 24
STARTS = 5
TIMED_BARS = 16
GRID = 0.5  # beats between two comparisons of chords
VELOCITY = 90
STYLES: dict[str, Style] = {"pop909": "pop", "openewld": "jazz"}
TONICS = {"major": ("C", 0), "minor": ("Am", 9)}

Line = list[tuple[float, float, ChordSymbol]]  # start, end in beats


@dataclass(frozen=True)
class Excerpt:
    """The start of a song: its melody as a Song, and the written chords."""

    corpus: str
    song: Song
    written: Line
    bars: int

    @property
    def style(self) -> Style:
        """The chord model's style for the collection."""
        return STYLES[self.corpus]

    @property
    def meter(self) -> Meter:
        """The only meter of the excerpt."""
        return self.song.meters[0]

    @property
    def key(self) -> str:
        """The key as text for --key."""
        return TONICS[self.song.keys[0].mode][0]


def excerpt_of(song: MelodySong) -> Excerpt | None:
    """Return the first bars of a song, or None if too few are in one meter."""
    meter = Meter(0.0, song.context.numerator, song.context.denominator)
    length = round(bar_beats(meter) * STEPS)
    lines = song.start - song.position
    first = int(song.bar[0])
    is_even = (lines - lines[0] == (song.bar - first) * length) & (song.bar - first < BARS)
    count = int(np.argmin(is_even)) if not is_even.all() else len(song)
    bars = int(song.bar[count - 1]) - first + 1
    if bars < FEWEST_BARS or count < FEWEST_NOTES:
        return None
    origin = int(lines[0])
    rows = np.stack([song.start - origin, song.duration, song.pitch], axis=1)[:count].tolist()
    notes = [Note(at / STEPS, length / STEPS, pitch, VELOCITY) for at, length, pitch in rows]
    mode = song.context.mode
    made = Song(
        tempos=[Tempo(0.0, song.context.bpm)],
        meters=[meter],
        keys=[Key(0.0, TONICS[mode][1], mode)],
        tracks=[Track("Melody", "lead", notes=notes)],
    )
    return Excerpt(song.corpus, made, written_line(song, count, origin, length), bars)


def written_line(song: MelodySong, count: int, origin: int, bar: int) -> Line:
    """Return the chords stored with the notes: the current one, and the next for up to a bar."""
    line: Line = []
    for place in range(count):
        start = int(song.start[place]) - origin
        last = place + 1 == count
        until = start + int(song.duration[place] if last else song.advance[place])
        change = start + int(song.until[place])
        add_chord(line, start, min(until, change), int(song.chord[place]), int(song.bass[place]))
        coming, bass = int(song.coming_chord[place]), int(song.coming_bass[place])
        add_chord(line, change, min(until, change + bar), coming, bass)
    return line


def add_chord(line: Line, start: int, end: int, number: int, bass: int) -> None:
    """Append a chord from one step to another, if the id is that of a chord."""
    if end > start and number >= FIRST_CHORD_ID:
        line.append((start / STEPS, end / STEPS, symbol_of_id(number, bass)))


def line_of(chords: Sequence[Chord]) -> Line:
    """Convert the chords of a Song."""
    return [
        (c.start_beats, c.start_beats + c.duration_beats, parse_chord(c.symbol)) for c in chords
    ]


def chords_at(line: Line, beats: Floats) -> list[ChordSymbol | None]:
    """Return the chord at each beat, or None."""
    starts = np.array([start for start, _, _ in line])
    places = np.searchsorted(starts, beats + 1e-6, side="right") - 1
    return [
        line[place][2] if place >= 0 and beat < line[place][1] - 1e-6 else None
        for place, beat in zip(places.tolist(), beats.tolist(), strict=True)
    ]


def triad(symbol: ChordSymbol) -> tuple[int | None, bool, bool]:
    """Return the root, whether the third is minor, and whether the fifth is diminished."""
    tones = {interval.semitones % 12 for interval in symbol.intervals}
    return symbol.root_pc, 3 in tones and 4 not in tones, 6 in tones and 7 not in tones


def figures_of(line: Line, excerpt: Excerpt) -> dict[str, list[float]]:
    """Return values to average: in chord on strong beats and elsewhere, root, triad, changes."""
    notes = excerpt.song.tracks[0].notes
    beats = np.array([note.start_beats for note in notes])
    bar = bar_beats(excerpt.meter)
    found: dict[str, list[float]] = {"strong": [], "elsewhere": [], "root": [], "triad": []}
    for note, chord, real in zip(
        notes, chords_at(line, beats), chords_at(excerpt.written, beats), strict=True
    ):
        if chord is None or real is None or not chord.is_chord:
            continue
        is_strong = metrical_class(note.start_beats % bar, excerpt.meter) in (DOWNBEAT, STRONG)
        in_chord = note.pitch % 12 in chord.pitch_classes
        found["strong" if is_strong else "elsewhere"].append(float(in_chord))
    grid = np.arange(0.0, excerpt.bars * bar, GRID)
    for chord, real in zip(chords_at(line, grid), chords_at(excerpt.written, grid), strict=True):
        if chord is not None and real is not None:
            found["root"].append(float(chord.root_pc == real.root_pc))
            found["triad"].append(float(triad(chord) == triad(real)))
    changes = sum(a[2] != b[2] for a, b in pairwise(line))
    return {**found, "changes": [(1 + changes) / excerpt.bars]}


@dataclass(frozen=True)
class UniformTriads:
    """A chord model in which all major and minor triads are equally likely."""

    name: str = "uniform triads"
    hash: str | None = None

    def predict(self, past: Sequence[Step], context: Context) -> "UniformTriads":
        """Return the same prediction for every past."""
        return self

    @property
    def chords(self) -> Floats:
        """Equal probabilities of the triads."""
        p = np.zeros(VOCABULARY_SIZE)
        p[[chord_id(root, CODES[name]) for root in range(12) for name in ("maj", "min")]] = 1 / 24
        return p

    def durations(self, chord_id: int) -> Floats:
        """Return equal probabilities."""
        return np.full(len(DURATIONS), 1 / len(DURATIONS))

    def basses(self, chord_id: int) -> Floats:
        """Return the root with probability 1."""
        return np.eye(12)[0]


def harmonize(model: ChordModel, excerpt: Excerpt, temperature: float, seed: int) -> Line:
    """Return the chords of `muse chords --under`."""
    sampling = Sampling(temperature)
    request = ChordRequest(style=excerpt.style, under=excerpt.song, sampling=sampling)
    return line_of(next(generate_songs(request, model, seed))[0].chords)


def generate(model: ChordModel, excerpt: Excerpt, seed: int) -> Line:
    """Return the chords of `muse chords` for the same number of bars, without the melody."""
    meter = f"{excerpt.meter.numerator}/{excerpt.meter.denominator}"
    request = ChordRequest(style=excerpt.style, bars=excerpt.bars, key=excerpt.key, meter=meter)
    return line_of(next(generate_songs(request, model, seed))[0].chords)


def systems(model: ChordModel, seed: int) -> dict[str, Callable[[Excerpt], Line]]:
    """Return the compared systems, by name."""
    return {
        "written": lambda e: e.written,
        "muse chords --under": lambda e: harmonize(model, e, HARMONIZING_TEMPERATURE, seed),
        "muse, --temperature 1": lambda e: harmonize(model, e, 1.0, seed),
        "muse, --temperature 0": lambda e: harmonize(model, e, 0.0, seed),
        "melody without the net": lambda e: harmonize(UniformTriads(), e, 0.0, seed),
        "net without the melody": lambda e: generate(model, e, seed),
        "chords detected in melody": lambda e: line_of(find_chords(e.song)),
        "always the tonic": lambda e: [(0.0, e.bars * bar_beats(e.meter), parse_chord(e.key))],
    }


def measure(
    excerpts: Sequence[Excerpt], writers: dict[str, Callable[[Excerpt], Line]]
) -> dict[str, dict[str, float]]:
    """Return the mean of each figure over excerpts, by system."""
    table: dict[str, dict[str, float]] = {}
    for name, write in writers.items():
        rows = [figures_of(write(excerpt), excerpt) for excerpt in excerpts]
        table[name] = {
            figure: round(statistics.mean([statistics.mean(r[figure]) for r in known]), 4)
            for figure in rows[0]
            if (known := [row for row in rows if row[figure]])
        }
    return table


def cold_start(excerpt: Excerpt) -> dict[str, float]:
    """Return the seconds of the command for TIMED_BARS, from process start to end."""
    limit = TIMED_BARS * bar_beats(excerpt.meter)
    song = excerpt.song
    notes = [note for note in song.tracks[0].notes if note.start_beats < limit]
    cut = Song(meters=song.meters, keys=song.keys, tracks=[Track("Melody", "lead", notes=notes)])
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "melody.mid"
        write_bytes(path, song_to_midi(cut))
        command = [sys.executable, "-m", "muse.cli", "chords", "--under", str(path), "--quiet"]
        for seed in range(STARTS):
            begin = time.perf_counter()
            subprocess.run([*command, "--seed", str(seed)], check=True, capture_output=True)
            seconds.append(time.perf_counter() - begin)
    return {"median_s": statistics.median(seconds), "worst_s": max(seconds)}


def choose_excerpts(path: Path | None, side: str, count: int) -> list[Excerpt]:
    """Return excerpts of one side of the split, half of them from each collection."""
    songs_of_side = read(DATA, path).sides(0)[side]  # type: ignore[index]
    found = [e for e in map(excerpt_of, songs_of_side) if e is not None]
    groups = [[e for e in found if e.corpus == corpus] for corpus in STYLES]
    groups = [group[:: max(len(group) * 2 // count, 1)][: count // 2] for group in groups]
    return [excerpt for group in groups for excerpt in group]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--cache", type=Path, help=".npz file to read the songs from, or to write them to"
    )
    parser.add_argument("--side", default="test", choices=["test", "validation"])
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    excerpts = choose_excerpts(options.cache, options.side, options.songs)
    writers = systems(load_model(options.model), options.seed)
    result: dict[str, Any] = {"cold": cold_start(excerpts[0])}
    for corpus in STYLES:
        own = [excerpt for excerpt in excerpts if excerpt.corpus == corpus]
        result[corpus] = {"songs": len(own), "figures": measure(own, writers)}
        print(f"{corpus}, {len(own)} excerpts", file=sys.stderr)
        for name, row in result[corpus]["figures"].items():
            cells = "  ".join(f"{figure} {value:.3f}" for figure, value in row.items())
            print(f"  {name:27} {cells}", file=sys.stderr)
    cold = result["cold"]
    print(
        f"16 bars, cold start: median {cold['median_s']:.2f} s, longest {cold['worst_s']:.2f} s",
        file=sys.stderr,
    )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
