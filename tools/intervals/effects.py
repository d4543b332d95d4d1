"""Effects on a clip: reverberation, noise and level.

Conventions: clips are mono arrays (frames,); levels and ratios are in dB.
"""

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

WET_DB = -12.0  # power of the reverberation relative to the direct sound, for stationary sounds
LOWEST_PINK_HZ = 20.0  # pink noise is flat below
FALL = np.log(1e3)  # 60 dB as the natural logarithm of an amplitude ratio


def db_to_amplitude(ratio_db: float) -> float:
    """Convert a ratio in dB to a ratio of amplitudes."""
    return float(10 ** (ratio_db / 20))


def room_response(reverb_s: float, sample_rate: int, rng: np.random.Generator) -> Sound:
    """Make a room's impulse response: the direct sound, then noise that falls by 60 dB.

    After Moorer, "About this reverberation business", CMJ 1979; `reverb_s` is the reverberation
    time (RT60).
    """
    frames = max(round(reverb_s * sample_rate), 2)
    tail: Sound = rng.standard_normal(frames) * np.exp(-FALL * np.arange(frames) / frames)
    tail[0] = 0.0
    tail *= db_to_amplitude(WET_DB) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def convolve(clip: Sound, response: Sound) -> Sound:
    """Convolve a clip with an impulse response, cut to the clip's length."""
    size = 1 << (len(clip) + len(response) - 2).bit_length()
    product = np.fft.rfft(clip, size) * np.fft.rfft(response, size)
    convolved: Sound = np.fft.irfft(product, size)[: len(clip)]
    return convolved


def noise(frames: int, color: str, sample_rate: int, rng: np.random.Generator) -> Sound:
    """Make noise of power 1: 'white' has equal power in each Hz, 'pink' in each octave."""
    white: Sound = rng.standard_normal(frames)
    if color == "pink":
        spectrum = np.fft.rfft(white)
        frequencies = np.fft.rfftfreq(frames, 1 / sample_rate)
        white = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, LOWEST_PINK_HZ)), frames)
    white /= np.sqrt(np.mean(white**2))
    return white


def add_noise(clip: Sound, sounding: slice, snr_db: float, added: Sound) -> Sound:
    """Add noise to a clip at a signal-to-noise ratio.

    Args:
        clip: without noise.
        sounding: frames of the notes, over which the signal's power is averaged.
        snr_db: 10 log10 of signal power divided by noise power.
        added: noise of power 1, as long as the clip.
    """
    power = float(np.mean(clip[sounding] ** 2))
    noisy: Sound = clip + added * (np.sqrt(power) / db_to_amplitude(snr_db))
    return noisy


def normalize_peak(clip: Sound, peak_dbfs: float) -> Sound:
    """Scale a clip to a peak level; silence is returned unchanged."""
    peak = float(np.abs(clip).max(initial=0.0))
    if not peak:
        return clip
    scaled: Sound = clip * (db_to_amplitude(peak_dbfs) / peak)
    return scaled
