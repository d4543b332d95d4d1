"""Symbolic figures of real songs, compared with other real songs and with shuffled ones, and time.

POP909 songs whose number is a multiple of five are compared with the other songs, and with those
after shuffling their bars: the melody, its first 16 bars, and all tracks. A figure distinguishes
music from noise if the columns `set` and `reference` agree and `shuffled` differs. `apart` is the
distance of the set from the shuffled reference, in standard deviations of the reference. SSMD has
no deviation: its `apart` is the SSMD of the shuffled songs divided by that of the set.

    OMP_NUM_THREADS=1 python tests/bench/symbolic.py [--songs 1] [--json FILE]
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from muse.tools.evaluation.symbolic.evaluate import EvalOptions, evaluate

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "pop909"
HELD_OUT = 5  # songs whose number is a multiple are the tested set
CASES = {
    "melody": EvalOptions(track="lead"),
    "melody, 16 bars": EvalOptions(track="lead", bars=16),
    "all tracks": EvalOptions(track="all"),
}
COLUMNS = ("set", "reference", "shuffled")


def run(step: int) -> dict[str, Any]:
    """Return the figures of each case."""
    folders = [path for path in sorted(DATA.iterdir()) if path.name.isdigit()]
    held_out = [str(path) for path in folders if int(path.name) % HELD_OUT == 0][::step]
    others = [str(path) for path in folders if int(path.name) % HELD_OUT][::step]
    report = {}
    for name, options in CASES.items():
        begin = time.process_time()
        result = evaluate(held_out, others, options)
        seconds = time.process_time() - begin
        report[name] = {
            "songs": len(result["songs"]),
            "reference_songs": result["reference_songs"],
            "figures": {
                figure: {**columns, "apart": apart(figure, columns)}
                for figure, columns in result["figures"].items()
            },
            "seconds_per_100_songs": 100 * seconds / (len(held_out) + 2 * len(others)),
        }
    return report


def apart(figure: str, columns: dict[str, Any]) -> float | None:
    """Return the distance of the set from the shuffled reference; see the module docstring."""
    if figure == "ssmd":
        return float(columns["shuffled"]["mean"] / columns["set"]["mean"])
    deviation = columns["reference"]["sd"]
    difference = abs(columns["shuffled"]["mean"] - columns["set"]["mean"])
    return float(difference / deviation) if deviation else None


def print_table(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    for name, case in report.items():
        counts = f"{case['songs']} songs, {case['reference_songs']} reference songs"
        speed = f"{case['seconds_per_100_songs']:.1f} s per 100 songs"
        print(f"\n{name}: {counts}, {speed}", file=sys.stderr)
        print(f"{'':20}" + "".join(f"{key:>18}" for key in (*COLUMNS, "apart")), file=sys.stderr)
        for figure, row in case["figures"].items():
            cells = "".join(f"{cell(row[column]):>18}" for column in COLUMNS)
            distance = "-" if row["apart"] is None else f"{row['apart']:.2f}"
            print(f"{figure:20}{cells}{distance:>18}", file=sys.stderr)


def cell(summary: dict[str, Any] | None) -> str:
    """Format mean and standard deviation."""
    if summary is None:
        return "-"
    return f"{summary['mean']:.3f}" + (f" ({summary['sd']:.3f})" if summary["sd"] else "")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=1, help="use only every n-th song")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the songs in {DATA}")
    report = run(options.songs)
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
