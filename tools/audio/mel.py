"""Mel filter banks and log-mel spectrograms.

Conventions: a clip is mono (frames,), full scale 1.0; a spectrogram is (bands, frames). The mel
scale is that of Slaney, "Auditory Toolbox" (Interval Research report 1998-010): linear up to 1 kHz,
logarithmic above. BANDS, LOWEST_HZ ... are of `log_mel`, the input of the interval net.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32] | NDArray[np.float64]
Spectrogram = NDArray[np.float32]

BANDS = 128
LOWEST_HZ, HIGHEST_HZ = 40.0, 4000.0  # edges of the bands; the fundamentals are 55 to 1760 Hz
WINDOW_S = 0.186  # 8192 frames at 44.1 kHz: a semitone at 55 Hz is 3.3 Hz wide
HOPS_PER_WINDOW = 3
RANGE_DB = 80.0  # below the maximum; lower values are raised to it
LINEAR_HZ = 200 / 3  # of one mel, up to KNEE_HZ
KNEE_HZ = 1000.0
KNEE = KNEE_HZ / LINEAR_HZ  # 15 mels
LOG_STEP = math.log(6.4) / 27  # of one mel above the knee: 27 of them multiply by 6.4


def hz_to_mel(hz: float) -> float:
    """Convert a frequency in Hz to mels."""
    return hz / LINEAR_HZ if hz < KNEE_HZ else KNEE + math.log(hz / KNEE_HZ) / LOG_STEP


def mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert mels to Hz."""
    above = KNEE_HZ * np.exp(LOG_STEP * (mels - KNEE))
    return np.where(mels < KNEE, LINEAR_HZ * mels, above)


def window_frames(rate: int) -> int:
    """Return the power of two that is nearest to WINDOW_S, in frames."""
    return 1 << round(math.log2(WINDOW_S * rate))


def mel_edges(bands: int, lowest_hz: float, highest_hz: float) -> NDArray[np.float64]:
    """Return (bands + 2,) frequencies in Hz: band i rises from edge i to i + 1, falls to i + 2."""
    return mel_to_hz(np.linspace(hz_to_mel(lowest_hz), hz_to_mel(highest_hz), bands + 2))


@lru_cache(maxsize=4)
def mel_filterbank(
    rate: int, window: int, bands: int, lowest_hz: float, highest_hz: float
) -> NDArray[np.float32]:
    """Return triangular filters (bands, window // 2 + 1), each of area 1 in Hz.

    Args:
        rate: sample rate in Hz.
        window: length of the Fourier transform in frames.
        bands: number of filters.
        lowest_hz: lower edge of the first filter.
        highest_hz: upper edge of the last filter.
    """
    edges = mel_edges(bands, lowest_hz, highest_hz)
    bins = np.arange(window // 2 + 1) * rate / window
    below, peak, above = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - below) / (peak - below)
    falling = (above - bins) / (above - peak)
    triangles = np.maximum(np.minimum(rising, falling), 0.0) * 2.0 / (above - below)
    return triangles.astype(np.float32)


def power_spectra(clip: Samples, window: int, hop: int) -> NDArray[np.float32]:
    """Return power spectra (bins, frames) with a Hann window; the first is centered on sample 0."""
    padded = np.pad(np.asarray(clip, np.float32), window // 2)
    framed = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    spectra = np.fft.rfft(framed * hann.astype(np.float32), axis=1)
    return (spectra.real**2 + spectra.imag**2).T.astype(np.float32)


def log_mel(clip: Samples, rate: int) -> Spectrogram:
    """Return the log-mel spectrogram (BANDS, frames) of a clip, scaled to [0, 1].

    1 is the maximum of the clip, 0 is RANGE_DB or more below it; silence is 0 everywhere.

    Args:
        clip: (samples,).
        rate: sample rate in Hz.
    """
    window = window_frames(rate)
    highest = min(HIGHEST_HZ, rate / 2)
    spectra = power_spectra(clip, window, window // HOPS_PER_WINDOW)
    bands = mel_filterbank(rate, window, BANDS, LOWEST_HZ, highest) @ spectra
    loudest = float(bands.max())
    if loudest <= 0.0:
        return np.zeros_like(bands)
    floor = 10.0 ** (-RANGE_DB / 10)
    scaled: Spectrogram = 1.0 + 10.0 * np.log10(np.maximum(bands / loudest, floor)) / RANGE_DB
    return scaled
