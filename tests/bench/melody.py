"""Melodies that are made over held-out chords, beside the real ones that were written over them.

The progressions are the first 32 bars, from the melody's first, of songs on the test side of the
split with seed 0. Melodies are made over eight bars more, where the song has them, and cut as the
real ones are: those break off, too, and do not come to an end. Over the chords stand: what the net
makes; the real melody; its bars shuffled, apart from those of the chords; tones of the chords drawn
in the real melody's rhythm and range; and what the n-gram that learns from the song makes, drawn by
the same engine. SSMD is the distance of each to melodies of training songs, cut in the same way;
that of the real ones is their sampling error. Copied is the longest run of intervals and advances
that a melody has in common with any song of the training side; score is how typical a melody is
(tools/melody/realism.py), without the net's word.

    OMP_NUM_THREADS=1 python tests/bench/melody.py [--cache MELODIES.npz] [--songs 100] [--net PATH]
                              [--temperature T] [--top-p P] [--rank N] [--form F]
                              [--side test] [--no-ngram] [--no-start]
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from melody_cost import COLD_BARS, LONG, SHORT, Maker, cost
from melody_models import COLLECTIONS, DATA, read
from melody_sides import (
    NgramModel,
    chord_tones,
    excerpt,
    longest_shared,
    moves_of,
    moves_of_arrays,
    without_melody,
)

from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.datasets.readers import find_sources
from muse.tools.evaluation.symbolic.figures import (
    SSMD_NAME,
    Values,
    figures_of,
    measure,
    summarize,
)
from muse.tools.evaluation.symbolic.passage import Passage, passage_of, shuffle_bars
from muse.tools.evaluation.symbolic.structure import bar_similarities, ssmd
from muse.tools.melody.generate_songs import generate_melodies
from muse.tools.melody.model import MelodyModel
from muse.tools.melody.net_model import load_melody_reader
from muse.tools.melody.ngram_model import adaptive_ngram
from muse.tools.melody.realism import passage_score
from muse.tools.melody.repetition import AUTO
from muse.tools.melody.request import MelodyRequest
from muse.tools.song.document import Chord, Song

NET = "melody-xl"
SPLIT = 0  # seed
BARS, FEWEST_BARS = 32, 16
MORE_BARS = 8  # that melodies are made over, for them not to end where they are cut
REFERENCE_SONGS = 300
LONGEST_RUN = 11  # notes of one pitch
STRONG_TOLERANCE = 0.05  # share of notes
COLD_LIMIT = 4.0  # seconds
MOST_GROWTH = 1.25  # of memory, when there are ten times as many bars
FIGURES = figures_of("melody")
SUMMED = ("copied", "score")  # measured here
WITHIN_SD = ("groove_similarity", "h1", "h4")


@dataclass(frozen=True)
class Side:
    """Melodies over the progressions, one for each, and what is measured of their first BARS."""

    songs: list[Song]
    passages: list[Passage]
    values: list[Values]


def side_of(songs: list[Song], passages: list[Passage] | None = None) -> Side:
    """Measure songs; of bars that were shuffled there are passages only."""
    found = passages or [passage_of(song, "lead", BARS) for song in songs]
    rows = [measure(each, FIGURES) | {"score": passage_score(each)} for each in found]
    return Side(songs, found, rows)


def excerpts(data: Path, songs: Sequence[MelodySong]) -> Iterator[tuple[str, Song]]:
    """The first bars of songs, BARS and MORE_BARS, with their ids; those with few are left out."""
    ids = {song.id for song in songs}
    starts = {str(parent) for name in ids for parent in (Path(name), Path(name).parent)}
    for source in (found for name in COLLECTIONS for found in find_sources(data / name)):
        if source.id in starts:
            for name, song in source.read():
                own = excerpt(song, BARS + MORE_BARS) if name in ids else Song()
                if own.tracks and passage_of(own, "lead").bars >= FEWEST_BARS:
                    yield name, own


def some(
    data: Path, songs: Sequence[MelodySong], count: int, rng: np.random.Generator
) -> list[Song]:
    """So many excerpts at the most, drawn."""
    found = [song for _, song in sorted(excerpts(data, songs), key=lambda pair: pair[0])]
    order = rng.permutation(len(found))[:count]
    return [found[place] for place in order]


def make(songs: Sequence[Song], maker: Maker, name: str) -> tuple[list[Song], float]:
    """Melodies over the songs' chords, and seconds of one in the mean."""
    begin = time.perf_counter()
    made = []
    for number, song in enumerate(songs):
        made.append(maker(without_melody(song), number))
        if sys.stderr.isatty():
            print(f"\r{name}: {number + 1} of {len(songs)}", end="", file=sys.stderr)
    return made, (time.perf_counter() - begin) / len(songs)


