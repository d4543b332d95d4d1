"""What interval-net hears, beside arithmetic, on instruments that it never learnt from.

    OMP_NUM_THREADS=1 python tests/bench/intervals.py [--clips 750] [--bars] [--only NAME]
        [--weights PATH ...] [--cnn RUN ...] [--pyin 100] [--known FILE]

The net is given the clip and nothing else, the arithmetic of intervals_ways.py is told where the
notes are. Several --weights, of one net trained with several seeds, are heard side by side on the
same clips, and the mean and the standard deviation over them are shown; so are the runs of `muse
train intervals` that --cnn names, apart by what they learnt from, on the rows whose clips are such
as they know: sizes 1 to 12, ascending, notes of fixed length. pYIN is slow and hears the first
clips only, none where librosa is not installed. Of what the JSON of an earlier run, --known, has of
the same clips, nothing is heard again: weights can be added to it. Interrupted, what is there is
printed.

Shares are of clips whose size is heard right; "recall" is that of the worst size. "Nothing" is
clips that hold no interval: the share of which the net says so; "none" is of clips with an interval
that are taken for none. The error of calibration is of the confidence in the size. Tables go to
stderr, JSON to stdout.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from intervals_figures import Figures, Listeners, Net, figures_of, nothing, spread
from intervals_rows import SEED, Row, rows_named
from intervals_ways import WAYS, Cnn, Way, has_pyin, pyin

from muse.tools.errors import MuseError
from muse.tools.intervals.classifier import NAME, IntervalClassifier
from muse.tools.weights import load_trained_weights

WIDTH, NAMES_WIDTH = 13, 30  # characters of a column
NET_HEADS = {
    "right": "net",
    "direction": "turn",
    "taken_for_none": "none",
    "least_recall": "recall",
    "calibration_error": "error",
}
ALL_CLIPS = sys.maxsize
NO_INTERVAL_MAKERS = "nothing"


def main() -> None:
    """Run all rows."""
    options = asked()
    try:
        listeners = Listeners(nets_of(options.weights), cnns_of(options.cnn), ways_of(options.pyin))
        known = known_figures(options.known, options.clips)
    except (MuseError, OSError, ValueError) as error:
        sys.exit(str(error))
    result: dict[str, Any] = {"clips": options.clips, "seed": SEED, "rows": known.get("rows", {})}
    show_heads(listeners)
    with suppress(KeyboardInterrupt):
        for name, row in rows_named(options.only, options.bars).items():
            before = result["rows"].get(name, {})
            result["rows"][name] = figures_of(row, options.clips, listeners, before)
            show(name, row, result["rows"][name], listeners)
        result[NO_INTERVAL_MAKERS] = nothing(
            listeners.nets, options.clips, known.get(NO_INTERVAL_MAKERS, {})
        )
        show_nothing(result[NO_INTERVAL_MAKERS])
    print(json.dumps(result, indent=2))


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=750)
    parser.add_argument("--weights", nargs="+", default=[NAME], help="names, or paths")
    parser.add_argument("--cnn", nargs="+", default=[], type=Path, help="run folders")
    parser.add_argument("--pyin", type=int, default=100, help="clips of a row that pYIN hears")
    parser.add_argument("--known", type=Path, help="the JSON of an earlier run, added to")
    parser.add_argument("--only", default="", help="rows whose names begin so")
    parser.add_argument("--bars", action="store_true", help="rows that have a bar to reach")
    return parser.parse_args()


def nets_of(names: Sequence[str]) -> list[Net]:
    """The sets of weights named."""
    return [Net(n, load_trained_weights(n).card["sha256"], IntervalClassifier(n)) for n in names]


def cnns_of(runs: Sequence[Path]) -> list[Cnn]:
    """The CNNs of run folders."""
    return [Cnn(run) for run in runs]


def ways_of(pyin_clips: int) -> dict[str, tuple[Way, int]]:
    """Arithmetic, and how many clips of a row each hears."""
    ways = {name: (way, ALL_CLIPS) for name, way in WAYS.items()}
    if pyin_clips and not has_pyin():
        print("pYIN is left out: librosa is not installed", file=sys.stderr)
    elif pyin_clips:
        ways["pyin"] = pyin, pyin_clips
    return ways


def known_figures(path: Path | None, clips: int) -> Figures:
    """What an earlier run printed.

    Raises:
        ValueError: its clips were others.
    """
    if path is None:
        return {}
    found: Figures = json.loads(path.read_text())
    if (found["clips"], found["seed"]) != (clips, SEED):
        raise ValueError(f"{path}: was of {found['clips']} clips a row, seed {found['seed']}")
    return found


def show_heads(listeners: Listeners) -> None:
    """The heads of the columns."""
    groups = sorted({cnn.learnt_from for cnn in listeners.cnns})
    heads = [
        "nets",
        *NET_HEADS.values(),
        "ms",
        *listeners.ways,
        *(f"cnn {group}" for group in groups),
    ]
    print_row("", heads)


def show(name: str, row: Row, figures: Figures, listeners: Listeners) -> None:
    """One line for people."""
    net, ways = figures["net"], figures["ways"]
    cells = [str(len(figures["nets"])), *(in_words(net[key]) for key in NET_HEADS)]
    cells.append(f"{net['ms']['mean']:.1f}")
    cells += [f"{ways[way]['right']:.3f}" if way in ways else "-" for way in listeners.ways]
    groups = defaultdict(list)
    for cnn in figures["cnns"].values():
        groups[cnn["learnt_from"]].append(cnn["right"])
    for group in sorted({cnn.learnt_from for cnn in listeners.cnns}):
        cells.append(in_words(spread(groups[group])) if group in groups else "-")
    print_row(name, cells, f"  bar {row.bar}" if row.bar else "")


def show_nothing(figures: Figures) -> None:
    """What is said of clips without an interval."""
    said = ", ".join(f"{name} {in_words(value)}" for name, value in figures["net"].items())
    print(f"nothing in it: {said}", file=sys.stderr)


def in_words(value: Figures) -> str:
    """Mean and standard deviation; the latter is left out where it is nothing."""
    return f"{value['mean']:.3f}" + (f"±{value['std']:.3f}" if value["std"] else "")


def print_row(name: str, cells: Sequence[str], after: str = "") -> None:
    """A line of the table."""
    line = f"{name:{NAMES_WIDTH}}" + "".join(f"{cell:>{WIDTH}}" for cell in cells) + after
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
