"""Onsets of a player: single ones, and the latest ones as arrays.

Conventions: times in s. An onset may be several notes that begin together.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_ONSETS = 64  # the latest ones, which are stored
PITCH_BITS = 64  # pitches this far apart share a bit, so that a set of pitches fits in 64 bits
USUAL_PITCH = 60  # for notes whose pitch is not known


@dataclass
class Onset:
    """Notes that begin together.

    Attributes:
        time_s: the first onset.
        velocity: of the loudest note.
        pitches: bit set of pitches, see `pitch_bit`.
        lowest: the lowest MIDI pitch.
    """

    time_s: float
    velocity: float
    pitches: int
    lowest: int = USUAL_PITCH

    def join(self, velocity: float, pitch: int) -> None:
        """Add a note that begins with the others."""
        self.velocity = max(self.velocity, velocity)
        self.pitches |= pitch_bit(pitch)
        self.lowest = min(self.lowest, pitch)


@dataclass(frozen=True)
class OnsetArrays:
    """The latest onsets, each array of shape (..., onsets), ascending in time.

    Attributes:
        times_s: onset times; nan before the first, as padding.
        accents: loudness relative to the running mean.
        pitches: bit sets of pitches.
        lowest: lowest MIDI pitches.
    """

    times_s: Array
    accents: Array
    pitches: NDArray[np.uint64]
    lowest: Array

    def since(self, time_s: float) -> "OnsetArrays":
        """Return the onsets at or after a time, of a single performance."""
        chosen = self.times_s >= time_s
        return OnsetArrays(
            self.times_s[chosen], self.accents[chosen], self.pitches[chosen], self.lowest[chosen]
        )


def pitch_bit(pitch: int) -> int:
    """Return the bit of a pitch in a bit set."""
    return 1 << pitch % PITCH_BITS


class RecentOnsets:
    """A buffer of the latest onsets, at most MAX_ONSETS."""

    def __init__(self) -> None:
        """Start empty."""
        self._onsets: deque[tuple[float, float, int, int]] = deque(maxlen=MAX_ONSETS)

    def add(self, onset: Onset, accent: float) -> None:
        """Add an onset; the oldest is dropped when the buffer is full."""
        self._onsets.append((onset.time_s, accent, onset.pitches, onset.lowest))

    def arrays(self) -> OnsetArrays:
        """Return all onsets in the buffer as arrays."""
        times_s, accents, pitches, lowest = (
            zip(*self._onsets, strict=True) if self._onsets else [()] * 4
        )
        return OnsetArrays(
            np.array(times_s, np.float64),
            np.array(accents, np.float64),
            np.array(pitches, np.uint64),
            np.array(lowest, np.float64),
        )
