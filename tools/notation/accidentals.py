"""Accidentals of the notes of a bar, as a reader of music needs them.

An accidental holds until the end of its bar, on its line and in its octave, for all voices of a
staff; a tie carries it over the bar line for the tied note only. After such a tie the next note on
the line gets its sign in any case: needed if it is altered too, else as a courtesy.
Source: E. Gould, "Behind Bars" (2011), chapter "Accidentals and key signatures".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from muse.tools.theory.pitch import LETTERS

NAMES = {
    -3: "triple-flat",
    -2: "flat-flat",
    -1: "flat",
    0: "natural",
    1: "sharp",
    2: "double-sharp",
    3: "triple-sharp",
}
Line = tuple[str, int]  # letter and octave


class Spelling(NamedTuple):
    """A written pitch: letter, alteration in semitones, octave."""

    step: str
    alteration: int
    octave: int

    @property
    def line(self) -> Line:
        """Its line or space of the staff."""
        return self.step, self.octave


@dataclass(frozen=True)
class Accidental:
    """A sign before a note: its name in MusicXML, and whether it is a courtesy."""

    name: str
    is_courtesy: bool = False


@dataclass(frozen=True, order=True)
class Onset:
    """A written pitch that begins in a bar, or continues there.

    Attributes:
        start: in steps from the bar line.
        spelling: the pitch.
        from_bar: whether a tie over the bar line leads to it.
        from_note: whether a tie within the bar leads to it.
    """

    start: int
    spelling: Spelling
    from_bar: bool = False
    from_note: bool = False


def alterations(sharps: int) -> dict[str, int]:
    """Return the alteration of each letter by a signature; flats are negative."""
    sign = 1 if sharps > 0 else -1
    order = LETTERS if sharps > 0 else LETTERS[::-1]
    whole, rest = divmod(abs(sharps), len(LETTERS))
    return {letter: sign * (whole + (i < rest)) for i, letter in enumerate(order)}


def find_accidentals(onsets: Iterable[Onset], sharps: int) -> dict[Onset, Accidental]:
    """Return the accidentals of one bar of a staff.

    Args:
        onsets: of all its voices, in any order.
        sharps: of the signature, flats negative.
    """
    signature = alterations(sharps)
    in_force: dict[Line, int | None] = {}  # None: two alterations at once, each has its sign
    doubtful: set[Line] = set()
    found: dict[Onset, Accidental] = {}
    for _, group in groupby(sorted(set(onsets)), key=lambda onset: onset.start):
        together = list(group)
        clashes = clashing_lines(together)
        for onset in together:
            line, alteration = onset.spelling.line, onset.spelling.alteration
            if onset.from_note:
                continue
            if onset.from_bar:
                doubtful |= {line} if alteration != signature[line[0]] else set()
                continue
            is_needed = alteration != in_force.get(line, signature[line[0]]) or line in clashes
            if is_needed or line in doubtful:
                found[onset] = Accidental(NAMES[alteration], not is_needed)
                doubtful.discard(line)
            in_force[line] = None if line in clashes else alteration
    return found


def clashing_lines(onsets: Iterable[Onset]) -> set[Line]:
    """Return the lines on which notes with two alterations begin together."""
    lines: Mapping[Line, set[int]] = defaultdict(set)
    for onset in onsets:
        lines[onset.spelling.line].add(onset.spelling.alteration)
    return {line for line, signs in lines.items() if len(signs) > 1}
