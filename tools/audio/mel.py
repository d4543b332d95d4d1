"""Mel spectrograms: the power in bands that are evenly spaced as ears space pitches.

Conventions: a clip is mono (frames,), full scale 1.0; a spectrogram is (bands, times). Mels are
those of Slaney, "Auditory Toolbox" (Interval Research report 1998-010): linear to 1 kHz,
logarithmic above.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32] | NDArray[np.float64]
Spectrogram = NDArray[np.float32]

BANDS = 128
LOWEST_HZ, HIGHEST_HZ = 40.0, 4000.0  # of the bands' edges; fundamentals are 55 to 1760 Hz
WINDOW_S = 0.186  # 8192 frames at 44.1 kHz: a semitone at 55 Hz is 3.3 Hz wide
HOPS_PER_WINDOW = 3
RANGE_DB = 80.0  # what is further below the loudest is cut off
LINEAR_HZ = 200 / 3  # of one mel, up to KNEE_HZ
KNEE_HZ = 1000.0
KNEE = KNEE_HZ / LINEAR_HZ  # 15 mels
LOG_STEP = math.log(6.4) / 27  # of one mel above the knee: 27 of them multiply by 6.4


def mels_of(hertz: float) -> float:
    """A frequency in mels."""
    return hertz / LINEAR_HZ if hertz < KNEE_HZ else KNEE + math.log(hertz / KNEE_HZ) / LOG_STEP


def hertz_of(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies of mels."""
    above = KNEE_HZ * np.exp(LOG_STEP * (mels - KNEE))
    return np.where(mels < KNEE, LINEAR_HZ * mels, above)


def window_frames(rate: int) -> int:
    """Length of the window, the power of two nearest to WINDOW_S."""
    return 1 << round(math.log2(WINDOW_S * rate))


@lru_cache(maxsize=4)
def bank(
    rate: int, window: int, bands: int, lowest_hz: float, highest_hz: float
) -> NDArray[np.float32]:
    """Triangles (bands, bins), each of area 1 in Hz, from its lower neighbour's peak to the next.

    Args:
        rate: of the sound, in Hz.
        window: frames of the transform.
        bands: how many.
        lowest_hz: where the first triangle begins.
        highest_hz: where the last one ends.
    """
    edges = hertz_of(np.linspace(mels_of(lowest_hz), mels_of(highest_hz), bands + 2))
    bins = np.arange(window // 2 + 1) * rate / window
    below, peak, above = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - below) / (peak - below)
    falling = (above - bins) / (above - peak)
    triangles = np.maximum(np.minimum(rising, falling), 0.0) * 2.0 / (above - below)
    return triangles.astype(np.float32)


def powers(clip: Samples, window: int, hop: int) -> NDArray[np.float32]:
    """Power spectra (bins, times) under a Hann window, the first centred on the first frame."""
    padded = np.pad(np.asarray(clip, np.float32), window // 2)
    framed = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    spectra = np.fft.rfft(framed * hann.astype(np.float32), axis=1)
    return (spectra.real**2 + spectra.imag**2).T.astype(np.float32)


def log_mel(clip: Samples, rate: int) -> Spectrogram:
    """The log-mel spectrogram (BANDS, times) of a clip in 0 to 1.

    1 is the clip's loudest value, 0 is RANGE_DB or more below it; silence is 0 throughout.

    Args:
        clip: (frames,).
        rate: in Hz.
    """
    window = window_frames(rate)
    highest = min(HIGHEST_HZ, rate / 2)
    spectra = powers(clip, window, window // HOPS_PER_WINDOW)
    bands = bank(rate, window, BANDS, LOWEST_HZ, highest) @ spectra
    loudest = float(bands.max())
    if loudest <= 0.0:
        return np.zeros_like(bands)
    floor = 10.0 ** (-RANGE_DB / 10)
    scaled: Spectrogram = 1.0 + 10.0 * np.log10(np.maximum(bands / loudest, floor)) / RANGE_DB
    return scaled
