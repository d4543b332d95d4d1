"""Chord symbols: read and write both spellings, transpose and respell."""

from collections.abc import Callable
from functools import lru_cache

from muse.tools.errors import BadInputError
from muse.tools.theory.harte import parse_harte, write_harte
from muse.tools.theory.keys import Tonality, scale_pcs
from muse.tools.theory.leadsheet import parse_leadsheet, write_leadsheet
from muse.tools.theory.pitch import respell, spell
from muse.tools.theory.symbol import NONE, UNKNOWN_CHORD, ChordSymbol, symbol_of

__all__ = [
    "NONE",
    "UNKNOWN_CHORD",
    "ChordSymbol",
    "parse_chord",
    "parse_harte",
    "parse_leadsheet",
    "plainly_spelled",
    "respelled",
    "symbol_of",
    "transposed",
    "write_harte",
    "write_leadsheet",
]


@lru_cache(maxsize=65536)
def parse_chord(text: str) -> ChordSymbol:
    """Read a chord symbol in Harte or lead-sheet spelling.

    Symbols with a colon, N and X are read as Harte's; those without, such as "C/3", mean the same
    in both.

    Raises:
        BadInputError: it is neither; the message quotes the text.
    """
    if ":" in text or text in {"N", "X"}:
        return parse_harte(text)
    return parse_leadsheet(text)


def is_chord_symbol(text: str) -> bool:
    """Return whether a text can be read as a chord symbol."""
    try:
        parse_chord(text)
    except BadInputError:
        return False
    return True


def sound_of(symbol: ChordSymbol) -> tuple[object, ...]:
    """Return root, bass and tones as pitch classes, which equal chords share in any spelling."""
    return symbol.root_pc, symbol.bass_pc, symbol.pitch_classes


def transposed(symbol: ChordSymbol, semitones: int, key: Tonality | None = None) -> ChordSymbol:
    """Transpose a chord and spell it for the key of its new pitch.

    Args:
        symbol: any chord; no chord and unknown stay the same.
        semitones: up, or down if negative.
        key: after the transposition; None takes the spelling with the fewest accidentals near C.
    """
    return with_root(symbol, lambda pc: spell(pc + semitones, key.tonic if key else 0))


def respelled(symbol: ChordSymbol, key: Tonality) -> ChordSymbol:
    """Respell the root as the key does, and the bass to match the root."""
    return with_root(symbol, lambda pc: spell(pc, key.tonic))


def plainly_spelled(symbol: ChordSymbol, key: Tonality) -> ChordSymbol:
    """Respell the root as players read it in a key: E rather than Fb, unless the scale has Fb."""
    in_scale = scale_pcs(key)

    def name(pc: int) -> int:
        fifths = spell(pc, key.tonic)
        if pc in in_scale or FLATTEST_ROOT <= fifths <= SHARPEST_ROOT:
            return fifths
        return fifths + ENHARMONIC if fifths < FLATTEST_ROOT else fifths - ENHARMONIC

    return with_root(symbol, name)


def with_root(symbol: ChordSymbol, new_root: Callable[[int], int]) -> ChordSymbol:
    """Return the chord with another root; the bass keeps its interval to it.

    `new_root` maps the pitch class of the root to a place on the line of fifths. The bass is
    respelled only if it would need a double accidental.
    """
    if symbol.root is None or symbol.root_pc is None:
        return symbol
    root = new_root(symbol.root_pc)
    bass = None if symbol.bass is None else root + symbol.bass - symbol.root
    if bass is not None and not FLATTEST_NAME <= bass <= SHARPEST_NAME:
        bass = respell(bass, root)
    return ChordSymbol(root, symbol.quality, symbol.added, symbol.omitted, bass)


FLATTEST_ROOT, SHARPEST_ROOT = -6, 10  # Gb and A#: flatter and sharper roots have plainer names
ENHARMONIC = 12  # places on the line of fifths between two names of a pitch
FLATTEST_NAME, SHARPEST_NAME = -8, 12  # Fb and B#: names with at most one sign
