"""Generation of chord progressions: speed, fulfilled requests, and copying of training songs.

Cold start is `muse chords --bars 8` as a separate process, including the start of Python. Copying
is the longest run of chords, relative to the tonic and with repeats merged, that a progression of
eight bars shares with any training song. The same is given for eight bars of held-out songs, since
real songs share runs too.

    OMP_NUM_THREADS=1 python tests/bench/chord_generation.py [--data DATA.npz] [--json FILE]

DATA.npz is written by `chord_models.py --cache`; without it, copying is not measured.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from muse.tools.chords.generate_songs import generate_songs
from muse.tools.chords.load_model import load_model
from muse.tools.chords.model import ChordModel
from muse.tools.chords.request import ChordRequest
from muse.tools.datasets.chord_data import ChordSong, load_chord_data
from muse.tools.datasets.chord_events import STYLES, transposed_ids, transposition

BARS = 8
STARTS = 7
PER_STYLE = 100  # progressions of each style
LONGEST_RUN = 24  # chords; longer runs count as this
COMMAND = [sys.executable, "-m", "muse.cli", "chords", "--bars", str(BARS), "--quiet"]
REQUESTS: tuple[dict[str, Any], ...] = (
    {"cadence": "full"},
    {"cadence": "half", "fix": "4:V7"},
    {"cadence": "plagal", "prompt": "I vi"},
    {"fix": "3:bVImaj7 8:I", "meter": "6/8"},
)

Run = tuple[int, ...]


def cold_start() -> dict[str, float]:
    """Return the seconds of the whole command, from process start to end."""
    seconds = []
    for seed in range(STARTS):
        begin = time.perf_counter()
        subprocess.run([*COMMAND, "--seed", str(seed)], check=True, capture_output=True)
        seconds.append(time.perf_counter() - begin)
    return {"median_s": statistics.median(seconds), "worst_s": max(seconds)}


def warm_times(model: ChordModel) -> dict[str, float]:
    """Return the milliseconds of a progression with the model loaded, for several requests."""
    found = []
    for style in STYLES:
        for request in REQUESTS:
            begin = time.perf_counter()
            next(generate_songs(ChordRequest(style=style, **request), model, len(found)))  # type: ignore[arg-type]
            found.append(1000 * (time.perf_counter() - begin))
    return {"median_ms": statistics.median(found), "worst_ms": max(found)}


def count_fulfilled(model: ChordModel) -> int:
    """Return the number of progressions that fulfill their request; the engine raises otherwise."""
    return sum(
        len(
            list(
                generate_songs(
                    ChordRequest(style=style, **request), model, 1, PER_STYLE // len(REQUESTS)
                )
            )
        )  # type: ignore[arg-type]
        for style in STYLES
        for request in REQUESTS
    )


def runs_of(ids: Sequence[int]) -> Iterable[Run]:
    """Yield every run of at most LONGEST_RUN chords."""
    for start in range(len(ids)):
        for end in range(start + 1, min(start + LONGEST_RUN, len(ids)) + 1):
            yield tuple(ids[start:end])


def longest_known(ids: Sequence[int], known: set[Run]) -> int:
    """Return the length of the longest run that is known."""
    return max((len(run) for run in runs_of(ids) if run in known), default=0)


def generated_ids(model: ChordModel, style: str) -> list[list[int]]:
    """Generate progressions of a style; returns chord ids relative to their tonics."""
    found = []
    for song, sampled in generate_songs(ChordRequest(bars=BARS, style=style), model, 0, PER_STYLE):
        down = transposition(-song.keys[0].tonic_pc)
        found.append([int(down[each.chord_id]) for each in sampled])
    return found


def windows(song: ChordSong) -> Iterable[list[int]]:
    """Yield the chords of every eight bars of a song."""
    ids = transposed_ids(song.chord_id, -song.context.tonic_pc)
    length = BARS * song.context.bar_beats
    bars = (song.start_beats // length).astype(int).tolist()
    for _, group in groupby(zip(bars, ids.tolist(), strict=True), key=lambda pair: pair[0]):
        yield [chord for _, chord in group]


def copying(model: ChordModel, data: Path) -> dict[str, Any]:
    """Return the median and longest shared run by style, generated and held out."""
    sides = load_chord_data(data).sides(seed=0)
    table: dict[str, Any] = {}
    for style in STYLES:
        train = [s for s in sides["train"] if s.context.style == style]
        known = {
            run
            for s in train
            for run in runs_of(transposed_ids(s.chord_id, -s.context.tonic_pc).tolist())
        }
        held_out = [w for s in sides["test"] if s.context.style == style for w in windows(s)]
        for name, group in (("generated", generated_ids(model, style)), ("held out", held_out)):
            lengths = [longest_known(ids, known) for ids in group]
            table.setdefault(style, {})[name] = {
                "median": statistics.median(lengths),
                "longest": max(lengths),
                "chords": statistics.median(map(len, group)),
            }
    return table


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help=".npz file written by chord_models.py --cache")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    model = load_model(options.model)
    result: dict[str, Any] = {
        "cold": cold_start(),
        "warm": warm_times(model),
        "fulfilled": count_fulfilled(model),
    }
    cold = result["cold"]
    print(
        f"cold start: median {cold['median_s']:.2f} s, longest {cold['worst_s']:.2f} s",
        file=sys.stderr,
    )
    warmed = result["warm"]
    print(
        f"model loaded: median {warmed['median_ms']:.0f} ms, longest {warmed['worst_ms']:.0f} ms",
        file=sys.stderr,
    )
    if options.data:
        result["copying"] = copying(model, options.data)
    for style, rows in result.get("copying", {}).items():
        for name, row in rows.items():
            figures = (
                f"longest shared run: median {row['median']:g}, maximum {row['longest']} "
                f"of {row['chords']:g} chords"
            )
            print(f"{style:10} {name:9} {figures}", file=sys.stderr)
    text = json.dumps(result, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
