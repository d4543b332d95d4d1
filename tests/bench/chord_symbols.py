"""Chord symbols of the data collections: each is read, written in two spellings, and read again.

Labels of POP909 and Billboard, harmonies of the openewld lead sheets, Roman numerals of
progressions.json, and the bars of the jazz corpus. A symbol fails if it cannot be read, or if one
of its spellings is not read as an equal chord. Symbols to which mir_eval gives other pitch classes
are listed too: those with a 13, where it includes the 11th that players leave out. Where the
package pychord (MIT) is installed, its pitch classes are compared too. Exits with 1 if more than
0.1 % fail.

    python tests/bench/chord_symbols.py [--every 1] [--json FILE]
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mir_eval.chord
import numpy as np

from muse.tools.datasets.musicxml import read_musicxml
from muse.tools.datasets.roman_numerals import read_progressions
from muse.tools.errors import BadInputError
from muse.tools.theory.chords import parse_chord, write_harte, write_leadsheet

pychord: Any
try:
    import pychord
except ImportError:
    pychord = None

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HARTE = re.compile(r"[A-G][#b]*:\S+|(?<=\s)[NX](?=\s)")
MOST_ALLOWED = 0.001  # share of the occurrences


def pop909(every: int) -> Iterator[str]:
    """Yield the labels of both annotations."""
    for path in sorted((DATA / "pop909").glob("*/chord_*.txt"))[::every]:
        yield from (line.split()[2] for line in path.read_text().splitlines() if line.strip())


def billboard(every: int) -> Iterator[str]:
    """Yield the labels between bar lines."""
    for path in sorted((DATA / "billboard").glob("*.txt"))[::every]:
        for line in path.read_text().splitlines():
            if "|" in line and not line.startswith("#"):
                yield from HARTE.findall(line)


def lead_sheets(every: int) -> Iterator[str]:
    """Yield the harmonies as muse spells them; unknown ones are "?"."""
    for path in sorted((DATA / "openewld").rglob("*.mxl"))[::every]:
        for _, song in read_musicxml(path.read_bytes(), path.name):
            yield from ("?" if chord.quality == "X" else chord.symbol for chord in song.chords)


def progressions(_every: int) -> Iterator[str]:
    """Yield the chords of the Roman numerals, in C major or A minor."""
    path = DATA / "progressions.json"
    for _, song in read_progressions(path.read_bytes(), path.name):
        yield from (chord.symbol for chord in song.chords)


def jazz(every: int) -> Iterator[str]:
    """Yield the chords between bar lines."""
    for path in sorted((DATA / "jazz").glob("*.txt"))[::every]:
        for line in path.read_text().splitlines():
            if "|" in line:
                yield from line.replace("|", " ").split()


SETS: dict[str, Callable[[int], Iterator[str]]] = {
    "pop909": pop909,
    "billboard": billboard,
    "openewld": lead_sheets,
    "progressions": progressions,
    "jazz": jazz,
}


def find_problem(text: str) -> str | None:
    """Return what is wrong with a symbol, or None."""
    try:
        symbol = parse_chord(text)
        for write in (write_harte, write_leadsheet):
            written = write(symbol)
            if parse_chord(written) != symbol:
                return f"written as {written}, which is another chord"
    except BadInputError as error:
        return str(error)
    return None


def agrees_with_mir_eval(text: str) -> bool:
    """Return whether mir_eval gives the same pitch classes, or does not read the label."""
    if ":" not in text:
        return True
    try:
        root, bitmap, bass = mir_eval.chord.encode(text, reduce_extended_chords=True)
    except mir_eval.chord.InvalidChordException:
        return True
    expected = {(root + int(step)) % 12 for step in np.flatnonzero(bitmap)} | {(root + bass) % 12}
    return expected == set(parse_chord(text).pitch_classes)


def agrees_with_pychord(text: str) -> bool | None:
    """Return whether pychord gives the same pitch classes; None if it does not read the symbol."""
    symbol = parse_chord(text)
    for form in (text, write_leadsheet(symbol).replace("(maj", "M").replace(")", "")):
        try:
            notes = pychord.Chord(form).components()
        except ValueError:
            continue
        return {pychord.utils.note_to_val(note) % 12 for note in notes} == {*symbol.pitch_classes}
    return None


def compare_with_pychord(counts: Counter[str]) -> dict[str, Any]:
    """Return how many occurrences pychord reads as the same, as others, or not at all."""
    answers = {text: agrees_with_pychord(text) for text in counts}
    return {
        "same": sum(counts[text] for text, answer in answers.items() if answer),
        "unread": sum(counts[text] for text, answer in answers.items() if answer is None),
        "other": {text: counts[text] for text, answer in answers.items() if answer is False},
    }


def run(every: int) -> dict[str, Any]:
    """Return counts and failures of each set."""
    report: dict[str, Any] = {}
    for name, symbols in SETS.items():
        begin = time.perf_counter()
        counts = Counter(symbols(every))
        failed = {text: problem for text in counts if (problem := find_problem(text))}
        occurrences = sum(counts.values())
        failures = sum(counts[text] for text in failed)
        other = {t: n for t, n in counts.items() if t not in failed and not agrees_with_mir_eval(t)}
        report[name] = {
            "occurrences": occurrences,
            "different": len(counts),
            "failed": failures,
            "share_failed": failures / max(occurrences, 1),
            "mir_eval_differs": other,
            "pychord": compare_with_pychord(
                Counter({t: n for t, n in counts.items() if t not in failed})
            )
            if pychord
            else None,
            "seconds": round(time.perf_counter() - begin, 2),
            "failures": {text: [counts[text], failed[text]] for text in failed},
        }
    return report


def print_table(report: dict[str, Any]) -> None:
    """Print the figures as a table, and every symbol that failed."""
    print(
        f"{'':14}{'symbols':>10}{'different':>10}{'failed':>8}{'failed %':>9}"
        f"{'mir_eval differs':>18}",
        file=sys.stderr,
    )
    for name, row in report.items():
        print(
            f"{name:14}{row['occurrences']:>10}{row['different']:>10}{row['failed']:>8}"
            f"{row['share_failed']:>9.3%}{sum(row['mir_eval_differs'].values()):>18}",
            file=sys.stderr,
        )
    for name, row in report.items():
        if row["pychord"]:
            other = sum(row["pychord"]["other"].values())
            read = row["pychord"]["same"] + other
            print(f"  {name}: pychord reads {read}, {other} of them otherwise", file=sys.stderr)
        for text, (count, problem) in row["failures"].items():
            print(f"  {name}: {text} ({count} times): {problem}", file=sys.stderr)


def main() -> None:
    """Run the benchmark; exit with 1 if more than MOST_ALLOWED of the symbols fail."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="use only every n-th file")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the data in {DATA}")
    report = run(options.every)
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)
    sys.exit(max(row["share_failed"] for row in report.values()) > MOST_ALLOWED)


if __name__ == "__main__":
    main()
