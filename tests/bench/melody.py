"""Melodies generated over held-out chords, compared with the real melodies of these songs.

The progressions are the first 32 bars, from the melody's first, of songs on the test side of the
split with seed 0. Melodies are generated over eight more bars, if the song has them, and cut, so
that like the real ones they do not end at bar 32. Compared are:

    made         melodies of the net
    real         the real melodies
    shuffled     their bars shuffled, without the chords
    chord tones  random chord tones in the real melody's rhythm and range
    ngram        melodies of the adaptive n-gram, sampled by the same engine

SSMD is the distance to melodies of training songs, cut to the same length; that of the real ones is
their sampling error. "copied" is the longest run of intervals and advances that a melody shares
with any training song; "score" is the realism score of tools/melody/realism.py, without the net's
likelihood. Limits that the net's melodies have to stay within are checked and printed.

    OMP_NUM_THREADS=1 python tests/bench/melody.py [--cache MELODIES.npz] [--songs 100] [--net PATH]
                              [--temperature T] [--top-p P] [--rank N] [--form F]
                              [--side test] [--no-ngram] [--no-start]

Data: pop909 and openewld; MELODIES.npz is written by `melody_models.py --cache`.
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
from melody_cost import COLD_BARS, LONG, SHORT, Generate, cost
from melody_models import COLLECTIONS, DATA, read
from melody_references import (
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
from muse.tools.melody.net_model import load_melody_model
from muse.tools.melody.ngram_model import adaptive_ngram
from muse.tools.melody.realism import passage_score
from muse.tools.melody.repetition import AUTO
from muse.tools.melody.request import MelodyRequest
from muse.tools.song.document import Chord, Song

NET = "melody-xl"
SPLIT = 0  # seed
BARS, FEWEST_BARS = 32, 16
MORE_BARS = 8  # generated and cut off, so that melodies do not end at the cut
REFERENCE_SONGS = 300
LONGEST_RUN = 11  # successive notes of one pitch
STRONG_TOLERANCE = 0.05  # share of notes
COLD_LIMIT = 4.0  # seconds
MOST_GROWTH = 1.25  # factor of memory for ten times as many bars
FIGURES = figures_of("melody")
OWN_FIGURES = ("copied", "score")  # measured in this file
WITHIN_DEVIATION = ("groove_similarity", "h1", "h4")


@dataclass(frozen=True)
class Melodies:
    """One kind of melodies, one for each progression, and the figures of their first BARS."""

    songs: list[Song]
    passages: list[Passage]
    values: list[Values]


def measure_melodies(songs: list[Song], passages: list[Passage] | None = None) -> Melodies:
    """Measure songs, or passages if there are no songs, as for shuffled bars."""
    found = passages or [passage_of(song, "lead", BARS) for song in songs]
    rows = [measure(each, FIGURES) | {"score": passage_score(each)} for each in found]
    return Melodies(songs, found, rows)


def excerpts(data: Path, songs: Sequence[MelodySong]) -> Iterator[tuple[str, Song]]:
    """Yield ids and the first BARS + MORE_BARS of songs that have FEWEST_BARS or more."""
    ids = {song.id for song in songs}
    starts = {str(parent) for name in ids for parent in (Path(name), Path(name).parent)}
    for source in (found for name in COLLECTIONS for found in find_sources(data / name)):
        if source.id in starts:
            for name, song in source.read():
                own = excerpt(song, BARS + MORE_BARS) if name in ids else Song()
                if own.tracks and passage_of(own, "lead").bars >= FEWEST_BARS:
                    yield name, own


def sample_excerpts(
    data: Path, songs: Sequence[MelodySong], count: int, rng: np.random.Generator
) -> list[Song]:
    """Return at most `count` random excerpts."""
    found = [song for _, song in sorted(excerpts(data, songs), key=lambda pair: pair[0])]
    order = rng.permutation(len(found))[:count]
    return [found[place] for place in order]


def generate_all(songs: Sequence[Song], generate: Generate, name: str) -> tuple[list[Song], float]:
    """Generate melodies over the songs' chords; returns them and the mean seconds of one."""
    begin = time.perf_counter()
    made = []
    for number, song in enumerate(songs):
        made.append(generate(without_melody(song), number))
        if sys.stderr.isatty():
            print(f"\r{name}: {number + 1} of {len(songs)}", end="", file=sys.stderr)
    return made, (time.perf_counter() - begin) / len(songs)


