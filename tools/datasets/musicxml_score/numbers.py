"""Numbers and words in the elements of MusicXML; positions are exact fractions of quarter notes."""

from fractions import Fraction
from math import isfinite
from xml.etree.ElementTree import Element

from muse.tools.errors import BadInputError

LONGEST = 1_000_000  # quarter notes; more is an error in the file
LARGEST = 1e12  # of any number
FINEST = 10**9  # largest denominator of a decimal


def read_word(element: Element, path: str) -> str:
    """Return the text in a child element without spaces around it; empty without one."""
    return (element.findtext(path) or "").strip()


def read_number(element: Element, path: str, default: float) -> float:
    """Return the number in a child element, or the default without one; raises BadInputError."""
    text = read_word(element, path)
    return parse_number(text, f"<{path}>") if text else default


def read_whole(element: Element, path: str, default: int) -> int:
    """Return the number in a child element, rounded; raises BadInputError."""
    return round(read_number(element, path, default))


def parse_number(text: str, where: str) -> float:
    """Return a number in a text; raises BadInputError."""
    try:
        number = float(text)
    except ValueError as error:
        raise BadInputError(f"'{text}' in {where} is not a number") from error
    if not isfinite(number) or abs(number) > LARGEST:
        raise BadInputError(f"'{text}' in {where} is out of range")
    return number


def read_fraction(element: Element, path: str) -> Fraction:
    """Return the number in a child element as a fraction, 0 without one; raises BadInputError."""
    text = read_word(element, path)
    if text.isdecimal() and len(text) < len(str(FINEST)):
        return Fraction(int(text))
    number = parse_number(text, f"<{path}>") if text else 0.0
    return Fraction(number).limit_denominator(FINEST)


def read_length(element: Element, path: str, divisions: Fraction) -> Fraction:
    """Return a length in quarter notes, 0 without one; raises BadInputError for one out of range.

    Args:
        element: with the length in a child element.
        path: of the child.
        divisions: units to a quarter note.
    """
    length = read_fraction(element, path) / divisions
    if not 0 <= length < LONGEST:
        raise BadInputError(f"a <{element.tag}> has a length of {float(length):g} quarter notes")
    return length
