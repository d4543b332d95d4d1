"""Parse the name of an interval: "P5", "m3", "tritone", "minor third", "5th" or 7."""

import re

from muse.tools.errors import BadInputError
from muse.tools.intervals.clip_settings import LARGEST
from muse.tools.intervals.names import NUMBERS, PERFECT_STEPS
from muse.tools.theory.intervals import MAJOR_SCALE, STEPS

SHORT = re.compile(r"([pPmMaAdD])\s?(\d{1,2})")  # case matters only for m and M
NUMBERED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
QUALITIES = {"perfect": "P", "major": "M", "minor": "m", "augmented": "A", "diminished": "d"}
IMPERFECT_OFF = {"M": 0, "m": -1, "A": 1, "d": -2}  # semitones from the major scale's interval
PERFECT_OFF = {"P": 0, "A": 1, "d": -1}
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


def answer_semitones(text: str) -> int:
    """Return the size of the interval that an answer names.

    Args:
        text: a name, a short name (m3, P5, A4, d5, TT) or a number of semitones.

    Returns:
        Semitones, 0 to 24.

    Raises:
        BadInputError: it is none of these; "third" alone may be minor or major, so it is refused.
    """
    plain = " ".join(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text).split())
    found = OTHER_NAMES.get(plain.lower())
    if found is None and re.fullmatch(r"\d{1,2}", plain):
        found = int(plain)
    if found is None:
        found = size_by_number(*quality_and_number(plain))
    if found is None or not 0 <= found <= LARGEST:
        raise BadInputError(
            f"'{text.strip()}' is not an interval, such as m3, P5, tritone, major sixth or 7"
        )
    return found


def quality_and_number(plain: str) -> tuple[str, int]:
    """Split "minor third" into ("m", 3); returns ("", 0) for other text."""
    if match := SHORT.fullmatch(plain):
        letter = match[1]
        return letter if letter in "mM" else {"p": "P", "a": "A", "d": "d"}[letter.lower()], int(
            match[2]
        )
    *before, last = plain.lower().split() or [""]
    match = NUMBERED.fullmatch(last)
    number = int(match[1]) if match else NUMBERS.index(last) + 1 if last in NUMBERS else 0
    quality = "P" if not before else QUALITIES.get(" ".join(before), "")
    return quality, number


def size_by_number(quality: str, number: int) -> int | None:
    """Return the semitones of a quality and a number; None if they do not go together."""
    if not 1 <= number <= len(NUMBERS):
        return None
    octaves, step = divmod(number - 1, STEPS)
    offs = PERFECT_OFF if step in PERFECT_STEPS else IMPERFECT_OFF
    return 12 * octaves + MAJOR_SCALE[step] + offs[quality] if quality in offs else None
