"""Accuracy of interval-net and baselines on instruments that it was not trained on.

    OMP_NUM_THREADS=1 python tests/bench/intervals.py [--clips 750] [--targets] [--only NAME]
        [--weights PATH ...] [--cnn RUN ...] [--pyin 100] [--known FILE]

The net is given only the clip; the arithmetic of intervals_baselines.py is also given the onsets
and durations. Several --weights, of one net trained with several seeds, are run on the same clips,
and their mean and standard deviation are shown. So are the runs of `muse train intervals` named by
--cnn, grouped by their training timbres, on the rows with clips like theirs: sizes 1 to 12,
ascending, notes of fixed length. pYIN is slow and gets only the first clips; it is left out if
librosa is not installed. Figures that --known, the JSON of an earlier run on the same clips, has
already are not computed again, so that weights can be added. After Ctrl-C, the figures so far are
printed.

Columns: number of nets; accuracy of the size and of the direction; share of the clips taken for "no
interval"; recall of the worst size; calibration error of the confidence in the size; milliseconds
of processor time a clip; accuracies of the baselines. "No interval" at the end is the share of
clips without an interval that the net recognizes. Tables go to stderr, JSON to stdout.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from intervals_baselines import BASELINES, Baseline, Cnn, has_pyin, pyin
from intervals_clips import SEED, Row, select_rows
from intervals_scores import (
    Contestants,
    Figures,
    Net,
    figures_of,
    score_without_interval,
    spread,
)

from muse.tools.errors import MuseError
from muse.tools.intervals.classifier import NAME, IntervalClassifier
from muse.tools.weights import load_trained_weights

WIDTH, NAMES_WIDTH = 15, 32  # characters of a column
NET_HEADINGS = {
    "right": "accuracy",
    "direction": "direction",
    "taken_for_none": "no interval",
    "least_recall": "worst recall",
    "calibration_error": "calib. error",
}
ALL_CLIPS = sys.maxsize
WITHOUT_INTERVAL = "without interval"


def main() -> None:
    """Run the benchmark."""
    options = parse_options()
    try:
        contestants = Contestants(
            nets_of(options.weights), cnns_of(options.cnn), baselines_of(options.pyin)
        )
        known = known_figures(options.known, options.clips)
    except (MuseError, OSError, ValueError) as error:
        sys.exit(str(error))
    result: dict[str, Any] = {"clips": options.clips, "seed": SEED, "rows": known.get("rows", {})}
    print_headings(contestants)
    with suppress(KeyboardInterrupt):
        for name, row in select_rows(options.only, options.targets).items():
            before = result["rows"].get(name, {})
            result["rows"][name] = figures_of(row, options.clips, contestants, before)
            print_figures(name, row, result["rows"][name], contestants)
        result[WITHOUT_INTERVAL] = score_without_interval(
            contestants.nets, options.clips, known.get(WITHOUT_INTERVAL, {})
        )
        print_without_interval(result[WITHOUT_INTERVAL])
    print(json.dumps(result, indent=2))


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=750)
    parser.add_argument("--weights", nargs="+", default=[NAME], help="names or paths of weights")
    parser.add_argument(
        "--cnn", nargs="+", default=[], type=Path, help="run folders of muse train intervals"
    )
    parser.add_argument("--pyin", type=int, default=100, help="number of clips of a row for pYIN")
    parser.add_argument("--known", type=Path, help="JSON of an earlier run, whose figures are kept")
    parser.add_argument("--only", default="", help="only rows whose names begin with this")
    parser.add_argument("--targets", action="store_true", help="only rows with a target accuracy")
    return parser.parse_args()


def nets_of(names: Sequence[str]) -> list[Net]:
    """Load sets of weights."""
    return [Net(n, load_trained_weights(n).card["sha256"], IntervalClassifier(n)) for n in names]


def cnns_of(runs: Sequence[Path]) -> list[Cnn]:
    """Load the CNNs of run folders."""
    return [Cnn(run) for run in runs]


def baselines_of(pyin_clips: int) -> dict[str, tuple[Baseline, int]]:
    """Return the baselines, and the largest number of clips of a row for each."""
    baselines = {name: (each, ALL_CLIPS) for name, each in BASELINES.items()}
    if pyin_clips and not has_pyin():
        print("pYIN is left out: librosa is not installed", file=sys.stderr)
    elif pyin_clips:
        baselines["pyin"] = pyin, pyin_clips
    return baselines


def known_figures(path: Path | None, clips: int) -> Figures:
    """Read the figures of an earlier run.

    Raises:
        ValueError: it was made with other clips.
    """
    if path is None:
        return {}
    found: Figures = json.loads(path.read_text())
    if (found["clips"], found["seed"]) != (clips, SEED):
        raise ValueError(
            f"{path}: was made with {found['clips']} clips a row and seed {found['seed']}"
        )
    return found


def print_headings(contestants: Contestants) -> None:
    """Print the headings of the columns."""
    groups = sorted({cnn.trained_on for cnn in contestants.cnns})
    headings = [
        "nets",
        *NET_HEADINGS.values(),
        "ms/clip",
        *contestants.baselines,
        *(f"cnn {group}" for group in groups),
    ]
    print_row("", headings)


def print_figures(name: str, row: Row, figures: Figures, contestants: Contestants) -> None:
    """Print one row of the table."""
    net, baselines = figures["net"], figures["baselines"]
    cells = [str(len(figures["nets"])), *(format_spread(net[key]) for key in NET_HEADINGS)]
    cells.append(f"{net['ms']['mean']:.1f}")
    cells += [
        f"{baselines[each]['right']:.3f}" if each in baselines else "-"
        for each in contestants.baselines
    ]
    groups = defaultdict(list)
    for cnn in figures["cnns"].values():
        groups[cnn["trained_on"]].append(cnn["right"])
    for group in sorted({cnn.trained_on for cnn in contestants.cnns}):
        cells.append(format_spread(spread(groups[group])) if group in groups else "-")
    print_row(name, cells, f"  target {row.target}" if row.target else "")


def print_without_interval(figures: Figures) -> None:
    """Print the figures of clips without an interval."""
    shares = ", ".join(f"{name} {format_spread(value)}" for name, value in figures["net"].items())
    print(f"clips without an interval recognized: {shares}", file=sys.stderr)


def format_spread(value: Figures) -> str:
    """Format mean and standard deviation; the latter only if it is not zero."""
    return f"{value['mean']:.3f}" + (f"±{value['std']:.3f}" if value["std"] else "")


def print_row(name: str, cells: Sequence[str], after: str = "") -> None:
    """Print a row of the table."""
    line = f"{name:{NAMES_WIDTH}}" + "".join(f"{cell:>{WIDTH}}" for cell in cells) + after
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
