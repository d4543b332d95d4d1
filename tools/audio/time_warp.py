"""Read a sound at times that are not evenly spaced, as a tape whose speed changes.

Conventions: sounds are mono (frames,); positions are in frames of the sound, with fractions.
"""

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32] | NDArray[np.float64]
Positions = NDArray[np.float64]

OVERSAMPLING = (
    8  # before linear interpolation; its errors are below -55 dB up to a tenth of the rate
)


def sound_at(sound: Sound, positions: Positions) -> NDArray[np.float64]:
    """Return the sound at each position; the first and the last sample where it has ended."""
    import soxr

    if not len(sound):
        return np.zeros(len(positions))
    fine = soxr.resample(np.asarray(sound, np.float64), 1.0, OVERSAMPLING, quality="HQ")
    places = np.arange(len(fine)) / OVERSAMPLING
    found: NDArray[np.float64] = np.interp(positions, places, fine)
    return found


def positions_at_speeds(speeds: Positions) -> Positions:
    """Return the position of each frame that is played, from the speed at each: 1 is unchanged."""
    return np.concatenate([[0.0], np.cumsum(speeds)[:-1]])


def positions_of_even_phase(speeds: Positions) -> Positions:
    """Return where to read a sound so that a phase, which advances at these speeds, is even.

    It is the inverse of `positions_at_speeds`: what that one has bent is straight again.
    """
    phase = positions_at_speeds(speeds)
    count = int(np.floor(phase[-1])) + 1 if len(phase) else 0
    found: Positions = np.interp(np.arange(count), phase, np.arange(len(phase)))
    return found
