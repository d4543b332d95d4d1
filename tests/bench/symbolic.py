"""Figures of real songs beside real songs and beside shuffled ones, and how long they take.

Songs of POP909 whose number is a multiple of five, against the others and the others with their
bars shuffled: the melody alone, its first 16 bars, and all tracks. A figure tells music from noise
as far as its first two columns agree and the third does not: "apart" is how far the held-out songs
are from the shuffled reference, in the reference's standard deviations. SSMD has no deviation: its
"apart" is how many times as far the shuffled songs are.

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
HELD_OUT = 5  # songs whose number is a multiple are the set under test
CASES = {
    "melody": EvalOptions(track="lead"),
    "melody, 16 bars": EvalOptions(track="lead", bars=16),
    "all tracks": EvalOptions(track="all"),
}
COLUMNS = ("set", "reference", "shuffled")


def run(step: int) -> dict[str, Any]:
    """The figures of each case."""
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
    """How far the set is from the shuffled reference; see the module."""
    if figure == "ssmd":
        return float(columns["shuffled"]["mean"] / columns["set"]["mean"])
    deviation = columns["reference"]["sd"]
    difference = abs(columns["shuffled"]["mean"] - columns["set"]["mean"])
    return float(difference / deviation) if deviation else None


def print_table(report: dict[str, Any]) -> None:
    """The figures for people."""
    for name, case in report.items():
        counts = f"{case['songs']} songs, {case['reference_songs']} of reference"
        speed = f"{case['seconds_per_100_songs']:.1f} s for 100"
        print(f"\n{name}: {counts}, {speed}", file=sys.stderr)
        print(f"{'':20}" + "".join(f"{key:>18}" for key in (*COLUMNS, "apart")), file=sys.stderr)
        for figure, row in case["figures"].items():
            cells = "".join(f"{cell(row[column]):>18}" for column in COLUMNS)
            distance = "-" if row["apart"] is None else f"{row['apart']:.2f}"
            print(f"{figure:20}{cells}{distance:>18}", file=sys.stderr)


def cell(summary: dict[str, Any] | None) -> str:
    """Mean and deviation."""
    if summary is None:
        return "-"
    return f"{summary['mean']:.3f}" + (f" ({summary['sd']:.3f})" if summary["sd"] else "")


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=1, help="every so many-th song")
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the songs of {DATA}")
    report = run(options.songs)
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
