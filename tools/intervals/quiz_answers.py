"""Parse the name of an interval: "P5", "m3", "min3", "dim5", "aug 4", "b5", "TT", "minor third".

Enharmonic names have the same size: an augmented fourth and a diminished fifth are both 6.
"""

import re

from muse.tools.errors import BadInputError
from muse.tools.intervals.clip_settings import LARGEST
from muse.tools.theory.intervals import (
    LARGEST_NUMBER,
    NUMBERS,
    PERFECT_STEPS,
    STEPS,
    Interval,
    parse_interval,
)
from muse.tools.theory.pitch import SIGNS

NUMBER = rf"(?P<number>\d{{1,2}})(?:st|nd|rd|th)?|(?P<word>{'|'.join(NUMBERS)})"
QUALIFIED = re.compile(rf"(?P<quality>[a-z]+?)?\.?\s*(?:{NUMBER})")
SHORT = re.compile(r"([mM])\s?(\d{1,2})")  # the only names in which case matters
DEGREE = re.compile(rf"[{''.join(SIGNS)}]{{1,2}}\d{{1,2}}")
QUALITIES = {
    **dict.fromkeys(("p", "per", "perf", "perfect"), "P"),
    **dict.fromkeys(("maj", "major"), "M"),
    **dict.fromkeys(("m", "mi", "min", "minor"), "m"),
    **dict.fromkeys(("a", "aug", "augmented"), "A"),
    **dict.fromkeys(("d", "dim", "diminished"), "d"),
}
IMPERFECT_OFF = {"M": 0, "m": -1, "A": 1, "d": -2}  # semitones from the major scale's interval
PERFECT_OFF = {"P": 0, "A": 1, "d": -1}
USUAL = (
    *((1, 0), (2, -1), (2, 0), (3, -1), (3, 0), (4, 0), (4, 1), (5, 0)),
    *((6, -1), (6, 0), (7, -1), (7, 0)),
)  # number and alteration of each size up to an octave, in semitones
OTHER_NAMES = {
    "tritone": 6,
    "tt": 6,
    "semitone": 1,
    "half step": 1,
    "half tone": 1,
    "tone": 2,
    "whole step": 2,
    "whole tone": 2,
    "prime": 0,
    "double octave": 24,
    "two octaves": 24,
    "2 octaves": 24,
}
EXAMPLES = "m3, P5, aug 4, tritone, major sixth or 7"


def answer_semitones(text: str) -> int:
    """Return the size of the interval that an answer names.

    Args:
        text: a name, a short name (m3, min3, P5, A4, dim5, b5, TT) or a number of semitones.

    Returns:
        Semitones, 0 to 24.

    Raises:
        BadInputError: it is none of these; "third" alone may be minor or major, so it is refused.
    """
    return named_interval(text).semitones


def named_interval(text: str) -> Interval:
    """Return the interval that a text names, with its number and alteration.

    Raises:
        BadInputError: as in answer_semitones.
    """
    plain = " ".join(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text).split())
    size = OTHER_NAMES.get(plain.lower())
    if size is None and re.fullmatch(r"\d{1,2}", plain):
        size = int(plain)
    found = usual_interval(size) if size is not None else qualified_interval(plain)
    if found is None or not 0 <= found.semitones <= LARGEST:
        raise BadInputError(f"'{text.strip()}' is not an interval, such as {EXAMPLES}")
    return found


def usual_interval(size: int) -> Interval:
    """Return the interval with the usual name of a size; a tritone is an augmented fourth."""
    octaves, rest = divmod(size, len(USUAL))
    number, alteration = USUAL[rest]
    return Interval(number + STEPS * octaves, alteration)


def qualified_interval(plain: str) -> Interval | None:
    """Return the interval of a quality and a number, or of a degree; None for other text."""
    if DEGREE.fullmatch(plain):
        try:
            return parse_interval(plain)
        except BadInputError:
            return None
    if match := SHORT.fullmatch(plain):
        return altered(match[1], int(match[2]))
    if not (match := QUALIFIED.fullmatch(plain.lower())):
        return None
    number = int(match["number"]) if match["number"] else NUMBERS.index(match["word"]) + 1
    quality = QUALITIES.get(match["quality"], "") if match["quality"] else "P"
    return altered(quality, number)


def altered(quality: str, number: int) -> Interval | None:
    """Return the interval of a quality and a number; None if they do not go together."""
    perfect = (number - 1) % STEPS in PERFECT_STEPS
    off = (PERFECT_OFF if perfect else IMPERFECT_OFF).get(quality)
    return Interval(number, off) if off is not None and 1 <= number <= LARGEST_NUMBER else None
