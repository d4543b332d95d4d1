"""Progressions that are made: how fast, whether all that is asked holds, and how much is copied.

Cold start is `muse chords --bars 8` as a process of its own, with Python's start. Copying is the
longest run of chords, relative to the tonic and with repeats merged, that a progression of eight
bars shares with any training song; beside it stands the same for eight bars from songs that were
held out, since real songs share runs, too.

    OMP_NUM_THREADS=1 python tests/bench/chord_generation.py [--data DATA.npz] [--json FILE]
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
MADE = 100  # progressions of each style
LONGEST_RUN = 24  # chords; longer ones count as this
COMMAND = [sys.executable, "-m", "muse.cli", "chords", "--bars", str(BARS), "--quiet"]
ASKED = (
    {"cadence": "full"},
    {"cadence": "half", "fix": "4:V7"},
    {"cadence": "plagal", "prompt": "I vi"},
    {"fix": "3:bVImaj7 8:I", "meter": "6/8"},
)

Run = tuple[int, ...]


def cold_start() -> dict[str, float]:
    """Seconds of the whole command, from process start to end."""
    seconds = []
    for seed in range(STARTS):
        begin = time.perf_counter()
        subprocess.run([*COMMAND, "--seed", str(seed)], check=True, capture_output=True)
        seconds.append(time.perf_counter() - begin)
    return {"median_s": statistics.median(seconds), "worst_s": max(seconds)}


def warm(model: ChordModel) -> dict[str, float]:
    """Milliseconds of a progression once the model is loaded, as asked in several ways."""
    found = []
    for style in STYLES:
        for asked in ASKED:
            begin = time.perf_counter()
            next(generate_songs(ChordRequest(style=style, **asked), model, len(found)))  # type: ignore[arg-type]
            found.append(1000 * (time.perf_counter() - begin))
    return {"median_ms": statistics.median(found), "worst_ms": max(found)}


def kept(model: ChordModel) -> int:
    """How many progressions were made as asked; the engine raises where one is not."""
    return sum(
        len(list(generate_songs(ChordRequest(style=style, **asked), model, 1, MADE // len(ASKED))))  # type: ignore[arg-type]
        for style in STYLES
        for asked in ASKED
    )


def runs_of(ids: Sequence[int]) -> Iterable[Run]:
    """Every run of chords up to the longest."""
    for start in range(len(ids)):
        for end in range(start + 1, min(start + LONGEST_RUN, len(ids)) + 1):
            yield tuple(ids[start:end])


def longest_known(ids: Sequence[int], known: set[Run]) -> int:
    """Length of the longest run that is known."""
    return max((len(run) for run in runs_of(ids) if run in known), default=0)


def made_ids(model: ChordModel, style: str) -> list[list[int]]:
    """Progressions of a style, relative to their tonics."""
    found = []
    for song, drawn in generate_songs(ChordRequest(bars=BARS, style=style), model, 0, MADE):
        down = transposition(-song.keys[0].tonic_pc)
        found.append([int(down[each.chord_id]) for each in drawn])
    return found


def windows(song: ChordSong) -> Iterable[list[int]]:
    """Every eight bars of a song."""
    ids = transposed_ids(song.chord_id, -song.context.tonic_pc)
    length = BARS * song.context.bar_beats
    bars = (song.start_beats // length).astype(int).tolist()
    for _, group in groupby(zip(bars, ids.tolist(), strict=True), key=lambda pair: pair[0]):
        yield [chord for _, chord in group]


def copying(model: ChordModel, data: Path) -> dict[str, Any]:
    """Median and longest shared run by style: made, and held out."""
    sides = load_chord_data(data).sides(seed=0)
    table: dict[str, Any] = {}
    for style in STYLES:
        train = [s for s in sides["train"] if s.context.style == style]
        known = {
            run
            for s in train
            for run in runs_of(transposed_ids(s.chord_id, -s.context.tonic_pc).tolist())
        }
        held = [w for s in sides["test"] if s.context.style == style for w in windows(s)]
        for name, group in (("made", made_ids(model, style)), ("held out", held)):
            lengths = [longest_known(ids, known) for ids in group]
            table.setdefault(style, {})[name] = {
                "median": statistics.median(lengths),
                "longest": max(lengths),
                "chords": statistics.median(map(len, group)),
            }
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="what chord_models.py --cache wrote")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    model = load_model(options.model)
    result: dict[str, Any] = {"cold": cold_start(), "warm": warm(model), "kept": kept(model)}
    cold = result["cold"]
    print(f"cold {cold['median_s']:.2f} s, worst {cold['worst_s']:.2f} s", file=sys.stderr)
    warmed = result["warm"]
    print(f"then {warmed['median_ms']:.0f} ms, worst {warmed['worst_ms']:.0f} ms", file=sys.stderr)
    if options.data:
        result["copying"] = copying(model, options.data)
    for style, rows in result.get("copying", {}).items():
        for name, row in rows.items():
            figures = f"median {row['median']:g}, longest {row['longest']} of {row['chords']:g}"
            print(f"{style:10} {name:9} {figures}", file=sys.stderr)
    text = json.dumps(result, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
