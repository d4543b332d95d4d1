"""How often muse tells what kind of instrument plays: real recordings first, then rendered ones.

    python tests/bench/roles.py --data DIR [--rendered N] [--json FILE]

DIR holds real/ (recordings that no net was trained on) and sounds/ (samples). Prints confusions and
accuracies to stderr and JSON to stdout or to FILE. The classes are those of
muse.models.role_net.config.CLASSES.

Real recordings: every part of MDB (its instrument is in the name of the file), the singers of SSVD,
and the stems of one song of eir that is held out. Rendered: N four-second examples of the studio by
instruments and banks that are held out, with random effects.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from muse.models.role_net.config import CLASSES
from muse.tools.training.studio.stream import Studio
from muse.tools.transcription.instrument_class import detect_role, role_odds
from muse.tools.transcription.role_features import SAMPLE_RATE

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
MDB_WORDS = {"drum": "drums", "bass": "bass", "guitar": "guitar", "singer": "voice"}
HELD_OUT_SONG, EIR_STEMS = "3.Sodium", {"drums": "drums", "bass": "bass", "vocals": "voice"}
LENGTH_S, SEED, SONGS = 4.0, 77, 40
CALIBRATION_EDGES = (0.0, 0.5, 0.7, 0.9, 1.01)  # of the odds of the likeliest class

Row = dict[str, Any]


def real_items(real: Path) -> Iterator[tuple[str, str, Path]]:
    """Name, class and path of each real recording."""
    for path in sorted((real / "mdb").glob("*/*.ogg")):
        role = next(role for word, role in MDB_WORDS.items() if word in path.stem)
        yield f"mdb/{path.parent.name}/{path.stem}", role, path
    for path in sorted((real / "ssvd").glob("*.ogg")):
        yield f"ssvd/{path.stem}", "voice", path
    for stem, role in EIR_STEMS.items():
        path = real / "eir" / HELD_OUT_SONG / f"{stem}.ogg"
        if path.is_file():
            yield f"eir/{path.parent.name}/{stem}", role, path


def row_of(kind: str, name: str, role: str, odds: dict[str, float]) -> Row:
    """The result for one recording."""
    found = max(odds, key=odds.__getitem__)
    rounded = {key: round(value, 3) for key, value in odds.items()}
    return {"kind": kind, "item": name, "truth": role, "found": found, "odds": rounded}


def measure_real(real: Path) -> list[Row]:
    """Results for the real recordings."""
    return [row_of("real", name, role, detect_role(path)) for name, role, path in real_items(real)]


def measure_rendered(data: Path, count: int) -> list[Row]:
    """Results for rendered examples of held-out instruments."""
    studio = Studio(data, "held_out", SONGS)
    rows = []
    for index in range(count):
        role = studio.roles[index % len(studio.roles)]
        example = studio.example(role, LENGTH_S, SAMPLE_RATE, (SEED, index))
        rows.append(row_of("rendered", example.name, role, role_odds(example.audio)))
    return rows


def accuracy(rows: list[Row]) -> float:
    """Share of the rows whose class is right."""
    return round(float(np.mean([row["found"] == row["truth"] for row in rows])), 3)


def calibration(rows: list[Row]) -> list[dict[str, float]]:
    """Mean odds of the likeliest class and share of right ones, by odds."""
    bins = []
    for low, high in pairwise(CALIBRATION_EDGES):
        inside = [row for row in rows if low <= row["odds"][row["found"]] < high]
        if inside:
            mean = float(np.mean([row["odds"][row["found"]] for row in inside]))
            bins.append({"odds": round(mean, 3), "right": accuracy(inside), "count": len(inside)})
    return bins


def summary(rows: list[Row]) -> dict[str, Any]:
    """Accuracy over all rows, by group and class, and calibration."""
    groups = {row["item"].split("/")[0] for row in rows if row["kind"] == "real"}
    return {
        "items": len(rows),
        "accuracy": accuracy(rows),
        "by group": {
            group: accuracy([row for row in rows if row["item"].startswith(f"{group}/")])
            for group in sorted(groups)
        },
        "by class": {
            role: accuracy([row for row in rows if row["truth"] == role])
            for role in CLASSES
            if any(row["truth"] == role for row in rows)
        },
        "calibration": calibration(rows),
    }


def print_confusion(title: str, rows: list[Row]) -> None:
    """A confusion matrix, true classes in rows, to stderr."""
    counts = Counter((row["truth"], row["found"]) for row in rows)
    print(f"\n{title}: {len(rows)} items, accuracy {accuracy(rows)}", file=sys.stderr)
    print(" " * 9 + "".join(f"{name[:7]:>8}" for name in CLASSES), file=sys.stderr)
    for truth in CLASSES:
        if any(row["truth"] == truth for row in rows):
            cells = "".join(f"{counts[truth, found]:8d}" for found in CLASSES)
            print(f"{truth:9}{cells}", file=sys.stderr)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--rendered", type=int, default=400, metavar="N")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sets = {
        "real": measure_real(given.data / "real"),
        "rendered": measure_rendered(given.data, given.rendered) if given.rendered else [],
    }
    result: dict[str, Any] = {}
    for name, rows in sets.items():
        if rows:
            print_confusion(name, rows)
            result[name] = summary(rows) | {"rows": rows}
    text = json.dumps(result, indent=2)
    if given.json:
        given.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
