"""How a progression begins and ends in its key: the table of cadences, as rules on chords.

Source: Aldwell, Schachter and Cadwallader, "Harmony and Voice Leading", for full (authentic), half
and plagal cadences; "open" only stays in the key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.functions import Function, function_of
from muse.tools.theory.intervals import Interval
from muse.tools.theory.keys import Tonality
from muse.tools.theory.qualities import quality

CadenceName = Literal["full", "half", "plagal", "open"]
CADENCE_NAMES: Final[tuple[CadenceName, ...]] = get_args(CadenceName)
Rule = Callable[[Function, ChordSymbol], bool]

MAJOR_SEVENTH = Interval(7)
UNSETTLED = ("suspended", "augmented")  # families that a tonic cannot rest in


def is_in_key(function: Function, symbol: ChordSymbol) -> bool:
    """Whether the chord belongs to the key."""
    return function.kind == "diatonic"


def is_tonic(function: Function, symbol: ChordSymbol) -> bool:
    """Whether it is the tonic, on its root and at rest."""
    is_first = is_in_key(function, symbol) and function.degree == "I"
    settled = quality(symbol.quality).family not in UNSETTLED
    return is_first and settled and symbol.bass_pc == symbol.root_pc


def is_dominant(function: Function, symbol: ChordSymbol) -> bool:
    """Whether it is V, with the leading tone or suspended, and without a major seventh."""
    is_fifth = is_in_key(function, symbol) and function.name == "V"
    return is_fifth and MAJOR_SEVENTH not in symbol.intervals


def is_resting_dominant(function: Function, symbol: ChordSymbol) -> bool:
    """Whether it is V on its root."""
    return is_dominant(function, symbol) and symbol.bass_pc == symbol.root_pc


def is_subdominant(function: Function, symbol: ChordSymbol) -> bool:
    """Whether it is the fourth degree, major or minor."""
    return function.degree == "IV" and function.role == "S"


@dataclass(frozen=True)
class Cadence:
    """What the last chord is, the one before it where that matters, and both in words."""

    last: Rule
    before: Rule | None
    words: str


CADENCES: dict[CadenceName, Cadence] = {
    "full": Cadence(is_tonic, is_dominant, "V, then I at the end"),
    "half": Cadence(is_resting_dominant, None, "V at the end"),
    "plagal": Cadence(is_tonic, is_subdominant, "IV, then I at the end"),
    "open": Cadence(is_in_key, None, "a chord of the key at the end"),
}


def follows(rule: Rule | None, symbol: ChordSymbol, key: Tonality) -> bool:
    """Whether a chord keeps a rule in a key; no rule is always kept."""
    return rule is None or (symbol.is_chord and rule(function_of(symbol, key), symbol))
