"""Intervals: degrees above a root, and their names.

Conventions: an interval is its number (1 unison, 3 third, 9 ninth) and its alteration in semitones
relative to the major scale: b7 is (7, -1), #11 is (11, 1). Harte writes chord degrees in the same
way (Harte et al., "Symbolic representation of musical chords", ISMIR 2005).
"""

import re
from dataclasses import dataclass
from functools import cached_property

from muse.tools.errors import BadInputError
from muse.tools.theory.pitch import SHARP, SIGNS, signs

STEPS = 7  # letters in an octave
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)  # semitones of the degrees 1 to 7
SCALE_FIFTHS = (0, 2, 4, -1, 1, 3, 5)  # the same on the line of fifths
PERFECT_STEPS = (0, 3, 4)  # unison, fourth, fifth
NUMBERS = (
    *("unison", "second", "third", "fourth", "fifth", "sixth", "seventh", "octave"),
    *("ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth"),
)
LARGEST_NUMBER = 15  # two octaves
DEGREE = re.compile(rf"([{''.join(SIGNS)}]*)(\d{{1,2}})")

# by size in semitones, 0 to 24
INTERVAL_NAMES = (
    "unison",
    "minor second",
    "major second",
    "minor third",
    "major third",
    "perfect fourth",
    "tritone",
    "perfect fifth",
    "minor sixth",
    "major sixth",
    "minor seventh",
    "major seventh",
    "octave",
    "minor ninth",
    "major ninth",
    "minor tenth",
    "major tenth",
    "perfect eleventh",
    "augmented eleventh",
    "perfect twelfth",
    "minor thirteenth",
    "major thirteenth",
    "minor fourteenth",
    "major fourteenth",
    "double octave",
)


@dataclass(frozen=True, order=True)
class Interval:
    """A degree above a root: number 1 to 15, alteration in semitones from the major scale."""

    number: int
    alteration: int = 0

    @cached_property
    def semitones(self) -> int:
        """Size in semitones; b1 is -1."""
        octave, step = divmod(self.number - 1, STEPS)
        return 12 * octave + MAJOR_SCALE[step] + self.alteration

    @cached_property
    def fifths(self) -> int:
        """Places on the line of fifths from the root to the degree."""
        return SCALE_FIFTHS[(self.number - 1) % STEPS] + SHARP * self.alteration

    def __str__(self) -> str:
        """Return the degree as Harte writes it: "b7", "#11", "5"."""
        return f"{signs(self.alteration)}{self.number}"


def parse_interval(text: str) -> Interval:
    """Read a degree such as "b7", "#11" or "♭13".

    Raises:
        BadInputError: not a number 1 to 15 after accidentals.
    """
    found = DEGREE.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= LARGEST_NUMBER:
        raise BadInputError(f"'{text}' is not a degree, such as 3, b7 or #11")
    return Interval(int(found[2]), sum(SIGNS[sign] for sign in found[1]))


def interval_between(root_fifths: int, other_fifths: int) -> Interval:
    """Return the degree, 1 to 7, of one spelled pitch class above another: C to Bb is b7."""
    step = SCALE_FIFTHS_BY_LETTER[(other_fifths - root_fifths) % STEPS]
    alteration = (other_fifths - root_fifths - SCALE_FIFTHS[step]) // SHARP
    return Interval(step + 1, alteration)


# step of the scale by letters along the line of fifths
SCALE_FIFTHS_BY_LETTER = {fifths % STEPS: step for step, fifths in enumerate(SCALE_FIFTHS)}