def engine(model: MelodyModel, options: argparse.Namespace) -> Generate:
    """Return a function that generates a melody as `muse melody` does."""
    chosen = {"temperature": options.temperature, "top_p": options.top_p}
    given = {name: value for name, value in chosen.items() if value is not None}
    sampling = replace(MelodyRequest().sampling, **given)
    request = MelodyRequest(sampling=sampling, rank=options.rank, form=options.form)

    def generate(song: Song, number: int) -> Song:
        return next(generate_melodies(song, request, model, options.seed + number)).song

    return generate


def figure_table(kinds: dict[str, Melodies], reference: Sequence[Passage]) -> dict[str, Any]:
    """Return every figure of every kind of melodies; SSMD is the distance to the reference."""
    names = [figure.name for figure in FIGURES] + list(OWN_FIGURES)
    similar = [bar_similarities(each) for each in reference]
    table: dict[str, Any] = {}
    for name in names:
        found = {
            kind: summarize(own.values, name)
            for kind, own in kinds.items()
            if name in own.values[0]
        }
        table[name] = {kind: None if row is None else asdict(row) for kind, row in found.items()}
    for kind, row in table["copied"].items():
        row["longest"] = max(values["copied"] or 0 for values in kinds[kind].values)
    table[SSMD_NAME] = {
        kind: {"mean": ssmd([bar_similarities(p) for p in own.passages], similar)}
        for kind, own in kinds.items()
    }
    return table


def add_copied(kinds: dict[str, Melodies], train: Sequence[MelodySong]) -> None:
    """Add the longest run that each melody shares with a training song; not for passages."""
    known = [moves_of_arrays(song) for song in train]
    for melodies in kinds.values():
        if melodies.songs:
            runs = longest_shared([moves_of(song, BARS) for song in melodies.songs], known)
            for row, run in zip(melodies.values, runs, strict=True):
                row["copied"] = float(run)


def count_changed(given: Sequence[Song], made: Sequence[Song]) -> int:
    """Return the number of songs whose chords differ from the given ones."""
    return sum(not has_given_chords(*pair) for pair in zip(given, made, strict=True))


def has_given_chords(song: Song, made: Song) -> bool:
    """Return whether the chords are the given ones."""
    pairs = zip(song.chords, made.chords, strict=False)
    return len(song.chords) == len(made.chords) and all(same_chord(*pair) for pair in pairs)


def same_chord(first: Chord, second: Chord) -> bool:
    """Return whether onset, duration and symbol are the same."""
    names = ("start_beats", "duration_beats", "symbol")
    return all(getattr(first, name) == getattr(second, name) for name in names)


def check_figures(table: dict[str, Any], made: Melodies) -> dict[str, Any]:
    """Return the limits of the net's melodies: each figure, its limit, and whether it is met."""
    real = {name: row["real"] for name, row in table.items()}
    own = {name: row["made"] for name, row in table.items()}
    checks: dict[str, Any] = {}

    limits = {"in_chord_strong": STRONG_TOLERANCE} | {n: real[n]["sd"] for n in WITHIN_DEVIATION}
    for name, limit in limits.items():
        checks[f"{name}, difference from real"] = within(
            abs(own[name]["mean"] - real[name]["mean"]), limit
        )
    half = table[SSMD_NAME]["shuffled"]["mean"] / 2
    checks["ssmd, half of shuffled"] = within(own[SSMD_NAME]["mean"], half)
    empty = sum(not passage.notes for passage in made.passages)
    checks["empty melodies"] = within(empty, 0)
    run = max(row["same_pitch"] or 0 for row in made.values)
    checks["longest run of one pitch"] = within(run, LONGEST_RUN)
    return checks


def within(value: float, limit: float) -> dict[str, Any]:
    """Return a figure, its limit, and whether it is met."""
    return {"value": value, "limit": limit, "met": bool(value <= limit)}


