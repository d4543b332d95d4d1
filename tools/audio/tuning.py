"""Estimate the tuning of a recording relative to A4 = 440 Hz.

The distance of each spectral peak from the nearest equal-tempered pitch is taken as an angle on a
circle of one semitone, weighted by magnitude. The direction of the mean vector is the tuning, its
length the agreement of the peaks.
"""

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import SAMPLE_RATE
from muse.tools.audio.spectra import Signal, hann_window, rfft
from muse.tools.theory.pitch import A4, A4_HZ

WINDOW = 8192  # samples, 2.7 Hz a bin
HOP = 4096  # samples
BIN_HZ = SAMPLE_RATE / WINDOW
LOWEST_HZ, HIGHEST_HZ = 80.0, 2000.0  # bins are too wide below, partials inharmonic above
MIN_AGREEMENT = 0.3  # in [0, 1]; below it the estimate is unreliable
FLOOR_DB = 50.0  # peaks further below the highest one are ignored
ANALYZED_S = 60.0  # seconds of audio that are analyzed


def estimate_tuning(audio: Signal) -> float:
    """Return the tuning in cents above A4 = 440 Hz, in [-50, 50); 0.0 if the peaks do not agree.

    Args:
        audio: (samples,) mono at SAMPLE_RATE; the first minute is analyzed.
    """
    audio = audio[: int(ANALYZED_S * SAMPLE_RATE)]
    padded = np.pad(audio, (0, max(WINDOW - len(audio), 0)))
    cut = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = hann_window(WINDOW)
    magnitude = np.abs(np.concatenate([rfft(frame[None] * window) for frame in cut]))
    hz, weight = spectral_peaks(magnitude[:, : int(HIGHEST_HZ / BIN_HZ) + 3])
    if not len(hz) or weight.sum() <= 0:
        return 0.0
    semitones = A4 + 12.0 * np.log2(hz / A4_HZ)
    mean = np.sum(weight * np.exp(2j * np.pi * semitones)) / weight.sum()
    return float(np.angle(mean) / (2 * np.pi) * 100.0) if abs(mean) >= MIN_AGREEMENT else 0.0


def spectral_peaks(
    magnitude: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return frequencies in Hz and weights of the spectral peaks, by parabolic interpolation."""
    level = np.log(magnitude + 1e-7)
    left, middle, right = level[:, :-2], level[:, 1:-1], level[:, 2:]
    bins = np.arange(1, magnitude.shape[1] - 1) * BIN_HZ
    loud = middle > level.max() - FLOOR_DB / 20 * np.log(10)
    inside = (bins >= LOWEST_HZ) & (bins <= HIGHEST_HZ)
    peak = (middle > left) & (middle >= right) & loud & inside
    row, column = np.nonzero(peak)
    a, b, c = left[row, column], middle[row, column], right[row, column]
    shift = 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-9)
    hz = (column + 1 + shift) * BIN_HZ
    return hz.astype(np.float64), np.sqrt(np.exp(b)).astype(np.float64)
