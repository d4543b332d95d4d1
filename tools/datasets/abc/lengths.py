"""Lengths in ABC, exact and fast: whole numbers of a tick that all common divisions share."""

from fractions import Fraction
from functools import lru_cache

from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats

# ticks in a quarter note: values down to 1/4096 of it are whole, and tuplets of most numbers
TICKS = 2**12 * 3**3 * 5**2 * 7 * 11 * 13
WHOLE = 4  # quarter notes


@lru_cache(maxsize=4096)
def parse_length(text: str) -> Fraction:
    """Return the length of a note in units: 1 for "", 3/2 for "3/2", 1/4 for "//"."""
    above, *below = text.split("/")
    length = Fraction(int(above or 1))
    for part in below:
        length /= int(part or 2) or 1
    return length


@lru_cache(maxsize=4096)
def duration(text: str, unit: int, factor: Fraction | None) -> int:
    """Return the length of a note in ticks.

    Args:
        text: its length in units.
        unit: in ticks.
        factor: of a tuplet or a broken rhythm, if any.
    """
    return round(parse_length(text) * unit * (1 if factor is None else factor))


def scaled(length: int, factor: Fraction) -> int:
    """Return a length in ticks multiplied by a factor."""
    return length * factor.numerator // factor.denominator


def bar_ticks(meter: Meter) -> int:
    """Return the length of a full bar in ticks."""
    return round(bar_beats(meter) * TICKS)


def beats(ticks: int) -> float:
    """Return a time in quarter notes."""
    return ticks / TICKS
