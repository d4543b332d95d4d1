"""Chord qualities: the table behind parsing, spelling, codes and training data.

Conventions: a quality is a list of degrees above the root; its code is its index in the table.
Codes are stored in training data: append new qualities, never reorder. The shorthands have the
degrees of Harte et al. (ISMIR 2005) and of the extensions in mir_eval.chord; 11 and 13 chords have
the degrees that players play.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from muse.tools.errors import BadInputError
from muse.tools.theory.intervals import Interval, parse_interval

Family = Literal["major", "minor", "dominant", "diminished", "augmented", "suspended", "power", "-"]


@dataclass(frozen=True)
class Quality:
    """One row of the table.

    `name` identifies it; `harte` and `lead` are its spellings after a root; `intervals` are its
    degrees from the root up.
    """

    name: str
    harte: str
    lead: str
    intervals: tuple[Interval, ...]
    family: Family

    @cached_property
    def code(self) -> int:
        """Number of the quality in training data."""
        return CODES[self.name]

    @cached_property
    def semitones(self) -> tuple[int, ...]:
        """Semitones of the degrees above the root."""
        return tuple(interval.semitones for interval in self.intervals)


NO_CHORD = "N"
UNKNOWN = "X"

# name, Harte, lead sheet, degrees, family
TABLE: tuple[tuple[str, str, str, str, Family], ...] = (
    ("N", "N", "N.C.", "", "-"),
    ("X", "X", "?", "", "-"),
    ("maj", "maj", "", "1 3 5", "major"),
    ("min", "min", "m", "1 b3 5", "minor"),
    ("dim", "dim", "dim", "1 b3 b5", "diminished"),
    ("aug", "aug", "+", "1 3 #5", "augmented"),
    ("sus2", "sus2", "sus2", "1 2 5", "suspended"),
    ("sus4", "sus4", "sus4", "1 4 5", "suspended"),
    ("5", "5", "5", "1 5", "power"),
    ("1", "1", "1", "1", "power"),
    ("maj7", "maj7", "maj7", "1 3 5 7", "major"),
    ("min7", "min7", "m7", "1 b3 5 b7", "minor"),
    ("7", "7", "7", "1 3 5 b7", "dominant"),
    ("hdim7", "hdim7", "m7b5", "1 b3 b5 b7", "diminished"),
    ("dim7", "dim7", "dim7", "1 b3 b5 bb7", "diminished"),
    ("minmaj7", "minmaj7", "m(maj7)", "1 b3 5 7", "minor"),
    ("7#5", "aug(b7)", "7#5", "1 3 #5 b7", "dominant"),
    ("7b5", "7(*5,b5)", "7b5", "1 3 b5 b7", "dominant"),
    ("maj7#5", "aug(7)", "maj7#5", "1 3 #5 7", "augmented"),
    ("7sus4", "sus4(b7)", "7sus4", "1 4 5 b7", "suspended"),
    ("maj6", "maj6", "6", "1 3 5 6", "major"),
    ("min6", "min6", "m6", "1 b3 5 6", "minor"),
    ("6/9", "maj6(9)", "6/9", "1 3 5 6 9", "major"),
    ("min6/9", "min6(9)", "m6/9", "1 b3 5 6 9", "minor"),
    ("add9", "maj(9)", "add9", "1 3 5 9", "major"),
    ("minadd9", "min(9)", "madd9", "1 b3 5 9", "minor"),
    ("maj9", "maj9", "maj9", "1 3 5 7 9", "major"),
    ("min9", "min9", "m9", "1 b3 5 b7 9", "minor"),
    ("9", "9", "9", "1 3 5 b7 9", "dominant"),
    ("9sus4", "sus4(b7,9)", "9sus4", "1 4 5 b7 9", "suspended"),
    ("min11", "min11", "m11", "1 b3 5 b7 9 11", "minor"),
    ("11", "11", "11", "1 3 5 b7 9 11", "dominant"),
    ("maj13", "maj13", "maj13", "1 3 5 7 9 13", "major"),
    ("min13", "min13", "m13", "1 b3 5 b7 9 13", "minor"),
    ("13", "13", "13", "1 3 5 b7 9 13", "dominant"),
    ("13sus4", "sus4(b7,9,13)", "13sus4", "1 4 5 b7 9 13", "suspended"),
    ("7b9", "7(b9)", "7b9", "1 3 5 b7 b9", "dominant"),
    ("7#9", "7(#9)", "7#9", "1 3 5 b7 #9", "dominant"),
    ("7#11", "7(#11)", "7#11", "1 3 5 b7 #11", "dominant"),
    ("7b13", "7(b13)", "7b13", "1 3 5 b7 b13", "dominant"),
    ("13b9", "13(*9,b9)", "13b9", "1 3 5 b7 b9 13", "dominant"),
    ("9#11", "9(#11)", "9#11", "1 3 5 b7 9 #11", "dominant"),
    ("7alt", "aug(b7,b9,#9)", "7alt", "1 3 #5 b7 b9 #9", "dominant"),
    ("maj7#11", "maj7(#11)", "maj7#11", "1 3 5 7 #11", "major"),
    ("maj9#11", "maj9(#11)", "maj9#11", "1 3 5 7 9 #11", "major"),
    ("minmaj9", "minmaj7(9)", "m(maj9)", "1 b3 5 7 9", "minor"),
    ("9#5", "aug(b7,9)", "9#5", "1 3 #5 b7 9", "dominant"),
    ("7sus4b9", "sus4(b7,b9)", "7sus4b9", "1 4 5 b7 b9", "suspended"),
)

QUALITIES = tuple(
    Quality(name, harte, lead, tuple(map(parse_interval, degrees.split())), family)
    for name, harte, lead, degrees, family in TABLE
)
CODES = {row.name: code for code, row in enumerate(QUALITIES)}


def quality(name: str) -> Quality:
    """Return the row with a name.

    Raises:
        BadInputError: no row has it.
    """
    if name not in CODES:
        raise BadInputError(f"'{name}' is not a quality of chord; there are {', '.join(CODES)}")
    return QUALITIES[CODES[name]]


def quality_of_code(code: int) -> Quality:
    """Return the row with a code.

    Raises:
        BadInputError: no row has it.
    """
    if not 0 <= code < len(QUALITIES):
        raise BadInputError(f"{code} is not the code of a quality, 0 to {len(QUALITIES) - 1}")
    return QUALITIES[code]
