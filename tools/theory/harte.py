"""Chord symbols in Harte's spelling: `D:min7(9)/b3`, `F#:(1,4,b7)`, `N`.

Source: Harte, Sandler, Abdallah and Gomez, "Symbolic representation of musical chords: a proposed
syntax for text annotations", ISMIR 2005; with the shorthands that Billboard, Isophonics and
mir_eval add.
"""

import re

from muse.tools.errors import BadInputError
from muse.tools.theory.intervals import Interval, interval_between, parse_interval
from muse.tools.theory.pitch import note_name, parse_note_name
from muse.tools.theory.qualities import NO_CHORD, QUALITIES, UNKNOWN, quality
from muse.tools.theory.symbol import NONE, UNKNOWN_CHORD, ChordSymbol, symbol_of

OMISSION = "*"
HARTE = re.compile(r"([A-G][#b]*)(?::(?=[a-z0-9(])([a-z0-9]*)(?:\(([^()]*)\))?)?(?:/([#b]*\d+))?")
# degrees of each shorthand: those of the table of qualities, and a few more
SHORTHANDS: dict[str, tuple[Interval, ...]] = {
    **{row.harte: row.intervals for row in QUALITIES if row.harte.isalnum() and row.intervals},
    "": (),
    "6": quality("maj6").intervals,
    "min69": quality("min6/9").intervals,
    "maj11": (*quality("maj9").intervals, parse_interval("11")),
    "minmaj9": quality("minmaj9").intervals,
    "sus": quality("sus4").intervals,
}


def parse_harte(text: str) -> ChordSymbol:
    """Read a symbol in Harte's spelling.

    Raises:
        BadInputError: not a chord in that spelling; the message quotes the text.
    """
    if text in {NO_CHORD, UNKNOWN}:
        return NONE if text == NO_CHORD else UNKNOWN_CHORD
    found = HARTE.fullmatch(text)
    if found is None or (found[2] or "") not in SHORTHANDS:
        raise BadInputError(f"'{text}' is not a chord such as D:min7, F#:maj(9)/3 or N")
    root = parse_note_name(found[1])
    bass = None if found[4] is None else root + parse_interval(found[4]).fifths
    return symbol_of(root, harte_degrees(found[2], found[3]), bass)


def harte_degrees(shorthand: str | None, listed: str | None) -> set[Interval]:
    """Return the degrees of a shorthand and the list behind it; a major triad without either."""
    if not shorthand and listed is None:
        return set(quality("maj").intervals)
    degrees = set(SHORTHANDS[shorthand or ""])
    for part in filter(None, (part.strip() for part in (listed or "").split(","))):
        degree = parse_interval(part.removeprefix(OMISSION))
        if part.startswith(OMISSION):
            degrees.discard(degree)
        else:
            degrees.add(degree)
    return degrees


def write_harte(symbol: ChordSymbol) -> str:
    """Write a symbol in Harte's spelling; `parse_harte` reads it back as the same symbol."""
    if symbol.root is None:
        return symbol.quality
    shorthand, _, listed = quality(symbol.quality).harte.rstrip(")").partition("(")
    degrees = [*filter(None, listed.split(",")), *(f"{OMISSION}{o}" for o in symbol.omitted)]
    degrees += map(str, symbol.added)
    text = f"{note_name(symbol.root)}:{shorthand}" + (f"({','.join(degrees)})" if degrees else "")
    return text if symbol.bass is None else f"{text}/{interval_between(symbol.root, symbol.bass)}"
