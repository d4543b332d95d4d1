"""Chord events: chord ids, duration classes and the context of a song, as chord models take them.

Conventions: chord ids are those of harmony_columns.CHORD_VOCABULARY, with absolute roots. Repeats
are merged: neighbors never have the same id. A change of the bass alone begins no new event; an
event has its first bass. Beats are quarter notes.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.harmony_columns import (
    CHORD_VOCABULARY,
    FIRST_CHORD_ID,
    NO_CHORD_ID,
    TIME_TOLERANCE,
    chord_of_id,
)
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import NONE, UNKNOWN_CHORD, ChordSymbol
from muse.tools.theory.functions import function_code
from muse.tools.theory.keys import Mode, tonality
from muse.tools.theory.pitch import spell
from muse.tools.theory.qualities import quality_of_code

Style = Literal["pop", "soul", "rock", "jazz", "neo-soul"]
STYLES: Final[tuple[Style, ...]] = get_args(Style)  # a style's code is its index
MODES: Final[tuple[Mode, ...]] = get_args(Mode)  # a mode's code is its index
VOCABULARY_SIZE = len(CHORD_VOCABULARY)
FIRST_TARGET_ID = NO_CHORD_ID  # ids from here on can be predicted; special tokens are below

# Beats of each duration class. They are exact for 99.9 % of the chords of POP909, 99.7 % of
# Billboard and 99.1 % of the jazz tunes. Other durations go to the nearest class by ratio, and
# longer ones (0.1 % of Billboard) to the longest.
DURATIONS = (
    *(0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0),
    *(13.0, 14.0, 15.0, 16.0, 18.0, 20.0, 24.0, 28.0, 32.0, 40.0, 48.0, 64.0),
)
LOG_DURATIONS = np.log(DURATIONS)
RELATIVE_MAJOR: dict[Mode, int] = {"major": 0, "minor": 3}  # semitones up to its tonic


@dataclass(frozen=True)
class ChordEvent:
    """One chord of a song.

    Attributes:
        chord_id: FIRST_TARGET_ID and up, or UNKNOWN_ID for a chord that could not be read.
        bass: semitones from the root up to the bass, 0 to 11; 0 without a root.
        duration_class: index in DURATIONS of the nearest duration.
        start_beats: from the song's start.
        duration_beats: exact time until the next chord begins.
        bar_position_beats: from the bar line before it.
    """

    chord_id: int
    bass: int
    duration_class: int
    start_beats: float
    duration_beats: float
    bar_position_beats: float


@dataclass(frozen=True)
class Context:
    """A song's main key and meter, and its style."""

    tonic_pc: int
    mode: Mode
    style: Style
    numerator: int = 4
    denominator: int = 4

    @property
    def style_code(self) -> int:
        """Index in STYLES."""
        return STYLES.index(self.style)

    @property
    def mode_code(self) -> int:
        """Index in MODES: 0 major, 1 minor."""
        return MODES.index(self.mode)

    @property
    def home_pc(self) -> int:
        """Tonic of the major key with the same signature, which the common key moves to C."""
        return (self.tonic_pc + RELATIVE_MAJOR[self.mode]) % 12

    @property
    def bar_beats(self) -> float:
        """Length of a bar in beats."""
        return bar_beats(Meter(0.0, self.numerator, self.denominator))


def duration_class(beats: float) -> int:
    """Return the index in DURATIONS of the nearest duration by ratio.

    Args:
        beats: above 0; anything above the longest goes to the longest.
    """
    return int(np.abs(LOG_DURATIONS - np.log(max(beats, TIME_TOLERANCE))).argmin())


def bar_position(beat: float, meters: Sequence[Meter]) -> float:
    """Return beats since the last bar line, in the meter in force; 4/4 without any meter."""
    index = bisect_right([meter.beat for meter in meters], beat + TIME_TOLERANCE) - 1
    meter = meters[max(index, 0)] if meters else Meter(0.0, 4, 4)
    position = (beat - meter.beat + TIME_TOLERANCE) % bar_beats(meter) - TIME_TOLERANCE
    return max(round(position, 6), 0.0)


@lru_cache(maxsize=65536)
def symbol_of_id(chord_id: int, bass: int = 0, tonic: int = 0) -> ChordSymbol:
    """Return the chord symbol of an id, spelled near a tonic.

    Args:
        chord_id: any id of the vocabulary; special tokens give the unknown chord.
        bass: semitones from the root up to the bass, 0 to 11.
        tonic: position on the line of fifths.
    """
    root, code = chord_of_id(chord_id)
    if root is None:
        return NONE if chord_id == NO_CHORD_ID else UNKNOWN_CHORD
    root_fifths = spell(root, tonic)
    bass_fifths = spell(root + bass, root_fifths) if bass else None
    return ChordSymbol(root_fifths, quality_of_code(code).name, bass=bass_fifths)


@lru_cache(maxsize=65536)
def function_code_of(chord_id: int, bass: int, tonic_pc: int, mode: Mode) -> int:
    """Return the code of a chord's function in a key, from the chord alone.

    Unlike in `theory.annotate` the next chord is not used: otherwise a model that predicts it could
    read it from the column of the chord before.

    Args:
        chord_id: any id of the vocabulary.
        bass: semitones from the root up to the bass, 0 to 11.
        tonic_pc: pitch class of the key's tonic, 0 to 11.
        mode: of the key.
    """
    key = tonality(tonic_pc, mode)
    return function_code(symbol_of_id(chord_id, bass, key.tonic), key)


def transposed_ids(ids: NDArray[np.integer], semitones: int) -> NDArray[np.int64]:
    """Return chord ids transposed up by semitones; special tokens and no chord stay."""
    moved: NDArray[np.int64] = transposition(semitones)[ids]
    return moved


@lru_cache(maxsize=12)
def transposition_up(semitones: int) -> NDArray[np.int64]:
    """Return `transposition` by 0 to 11 semitones."""
    ids = np.arange(VOCABULARY_SIZE)
    index = ids - FIRST_CHORD_ID  # quality by quality, 12 roots each
    higher = FIRST_CHORD_ID + index // 12 * 12 + (index + semitones) % 12
    moved: NDArray[np.int64] = np.where(index < 0, ids, higher)
    moved.setflags(write=False)
    return moved


def transposition(semitones: int) -> NDArray[np.int64]:
    """Return for every id the id of the chord some semitones higher, shape (VOCABULARY_SIZE,).

    To transpose probabilities down, index them with it: `p[transposition(n)][i]` is the probability
    of the chord n semitones above i.
    """
    return transposition_up(semitones % 12)
