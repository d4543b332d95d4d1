"""The pitch of a single note, by the YIN algorithm.

Source: de Cheveigne and Kawahara, "YIN, a fundamental frequency estimator for speech and music",
JASA 2002. The squared difference between the sound and its delayed copy, divided by its mean over
all shorter lags, has a minimum at the period. Lags are in samples; pitches are fractional MIDI
numbers.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.pitch import A4, A4_HZ

Samples = NDArray[np.float32] | NDArray[np.float64]
Values = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 40.0, 2500.0  # range of fundamentals
WINDOW_S = 0.05  # length of the two compared stretches
HOP_S = 0.025  # hop length
THRESHOLD = 0.15  # of the normalized difference; the first minimum below it is the period
QUIETEST = 1e-12  # power; frames below it are silent


def note_pitch(samples: Samples, rate: int) -> tuple[float, float]:
    """Estimate the pitch of a note.

    Args:
        samples: (n,), one note; short ones are padded.
        rate: sample rate in Hz.

    Returns:
        The median pitch of the periodic frames, and their share of all frames that are not silent;
        nan and 0 for silence.
    """
    lags, unlike = periods(frames_of(samples, rate), rate)
    if not len(lags):
        return float("nan"), 0.0
    repeats = unlike < THRESHOLD
    chosen = lags[repeats] if repeats.any() else lags[[int(np.argmin(unlike))]]
    return float(A4 + 12 * np.log2(rate / np.median(chosen) / A4_HZ)), float(np.mean(repeats))


def interval_by_yin(first: Samples, second: Samples, rate: int) -> int:
    """Return the interval from one note to the other in semitones; 0 if one is silent."""
    size = note_pitch(second, rate)[0] - note_pitch(first, rate)[0]
    return round(size) if np.isfinite(size) else 0


def frames_of(samples: Samples, rate: int) -> Values:
    """Return the frames that are not silent, (n, window + longest lag)."""
    length = round(WINDOW_S * rate) + round(rate / LOWEST_HZ)
    padded = np.pad(samples.astype(np.float64), (0, max(length - len(samples), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[:: round(HOP_S * rate)]
    loud: Values = frames[np.mean(frames**2, axis=1) > QUIETEST]
    return loud


def periods(frames: Values, rate: int) -> tuple[Values, Values]:
    """Return the period of each frame in fractional samples, and the normalized difference."""
    unlike = normalized_difference(frames, round(WINDOW_S * rate))
    shortest = int(rate / HIGHEST_HZ)
    inner = unlike[:, shortest:-1]
    dips = (inner < unlike[:, shortest - 1 : -2]) & (inner <= unlike[:, shortest + 1 :])
    low = dips & (inner < THRESHOLD)
    best = np.where(low.any(axis=1), low.argmax(axis=1), inner.argmin(axis=1)) + shortest
    rows = np.arange(len(frames))
    left, middle, right = (unlike[rows, best + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    offset = np.where(bend > 0, 0.5 * (left - right) / np.where(bend > 0, bend, 1.0), 0.0)
    return best + np.clip(offset, -1.0, 1.0), middle


def normalized_difference(frames: Values, window: int) -> Values:
    """Return YIN's d' of each frame, (n, longest lag): 1 at lag 0, 0 at an exact repetition."""
    longest = frames.shape[1] - window
    size = 1 << (frames.shape[1] + window - 1).bit_length()
    spectra = np.fft.rfft(frames, size), np.fft.rfft(frames[:, :window], size)
    product = np.fft.irfft(spectra[0] * np.conj(spectra[1]), size)[:, :longest]
    sums = np.pad(np.cumsum(frames**2, axis=1), ((0, 0), (1, 0)))
    power = sums[:, window : window + longest] - sums[:, :longest]
    difference = np.maximum(power[:, :1] + power - 2 * product, 0.0)
    totals = np.cumsum(difference, axis=1)
    unlike = np.ones_like(difference)
    np.divide(difference * np.arange(longest), totals, out=unlike, where=totals > 0)
    return unlike
