"""Costs of a voicing by itself and after another one, in weighted semitones.

    motion     distance that the voices move. Voices are paired from the bottom up, which moves
               sorted chords least (Tymoczko, "The Geometry of Musical Chords", Science 313, 2006);
               the notes of a chord with fewer notes are shared equally among the voices
    common     common tones that are not held
    leap       distance of the top voice beyond a major third
    bass       distance that a separate bass moves
    register   distance of the mean pitch from the middle of the range
    mud        intervals below their low limit
    clash      minor ninths, except above the root of a dominant, and a semitone at the top

Conventions: pitches are MIDI numbers; chords are ascending tuples of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import combinations
from math import lcm

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.functions import color_of
from muse.tools.theory.pitch import OCTAVE
from muse.tools.theory.voicing_styles import Shape

Array = NDArray[np.float64]

# lowest MIDI pitch at which an interval (in semitones) is still clear, as taught to arrangers
# (Sweetwater's glossary, "Low Interval Limit"); the tritone as strict as the sixths
LOW_LIMITS = {1: 52, 2: 51, 3: 48, 4: 47, 5: 45, 6: 41, 7: 37, 8: 41, 9: 41, 10: 41, 11: 41}
FREE_LEAP = 4  # semitones that the top voice may move without cost
MINOR_NINTH = 13  # semitones
OCTAVES = 11  # of MIDI

# weights in semitones of motion
COMMON_WEIGHT = 1.0  # a common tone that is not held
LEAP_WEIGHT = 1.5  # a semitone of a leap on top
BASS_WEIGHT = 0.25  # a semitone of the bass
REGISTER_WEIGHT = 0.3  # a semitone off the middle
MUD_WEIGHT = 6.0  # an interval below its limit
CLASH_WEIGHT = 8.0  # a minor ninth, or a semitone on top


@dataclass(frozen=True)
class Costs:
    """Costs of a voicing after the one before it, by reason, in weighted semitones, each >= 0."""

    motion: float = 0.0
    common: float = 0.0
    leap: float = 0.0
    bass: float = 0.0
    register: float = 0.0
    mud: float = 0.0
    clash: float = 0.0

    @property
    def total(self) -> float:
        """Sum of all costs."""
        return float(sum(getattr(self, field.name) for field in fields(self)))


@dataclass(frozen=True, eq=False)
class Candidates:
    """The possible voicings of one chord; equal only to itself.

    Attributes:
        bass: (n,) pitch of a separate bass; empty without one.
        upper: n ascending tuples of the other pitches.
        static: (n, 3) register, mud and clash.
    """

    bass: NDArray[np.int64]
    upper: list[Shape]
    static: Array

    def pitches(self, index: int) -> tuple[int, ...]:
        """Return all pitches of one candidate."""
        return (*self.bass[index : index + 1].tolist(), *self.upper[index])


def muddiness(pitches: Sequence[int]) -> int:
    """Count the intervals below their low limit."""
    return sum(a < LOW_LIMITS.get(b - a, 0) for a, b in combinations(pitches, 2))


def static_costs(
    uppers: Sequence[Shape], mud: int, symbol: ChordSymbol, span: tuple[int, int]
) -> Array:
    """Return the costs of each candidate by itself, (n, 3): register, mud, clash."""
    middle = sum(span) / 2
    root = symbol.root_pc if color_of(symbol) == "dominant" else None
    return np.array(
        [
            (
                REGISTER_WEIGHT * abs(sum(upper) / len(upper) - middle),
                MUD_WEIGHT * mud,
                CLASH_WEIGHT * clashes(upper, root),
            )
            for upper in uppers
        ]
    )


def clashes(upper: Shape, exempt: int | None) -> int:
    """Count minor ninths, except above the exempt pitch class, and a semitone at the top."""
    ninths = sum(b - a == MINOR_NINTH and a % OCTAVE != exempt for a, b in combinations(upper, 2))
    return ninths + (len(upper) > 1 and upper[-1] - upper[-2] == 1)


@lru_cache(maxsize=256)
def moving_costs(before: Candidates, after: Candidates) -> Array:
    """Return the costs between all candidates, (4, n, m): motion, common, leap, bass."""
    sizes = [np.array([len(upper) for upper in side.upper]) for side in (before, after)]
    voices = lcm(*sizes[0].tolist(), *sizes[1].tolist())
    a, b = spread(before.upper, voices), spread(after.upper, voices)
    steps = np.abs(a[:, None, :] - b[None, :, :])
    motion = steps.mean(axis=2) * np.maximum(sizes[0][:, None], sizes[1][None, :])
    leaps = LEAP_WEIGHT * np.maximum(steps[:, :, -1] - FREE_LEAP, 0)
    bass = np.zeros(leaps.shape)
    if len(before.bass) and len(after.bass):
        bass = BASS_WEIGHT * np.abs(before.bass[:, None] - after.bass[None, :])
    return np.stack([motion, missed_common_tones(before.upper, after.upper), leaps, bass])


def spread(uppers: Sequence[Shape], voices: int) -> Array:
    """Return pitches (n, voices); notes of smaller chords are repeated in several voices."""
    return np.array(
        [[upper[voice * len(upper) // voices] for voice in range(voices)] for upper in uppers],
        float,
    )


def missed_common_tones(before: Sequence[Shape], after: Sequence[Shape]) -> Array:
    """Return the weighted number of common pitch classes without a held pitch, (n, m)."""
    a, b = rolls_of(before), rolls_of(after)
    held = np.einsum("nco,mco->nmc", a, b) > 0
    both = np.einsum("nc,mc->nmc", a.max(axis=2), b.max(axis=2)) > 0
    missed: Array = COMMON_WEIGHT * (both & ~held).sum(axis=2)
    return missed


def rolls_of(uppers: Sequence[Shape]) -> NDArray[np.float32]:
    """Return (n, 12, octaves): one where a chord has the pitch class in the octave."""
    rolls = np.zeros((len(uppers), OCTAVE, OCTAVES), np.float32)
    for roll, upper in zip(rolls, uppers, strict=True):
        for pitch in upper:
            roll[pitch % OCTAVE, pitch // OCTAVE] = 1
    return rolls
