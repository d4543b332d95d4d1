"""Chord symbols: reading and writing them in either spelling, moving and respelling them."""

from collections.abc import Callable
from functools import lru_cache

from muse.tools.errors import BadInputError
from muse.tools.theory.harte import parse_harte, write_harte
from muse.tools.theory.keys import Tonality
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
    "respelled",
    "symbol_of",
    "transposed",
    "write_harte",
    "write_leadsheet",
]


@lru_cache(maxsize=65536)
def parse_chord(text: str) -> ChordSymbol:
    """Read a chord symbol in Harte's or a lead sheet's spelling.

    A colon behind the root, N and X mark Harte's; "C/3" and "C" mean the same in both.

    Raises:
        BadInputError: it is neither; the message has the text.
    """
    if ":" in text or text in {"N", "X"}:
        return parse_harte(text)
    return parse_leadsheet(text)


def is_chord_symbol(text: str) -> bool:
    """Whether the text reads as a chord symbol."""
    try:
        parse_chord(text)
    except BadInputError:
        return False
    return True


def sound_of(symbol: ChordSymbol) -> tuple[object, ...]:
    """What two spellings of one chord share."""
    return symbol.root_pc, symbol.bass_pc, symbol.pitch_classes


def transposed(symbol: ChordSymbol, semitones: int, key: Tonality | None = None) -> ChordSymbol:
    """The chord some semitones higher, spelled for the key it arrives in.

    Args:
        symbol: any chord; no chord and unknown stay what they are.
        semitones: up, or down where negative.
        key: the key after the move; without it the spelling with the fewest signs near C.
    """
    return moved(symbol, lambda pc: spell(pc + semitones, key.tonic if key else 0))


def respelled(symbol: ChordSymbol, key: Tonality) -> ChordSymbol:
    """The same chord with its root spelled as the key would, and its bass to fit the root."""
    return moved(symbol, lambda pc: spell(pc, key.tonic))


def moved(symbol: ChordSymbol, place: Callable[[int], int]) -> ChordSymbol:
    """The chord with its root placed anew by its pitch class; the bass keeps its degree.

    The bass is respelled only where the degree would need a double sign.
    """
    if symbol.root is None or symbol.root_pc is None:
        return symbol
    root = place(symbol.root_pc)
    bass = None if symbol.bass is None else root + symbol.bass - symbol.root
    if bass is not None and not FLATTEST_NAME <= bass <= SHARPEST_NAME:
        bass = respell(bass, root)
    return ChordSymbol(root, symbol.quality, symbol.added, symbol.omitted, bass)


FLATTEST_NAME, SHARPEST_NAME = -8, 12  # Fb and B#: names with at most one sign