def engine(model: MelodyModel, options: argparse.Namespace) -> Maker:
    """What `muse melody` does."""
    asked = {"temperature": options.temperature, "top_p": options.top_p}
    given = {name: value for name, value in asked.items() if value is not None}
    sampling = replace(MelodyRequest().sampling, **given)
    request = MelodyRequest(sampling=sampling, rank=options.rank, form=options.form)

    def made(song: Song, number: int) -> Song:
        return next(generate_melodies(song, request, model, options.seed + number)).song

    return made


def columns(sides: dict[str, Side], reference: Sequence[Passage]) -> dict[str, Any]:
    """Every figure of every side; SSMD is to the reference."""
    names = [figure.name for figure in FIGURES] + list(SUMMED)
    similar = [bar_similarities(each) for each in reference]
    table: dict[str, Any] = {}
    for name in names:
        found = {
            side: summarize(own.values, name)
            for side, own in sides.items()
            if name in own.values[0]
        }
        table[name] = {side: None if row is None else asdict(row) for side, row in found.items()}
    for side, row in table["copied"].items():
        row["longest"] = max(values["copied"] or 0 for values in sides[side].values)
    table[SSMD_NAME] = {
        side: {"mean": ssmd([bar_similarities(p) for p in own.passages], similar)}
        for side, own in sides.items()
    }
    return table


def add_copied(sides: dict[str, Side], train: Sequence[MelodySong]) -> None:
    """Measure how much each melody has in common with training songs, where there are notes."""
    known = [moves_of_arrays(song) for song in train]
    for side in sides.values():
        if side.songs:
            runs = longest_shared([moves_of(song, BARS) for song in side.songs], known)
            for row, run in zip(side.values, runs, strict=True):
                row["copied"] = float(run)


def changed(given: Sequence[Song], made: Sequence[Song]) -> int:
    """How many songs have other chords than were given."""
    return sum(not is_given(*pair) for pair in zip(given, made, strict=True))


def is_given(song: Song, made: Song) -> bool:
    """Whether the chords are those that were given."""
    pairs = zip(song.chords, made.chords, strict=False)
    return len(song.chords) == len(made.chords) and all(same_chord(*pair) for pair in pairs)


def same_chord(first: Chord, second: Chord) -> bool:
    """Whether place, length and symbol are the same."""
    names = ("start_beats", "duration_beats", "symbol")
    return all(getattr(first, name) == getattr(second, name) for name in names)


def bars_held(table: dict[str, Any], made: Side) -> dict[str, Any]:
    """What is asked of the net's melodies: each figure, its limit, and whether it holds."""
    real = {name: row["real"] for name, row in table.items()}
    own = {name: row["made"] for name, row in table.items()}
    held: dict[str, Any] = {}

    limits = {"in_chord_strong": STRONG_TOLERANCE} | {n: real[n]["sd"] for n in WITHIN_SD}
    for name, limit in limits.items():
        held[f"{name}, apart from real"] = held_to(
            abs(own[name]["mean"] - real[name]["mean"]), limit
        )
    half = table[SSMD_NAME]["shuffled"]["mean"] / 2
    held["ssmd, to half of shuffled"] = held_to(own[SSMD_NAME]["mean"], half)
    empty = sum(not passage.notes for passage in made.passages)
    held["empty melodies"] = held_to(empty, 0)
    run = max(row["same_pitch"] or 0 for row in made.values)
    held["longest run of one pitch"] = held_to(run, LONGEST_RUN)
    return held


