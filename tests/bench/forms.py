"""Training data: rows, symbols, unknown symbols and time of each form, built from each collection.

Time includes reading the files and making every row, in one process, without writing.

    python tests/bench/forms.py [--sets pop909 billboard] [--json FILE]
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from muse.tools.datasets.forms.build import build_form
from muse.tools.datasets.forms.options import FormOptions

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FORMS_OF = {  # forms that can be built from each collection
    "pop909": ("chords", "melody", "notes", "patterns"),
    "billboard": ("chords",),
    "openewld": ("chords", "melody", "notes"),
    "progressions.json": ("chords",),
    "groove": ("patterns",),
}
UNKNOWN = {"chords": ("unknown_chords", "chords"), "notes": ("unknown_tokens", "tokens")}


def measure(form: str, name: str) -> dict[str, Any]:
    """Return the figures of one form built from one collection."""
    begin = time.perf_counter()
    result = build_form(form, [str(DATA / name)], FormOptions())
    rows = sum(1 for _ in result.rows())
    seconds = time.perf_counter() - begin
    header = result.header
    row = {"set": name, "form": form, "songs": len(header["songs"]), "rows": rows}
    if form in UNKNOWN:
        unknown, total = (header[key] for key in UNKNOWN[form])
        row |= {"symbols": total, "unknown_share": round(unknown / total, 5)}
    groups, problems = len(header["duplicates"]), len(result.problems)
    return row | {"duplicate_groups": groups, "problems": problems, "seconds": round(seconds, 1)}


def print_row(row: dict[str, Any]) -> None:
    """Print one row of the table."""
    symbols, share = row.get("symbols", ""), row.get("unknown_share")
    print(
        f"{row['set']:20}{row['form']:10}{row['songs']:>6}{row['rows']:>9}{symbols:>9}"
        f"{'' if share is None else f'{share:.3%}':>10}{row['duplicate_groups']:>8}"
        f"{row['problems']:>9}{row['seconds']:>8}",
        file=sys.stderr,
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=FORMS_OF, default=list(FORMS_OF))
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the data in {DATA}")
    headings = ("set", "form", "songs", "rows", "symbols", "unknown", "groups", "problems", "s")
    print("{:20}{:10}{:>6}{:>9}{:>9}{:>10}{:>8}{:>9}{:>8}".format(*headings), file=sys.stderr)
    rows = []
    for name in options.sets:
        for form in FORMS_OF[name]:
            rows.append(measure(form, name))
            print_row(rows[-1])
    text = json.dumps(rows, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
