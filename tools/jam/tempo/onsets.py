"""What is heard of a player: onsets, one by one and the latest together.

Conventions: times in s. An onset may be several notes that begin together.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

REMEMBERED = 64  # the latest onsets
PITCH_BITS = 64  # pitches this far apart count as one, so that a set of them is one integer
USUAL_PITCH = 60  # where none is told: every note is then the same


@dataclass
class Onset:
    """Notes that begin together.

    Attributes:
        time_s: when the first one began.
        velocity: of the loudest.
        pitches: a bit for each.
        lowest: pitch, MIDI's.
    """

    time_s: float
    velocity: float
    pitches: int
    lowest: int = USUAL_PITCH

    def join(self, velocity: float, pitch: int) -> None:
        """Another note begins with them."""
        self.velocity = max(self.velocity, velocity)
        self.pitches |= pitch_bit(pitch)
        self.lowest = min(self.lowest, pitch)


@dataclass(frozen=True)
class Tail:
    """The latest onsets, each array of shape (..., onsets), ascending in time.

    Attributes:
        times_s: when they began; nan where there is none, which is only before the first.
        accents: how loud each is, against the usual.
        pitches: sets of bits.
        lowest: pitches.
    """

    times_s: Array
    accents: Array
    pitches: NDArray[np.uint64]
    lowest: Array

    def since(self, time_s: float) -> "Tail":
        """Those not before a time; of one performance."""
        kept = self.times_s >= time_s
        return Tail(self.times_s[kept], self.accents[kept], self.pitches[kept], self.lowest[kept])


def pitch_bit(pitch: int) -> int:
    """The bit of a pitch in a set."""
    return 1 << pitch % PITCH_BITS


class Latest:
    """The onsets that are remembered, one more each time and never more than REMEMBERED."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: deque[tuple[float, float, int, int]] = deque(maxlen=REMEMBERED)

    def add(self, onset: Onset, accent: float) -> None:
        """One more; the oldest goes where there are too many."""
        self._kept.append((onset.time_s, accent, onset.pitches, onset.lowest))

    def tail(self) -> Tail:
        """All of them."""
        times_s, accents, pitches, lowest = (
            zip(*self._kept, strict=True) if self._kept else [()] * 4
        )
        return Tail(
            np.array(times_s, np.float64),
            np.array(accents, np.float64),
            np.array(pitches, np.uint64),
            np.array(lowest, np.float64),
        )
