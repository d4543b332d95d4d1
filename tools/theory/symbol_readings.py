"""Chord symbols that can be read in two ways, and the reading that is taken.

The reader takes the more usual meaning; this module says which one, for messages.
"""

import re

from muse.tools.theory.chords import parse_chord
from muse.tools.theory.pitch import note_name
from muse.tools.theory.symbol_text import plain_symbol

# a symbol that fits one of these has another plausible reading
AMBIGUOUS = re.compile(
    r"[A-G](?:bb|##)\d.*"  # Bbb5: Bb with b5, or Bbb with a fifth
    r"|[EB]#(?:5|9|11).*"  # E#9: the root E#, or E with #9
    r"|[A-G][#b]5"  # G#5: a power chord, or G with a raised fifth
    r"|[A-G][#b]?\+(?:7|9|11|13).*|.*\d\+"  # C+7, C7+: augmented, or with a major seventh
    r"|.*(?:m|mi|min|-)\+7.*"  # Am+7: a major seventh, or a raised fifth
    r"|.*(?<!6)/[#b]*\d.*|.*[^6]/9.*"  # C7/13: a tension, or a bass
    r"|[^()]+\([A-G].*\)"  # G(Em): the first of two chords
)


def describe_reading(text: str) -> str | None:
    """Return which reading of an ambiguous symbol is taken; None if it has only one.

    Raises:
        BadInputError: the text is not a chord symbol.
    """
    if ":" in text or not AMBIGUOUS.fullmatch(plain_symbol(text.strip())):
        return None
    symbol = parse_chord(text)
    if symbol.root is None:
        return None
    degrees = " ".join(map(str, symbol.intervals))
    bass = "" if symbol.bass is None else f" over {note_name(symbol.bass)}"
    return f"'{text}' is read as {note_name(symbol.root)} with {degrees}{bass}"
