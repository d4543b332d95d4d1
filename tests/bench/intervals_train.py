"""Accuracy of `muse train intervals` over several seeds, compared with baselines.

    OMP_NUM_THREADS=1 python tests/bench/intervals_train.py [--seeds 5] [--split pitches]
        [--data FOLDER]

Every seed trains on the same clips and the same split; initial weights and the order of the clips
differ. With --split pitches, no pair of pitches occurs on two sides, so that no answer can be
memorized. Shown are mean and standard deviation over seeds, arithmetic, and the nearest training
clip. Clips and run folders are written to --out and kept; existing clips are used again. Clips are
sines with default settings, or those of --data, for example of instruments:

    muse intervals generate -n 5000 --timbre gm:train --snr 5:60 --seed 1 -o gm_train

`intervals.py --cnn` compares the runs with interval-net on held-out instruments. The table goes to
stderr, JSON to stdout.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from muse.tools.training.train import train

NAME = "intervals"
FIGURES = ("accuracy", "macro F1", "worst recall", "new pairs", "epochs", "minutes")
WIDTH = 14  # characters of a column


def train_once(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Train with one seed; returns the figures of the run."""
    out = Path(options.out)
    settings = {
        "clips": options.clips,
        "split": options.split,
        "folder": str(out / "data"),
        "jobs": options.jobs,
    }
    given: dict[str, Any] = {
        "seed": seed,
        "out": str(out / "runs"),
        "device": "cpu",
        "settings": settings,
    }
    given |= {name: getattr(options, name) for name in ("epochs", "data") if getattr(options, name)}
    summary = train(NAME, given).summary
    if summary is None:
        raise KeyboardInterrupt
    results = summary["results"]
    recalls = [each["recall"] for each in results["classes"].values() if each["clips"]]
    return {
        "seed": seed,
        "accuracy": results["test"]["accuracy"],
        "macro F1": results["macro_f1"],
        "worst recall": min(recalls),
        "new pairs": results["new_pairs_of_pitches"]["accuracy"],
        "epochs": results["epochs"],
        "minutes": summary["seconds"] / 60,
        "baselines": results["baselines"],
        "data_hash": summary["data"]["hash"],
    }


def print_row(name: str, *cells: str) -> None:
    """Print one row of the table."""
    print(f"{name:28}" + "".join(f"{cell:>{WIDTH}}" for cell in cells), file=sys.stderr, flush=True)


def format_figure(value: float | None) -> str:
    """Format a figure, or a dash for None."""
    return "-" if value is None else f"{value:.4f}"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--clips", type=int, default=5000, help="number of clips of sines, without --data"
    )
    parser.add_argument("--data", help="folder of `muse intervals generate`")
    parser.add_argument(
        "--epochs", type=int, help="largest number of epochs; default: the recipe's"
    )
    parser.add_argument("--split", choices=("clips", "pitches"), default="clips")
    parser.add_argument("--jobs", type=int, default=2, help="number of processes that make clips")
    parser.add_argument("--out", default="intervals_bench")
    options = parser.parse_args()
    rows = []
    print_row("", *FIGURES)
    for seed in range(options.seeds):
        rows.append(train_once(seed, options))
        print_row(f"seed {seed}", *(format_figure(rows[-1][name]) for name in FIGURES))
    accuracies = [row["accuracy"] for row in rows]
    mean, spread = float(np.mean(accuracies)), float(np.std(accuracies))
    print_row("mean", format_figure(mean))
    print_row("standard deviation", format_figure(spread))
    for name, figures in rows[0]["baselines"].items():
        print_row(name, format_figure(figures["accuracy"]))
    result = {"split": options.split, "clips": options.clips, "mean": mean, "spread": spread}
    print(json.dumps(result | {"seeds": rows}, indent=2))


if __name__ == "__main__":
    main()
