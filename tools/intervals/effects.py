"""What happens to a clip on its way to the ear: a room, noise, a level.

Conventions: clips are (frames,) arrays of mono sound; levels and ratios in dB.
"""

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

WET_DB = -12.0  # power of the room's sound by that of the direct one, for a stationary sound
LOWEST_PINK_HZ = 20.0  # below, pink noise is flat
FALL = np.log(1e3)  # 60 dB, as the natural logarithm of an amplitude


def decibels(ratio_db: float) -> float:
    """The ratio of amplitudes that so many dB are."""
    return float(10 ** (ratio_db / 20))


def room(reverb_s: float, sample_rate: int, dice: np.random.Generator) -> Sound:
    """The response of a room: the direct sound, then noise that falls by 60 dB in `reverb_s`.

    After Moorer, "About this reverberation business", CMJ 1979.
    """
    frames = max(round(reverb_s * sample_rate), 2)
    tail: Sound = dice.standard_normal(frames) * np.exp(-FALL * np.arange(frames) / frames)
    tail[0] = 0.0
    tail *= decibels(WET_DB) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def convolved(clip: Sound, response: Sound) -> Sound:
    """The clip in the room, cut to its length."""
    size = 1 << (len(clip) + len(response) - 2).bit_length()
    product = np.fft.rfft(clip, size) * np.fft.rfft(response, size)
    heard: Sound = np.fft.irfft(product, size)[: len(clip)]
    return heard


def noise(frames: int, colour: str, sample_rate: int, dice: np.random.Generator) -> Sound:
    """Noise of power 1: 'white' has the same power in each Hz, 'pink' in each octave."""
    white: Sound = dice.standard_normal(frames)
    if colour == "pink":
        spectrum = np.fft.rfft(white)
        frequencies = np.fft.rfftfreq(frames, 1 / sample_rate)
        white = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, LOWEST_PINK_HZ)), frames)
    white /= np.sqrt(np.mean(white**2))
    return white


def with_noise(clip: Sound, sounding: slice, snr_db: float, added: Sound) -> Sound:
    """The clip with noise of power 1 added, at a ratio of signal to noise.

    Args:
        clip: without noise.
        sounding: where the notes are; the signal's power is its mean there.
        snr_db: 10 log10 of the signal's power by the noise's.
        added: as long as the clip.
    """
    power = float(np.mean(clip[sounding] ** 2))
    noisy: Sound = clip + added * (np.sqrt(power) / decibels(snr_db))
    return noisy


def levelled(clip: Sound, peak_dbfs: float) -> Sound:
    """The clip with its highest sample at that level; silence stays silence."""
    peak = float(np.abs(clip).max(initial=0.0))
    if not peak:
        return clip
    scaled: Sound = clip * (decibels(peak_dbfs) / peak)
    return scaled
