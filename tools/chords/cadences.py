"""Cadences: which chords may end a progression in a key, as rules on chord functions.

Source: Aldwell, Schachter and Cadwallader, "Harmony and Voice Leading", for full (authentic), half
and plagal cadences; an "open" ending only stays in the key.
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
UNSTABLE = ("suspended", "augmented")  # families of qualities in which a tonic does not rest


def is_in_key(function: Function, symbol: ChordSymbol) -> bool:
    """Return whether the chord is diatonic."""
    return function.kind == "diatonic"


def is_tonic(function: Function, symbol: ChordSymbol) -> bool:
    """Return whether the chord is a stable tonic in root position."""
    is_degree_one = is_in_key(function, symbol) and function.degree == "I"
    is_stable = quality(symbol.quality).family not in UNSTABLE
    return is_degree_one and is_stable and symbol.bass_pc == symbol.root_pc


def is_dominant(function: Function, symbol: ChordSymbol) -> bool:
    """Return whether the chord is V, with the leading tone or suspended, without major seventh."""
    is_fifth = is_in_key(function, symbol) and function.name == "V"
    return is_fifth and MAJOR_SEVENTH not in symbol.intervals


def is_root_position_dominant(function: Function, symbol: ChordSymbol) -> bool:
    """Return whether the chord is V in root position."""
    return is_dominant(function, symbol) and symbol.bass_pc == symbol.root_pc


def is_subdominant(function: Function, symbol: ChordSymbol) -> bool:
    """Return whether the chord is the fourth degree, major or minor."""
    return function.degree == "IV" and function.role == "S"


@dataclass(frozen=True)
class Cadence:
    """The rules of one cadence.

    Attributes:
        last: rule for the last chord.
        before: rule for the chord before it; None for any.
        words: both rules in words, for messages.
        arrives: whether the last chord starts the last bar, where durations allow it.
    """

    last: Rule
    before: Rule | None
    words: str
    arrives: bool = True


CADENCES: dict[CadenceName, Cadence] = {
    "full": Cadence(is_tonic, is_dominant, "V, then I at the end"),
    "half": Cadence(is_root_position_dominant, None, "V at the end"),
    "plagal": Cadence(is_tonic, is_subdominant, "IV, then I at the end"),
    "open": Cadence(is_in_key, None, "a chord of the key at the end", arrives=False),
}


def satisfies(rule: Rule | None, symbol: ChordSymbol, key: Tonality) -> bool:
    """Return whether a chord satisfies a rule in a key; True without a rule."""
    return rule is None or (symbol.is_chord and rule(function_of(symbol, key), symbol))