def check_cost(spent: dict[str, float]) -> dict[str, Any]:
    """Return the limits of time and memory, in the form of `check_figures`."""
    growth = spent[f"rss_mb_{LONG}_bars"] / spent[f"rss_mb_{SHORT}_bars"]
    return {
        f"{COLD_BARS} bars, cold start, s": within(spent["cold_median_s"], COLD_LIMIT),
        f"memory of {LONG} bars / of {SHORT}": within(growth, MOST_GROWTH),
    }


def print_report(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    names = list(report["figures"][SSMD_NAME])
    print(f"{report['songs']} songs" + "".join(f"{name:>18}" for name in names), file=sys.stderr)
    for figure, row in report["figures"].items():
        cells = "".join(f"{cell(row.get(name)):>18}" for name in names)
        print(f"{figure:20}{cells}", file=sys.stderr)
    for name, row in report["limits"].items():
        verdict = "met" if row["met"] else "NOT MET"
        print(
            f"{name:34}{row['value']:8.3f} (limit {row['limit']:.3f})  {verdict}", file=sys.stderr
        )
    seconds = {f"{name}, s a melody": s for name, s in report["seconds_each"].items()}
    for name, value in (seconds | report.get("cost", {})).items():
        print(f"{name:34}{value:8.3f}", file=sys.stderr)


def cell(row: dict[str, Any] | None) -> str:
    """Format mean and standard deviation."""
    if row is None or row["mean"] is None:
        return "-"
    if "longest" in row:
        return f"{row['mean']:.2f}, max {row['longest']:.0f}"
    return f"{row['mean']:.3f}" + (f" ({row['sd']:.3f})" if row.get("sd") else "")


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--cache", type=Path, help=".npz file to read the songs from, or to write them to"
    )
    parser.add_argument("--songs", type=int, default=100)
    parser.add_argument("--net", help="name or path of weights; default: those that ship")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-p", type=float)
    parser.add_argument("--rank", type=int, default=1)
    parser.add_argument("--form", default=AUTO)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first melody")
    parser.add_argument("--side", choices=("validation", "test"), default="test")
    parser.add_argument("--no-ngram", action="store_true")
    parser.add_argument("--no-start", action="store_true", help="do not measure time and memory")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    options = parse_options()
    data = read(options.data, options.cache)
    sides = data.sides(SPLIT)
    rng = np.random.default_rng(SPLIT)
    real = sample_excerpts(options.data, sides[options.side], options.songs, rng)
    reference = sample_excerpts(options.data, sides["train"], REFERENCE_SONGS, rng)
    generate = engine(load_melody_model(options.net or NET), options)
    seconds = {}
    made, seconds["made"] = generate_all(real, generate, "made")
    found = {"made": measure_melodies(made), "real": measure_melodies(real)}
    found["shuffled"] = measure_melodies(
        [], [shuffle_bars(each, rng) for each in found["real"].passages]
    )
    found["chord tones"] = measure_melodies([chord_tones(song, rng) for song in real])
    if not options.no_ngram:
        counting = engine(NgramModel(adaptive_ngram(sides["train"])), options)
        own, seconds["ngram"] = generate_all(real, counting, "ngram")
        found["ngram"] = measure_melodies(own)
    add_copied(found, sides["train"])
    table = figure_table(found, [passage_of(song, "lead", BARS) for song in reference])
    report: dict[str, Any] = {
        "songs": len(real),
        "options": {name: str(value) for name, value in vars(options).items()},
        "figures": table,
        "limits": check_figures(table, found["made"])
        | {"songs with other chords": within(count_changed(real, made), 0)},
        "seconds_each": seconds,
    }
    if not options.no_start:
        report["cost"] = cost(first_in_common_time(real), options.net, generate)
        report["limits"] |= check_cost(report["cost"])
    print_report(report)
    print(json.dumps(report, indent=2))


def first_in_common_time(songs: Iterable[Song]) -> Song:
    """Return the first song that is in 4/4 throughout."""
    return next(s for s in songs if {(m.numerator, m.denominator) for m in s.meters} == {(4, 4)})


if __name__ == "__main__":
    main()
