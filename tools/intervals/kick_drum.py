"""Tell a kick drum from a low note: its pitch is not steady, and it has hardly any partials.

Conventions: sounds are mono (frames,); pitches are MIDI with fractions.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.intervals.clip_settings import frequency_of

HIGHEST_PITCH = 46.0  # of a kick drum, 117 Hz
STEADY = 0.4  # semitones that the pitch of a note may fall or rise from its beginning to its end
EARLY_SHARE = 0.7  # share of the power of a stroke in its first half, at least
LEAST_PERIODIC = 0.4  # share of the frames of a note that are periodic
FIRST_FRAMES = 2  # periodic frames at the beginning
FUNDAMENTAL_SHARE = 0.82  # of the power of a drum below its second partial
NOISY_SHARE = 0.4  # the same, of a drum that is not periodic anywhere
NOT_PERIODIC = 0.1  # share of periodic frames
BELOW_SECOND = 1.5  # times the fundamental frequency

Values = NDArray[np.float64]


def is_kick_drum(sound: NDArray[np.float32], rate: int, pitch: float, pitches: Values) -> bool:
    """Return whether what sounds like a low note is the stroke of a kick drum.

    Args:
        sound: of the note.
        rate: sample rate, Hz.
        pitch: of the note.
        pitches: of its frames by YIN; NaN where it is not periodic.
    """
    if pitch > HIGHEST_PITCH or not len(pitches):
        return False
    periodic = pitches[~np.isnan(pitches)]
    share = len(periodic) / len(pitches)
    limit = NOISY_SHARE if share < NOT_PERIODIC else FUNDAMENTAL_SHARE
    unsteady = share < LEAST_PERIODIC or abs(pitch_fall(periodic)) > STEADY
    dies_away = early_share(sound, rate, pitch) > EARLY_SHARE  # a low tone in noise does not
    return unsteady and dies_away and fundamental_share(sound, rate, pitch) > limit


def pitch_fall(pitches: Values) -> float:
    """Return how far the pitch falls from the beginning to the last third, in semitones."""
    last = pitches[-max(len(pitches) // 3, 1) :]
    return float(np.median(pitches[:FIRST_FRAMES]) - np.median(last))


def early_share(sound: NDArray[np.float32], rate: int, pitch: float) -> float:
    """Return the share of the power below the second partial that is in the first half, 0 to 1."""
    spectrum = np.fft.rfft(sound)
    spectrum[
        np.arange(len(spectrum)) * rate / max(len(sound), 1) > BELOW_SECOND * frequency_of(pitch)
    ] = 0
    power = np.fft.irfft(spectrum, len(sound)) ** 2
    return float(power[: len(power) // 2].sum() / max(power.sum(), 1e-12))


def fundamental_share(sound: NDArray[np.float32], rate: int, pitch: float) -> float:
    """Return the share of the power below the second partial, 0 to 1."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.arange(len(power)) * rate / max(len(sound), 1)
    low = power[hertz < BELOW_SECOND * frequency_of(pitch)].sum()
    return float(low / max(power.sum(), 1e-12))
