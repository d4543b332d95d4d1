"""Nashville numbers: `1 4 5`, `6- 2-7 5/7 b7^`, degrees of the key's major scale.

A number is a major chord unless it is marked; a number after a slash is the bass, as a degree of
the key too. A chart without a single minor mark leaves them out: its numbers are the triads of the
key. In a minor key such a chart counts from the natural minor scale.
Source: C. Williams, "The Nashville Number System", 1988.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from muse.tools.theory.intervals import Interval
from muse.tools.theory.keys import SCALES, Mode, Tonality
from muse.tools.theory.pitch import note_name
from muse.tools.theory.symbol_text import plain_symbol

NUMBER = re.compile(
    r"([#b]*)([1-7])"
    r"((?:(?:m|-|maj|min|M|\^|Δ|\+|°|o|ø|dim|aug|sus[24]?|add|no)(?!\d{3}))*"
    r"(?:(?:6/9|69|13|11|[679])?(?:[(]?[#b+-](?:13|11|[5-9])[)]?)*(?:sus[24]?|add\d+|\+)?))"
    r"(?:/([#b]*)([1-7]))?"
)
MARK = re.compile(r"[1-7](?:m(?!aj)|-|min)|°|o|ø|dim")
FLAT_DEGREE = re.compile(r"b[367]")
TRIADS: dict[Mode, tuple[str, ...]] = {
    "major": ("", "m", "m", "", "", "m", "dim"),
    "minor": ("m", "dim", "", "m", "m", "", ""),
}
MAJOR: Mode = "major"


def is_number(text: str) -> bool:
    """Return whether a text is a Nashville number."""
    return NUMBER.fullmatch(plain_symbol(text)) is not None


@dataclass(frozen=True)
class NumberStyle:
    """How a chart writes numbers.

    Attributes:
        has_marks: minor chords are marked; else an unmarked number is the triad of the key.
        has_flats: degrees of minor are written b3, b6, b7; else a minor key counts from its own
            scale.
    """

    has_marks: bool
    has_flats: bool

    @classmethod
    def of(cls, symbols: Iterable[str]) -> Self:
        """Return the style of a chart from all its numbers."""
        plain = [plain_symbol(text) for text in symbols]
        return cls(any(map(MARK.search, plain)), any(map(FLAT_DEGREE.match, plain)))


def english_of_number(text: str, key: Tonality, style: NumberStyle) -> str:
    """Return a Nashville number as a chord symbol: 6-7/1 in G gives E-7/G.

    Args:
        text: a number; other texts are returned unchanged.
        key: of the chart at this chord.
        style: of the chart.
    """
    found = NUMBER.fullmatch(plain_symbol(text))
    if found is None:
        return text
    signs, number, words, bass_signs, bass = found.groups()
    mode = MAJOR if style.has_marks or style.has_flats else key.mode
    if not (style.has_marks or signs or words):
        words = TRIADS[key.mode][int(number) - 1]
    if words.startswith(("#", "b")):
        words = f"({words})"
    name = degree_name(signs, number, key, mode)
    return name + words + (f"/{degree_name(bass_signs, bass, key, mode)}" if bass else "")


def degree_name(signs: str, number: str, key: Tonality, mode: Mode) -> str:
    """Return the name of a degree of a key, counted in the scale of a mode."""
    steps = SCALES[mode][int(number) - 1] - SCALES[MAJOR][int(number) - 1]
    alteration = steps + signs.count("#") - signs.count("b")
    return note_name(key.tonic + Interval(int(number), alteration).fifths)