def held_to(value: float, limit: float) -> dict[str, Any]:
    """A figure, its limit, and whether it is within it."""
    return {"value": value, "limit": limit, "held": bool(value <= limit)}


def cost_held(spent: dict[str, float]) -> dict[str, Any]:
    """What is asked of time and memory, as `bars_held` tells it."""
    growth = spent[f"rss_mb_{LONG}_bars"] / spent[f"rss_mb_{SHORT}_bars"]
    return {
        f"{COLD_BARS} bars from a cold start, s": held_to(spent["cold_median_s"], COLD_LIMIT),
        f"memory of {LONG} bars to that of {SHORT}": held_to(growth, MOST_GROWTH),
    }


def show(report: dict[str, Any]) -> None:
    """The figures for people."""
    names = list(report["figures"][SSMD_NAME])
    print(f"{report['songs']} songs" + "".join(f"{name:>18}" for name in names), file=sys.stderr)
    for figure, row in report["figures"].items():
        cells = "".join(f"{cell(row.get(name)):>18}" for name in names)
        print(f"{figure:20}{cells}", file=sys.stderr)
    for name, row in report["bars"].items():
        verdict = "held" if row["held"] else "MISSED"
        print(f"{name:34}{row['value']:8.3f} of {row['limit']:.3f}  {verdict}", file=sys.stderr)
    for name, value in (report["seconds_each"] | report.get("cost", {})).items():
        print(f"{name:34}{value:8.3f}", file=sys.stderr)


def cell(row: dict[str, Any] | None) -> str:
    """Mean and deviation."""
    if row is None or row["mean"] is None:
        return "-"
    if "longest" in row:
        return f"{row['mean']:.2f}, most {row['longest']:.0f}"
    return f"{row['mean']:.3f}" + (f" ({row['sd']:.3f})" if row.get("sd") else "")


def options_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, help="where the songs as arrays are kept (.npz)")
    parser.add_argument("--songs", type=int, default=100)
    parser.add_argument("--net", help="weights by name or path; those that ship by default")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-p", type=float)
    parser.add_argument("--rank", type=int, default=1)
    parser.add_argument("--form", default=AUTO)
    parser.add_argument("--seed", type=int, default=0, help="of the first melody")
    parser.add_argument("--side", choices=("validation", "test"), default="test")
    parser.add_argument("--no-ngram", action="store_true")
    parser.add_argument("--no-start", action="store_true", help="leave time and memory out")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = options_of()
    data = read(options.data, options.cache)
    sides = data.sides(SPLIT)
    rng = np.random.default_rng(SPLIT)
    real = some(options.data, sides[options.side], options.songs, rng)
    reference = some(options.data, sides["train"], REFERENCE_SONGS, rng)
    maker = engine(load_melody_reader(options.net or NET), options)
    seconds = {}
    made, seconds["made"] = make(real, maker, "made")
    found = {"made": side_of(made), "real": side_of(real)}
    found["shuffled"] = side_of([], [shuffle_bars(each, rng) for each in found["real"].passages])
    found["chord tones"] = side_of([chord_tones(song, rng) for song in real])
    if not options.no_ngram:
        counting = engine(NgramModel(adaptive_ngram(sides["train"])), options)
        own, seconds["ngram"] = make(real, counting, "ngram")
        found["ngram"] = side_of(own)
    add_copied(found, sides["train"])
    table = columns(found, [passage_of(song, "lead", BARS) for song in reference])
    report: dict[str, Any] = {
        "songs": len(real),
        "options": {name: str(value) for name, value in vars(options).items()},
        "figures": table,
        "bars": bars_held(table, found["made"])
        | {"songs with other chords": held_to(changed(real, made), 0)},
        "seconds_each": seconds,
    }
    if not options.no_start:
        report["cost"] = cost(plain_song(real), options.net, maker)
        report["bars"] |= cost_held(report["cost"])
    show(report)
    print(json.dumps(report, indent=2))


def plain_song(songs: Iterable[Song]) -> Song:
    """The first one in 4/4 throughout."""
    return next(s for s in songs if {(m.numerator, m.denominator) for m in s.meters} == {(4, 4)})


if __name__ == "__main__":
    main()
