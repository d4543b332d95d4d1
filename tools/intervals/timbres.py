"""Synthesize notes with numpy.

Conventions: a voice is a function (frequency in Hz, frames, sample rate in Hz, rng) -> float64
(frames,) with a peak of about 1, which begins and ends at zero. Its pitch is the given frequency to
a fraction of a cent.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
Voice = Callable[[float, int, int, np.random.Generator], Sound]

RAMP_S = 0.01  # at the beginning and end of a note, against clicks
PLUCK_RAMP_S = 0.001  # at the beginning of a plucked note
TABLE = 1 << 15  # samples in one period of a saw, interpolated linearly
FM_RATIOS = (1, 2, 3)  # modulator to carrier frequency; integers give a harmonic spectrum
FM_INDEX = (1.0, 5.0)  # radians, at the beginning of a note
FM_DECAY_S = (0.1, 1.0)  # time in which the index falls to 1/e
QUIETEST = 1e-9  # amplitude below which a string is silent
STRING_FALL_S = 4.0  # time in which a string falls to 1/e without its loop filter


def ramps(frames: int, sample_rate: int, rise_s: float = RAMP_S) -> Sound:
    """Return an envelope of 1 with raised cosines at both ends."""
    rise, fall = (min(round(s * sample_rate), frames // 2) for s in (rise_s, RAMP_S))
    envelope = np.ones(frames)
    envelope[:rise] = raised_cosine(rise)
    envelope[frames - fall :] = raised_cosine(fall)[::-1]
    return envelope


def raised_cosine(frames: int) -> Sound:
    """Return half a raised cosine, from 0 to 1."""
    rise: Sound = 0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / max(frames, 1))
    return rise


def phase(frequency: float, frames: int, sample_rate: int) -> Sound:
    """Return the phase in periods."""
    periods: Sound = np.arange(frames, dtype=np.float64) * (frequency / sample_rate)
    return periods


def sine(frequency: float, frames: int, sample_rate: int, _rng: np.random.Generator) -> Sound:
    """Synthesize a pure tone."""
    wave: Sound = np.sin(2 * np.pi * phase(frequency, frames, sample_rate))
    return wave * ramps(frames, sample_rate)


def saw(frequency: float, frames: int, sample_rate: int, _rng: np.random.Generator) -> Sound:
    """Synthesize a sawtooth of all harmonics below half the sample rate, of amplitude 1/k."""
    harmonics = np.arange(1, int(np.ceil(sample_rate / 2 / frequency)))
    spectrum = np.zeros(TABLE // 2 + 1, complex)
    spectrum[harmonics] = -1j / harmonics  # the sum of sin(2 pi k x) / k
    period = np.fft.irfft(spectrum, TABLE)
    place = phase(frequency, frames, sample_rate) % 1.0 * TABLE
    wave: Sound = np.interp(place, np.arange(TABLE + 1), np.append(period, period[0]))
    wave /= np.abs(period).max()
    return wave * ramps(frames, sample_rate)


def fm(frequency: float, frames: int, sample_rate: int, rng: np.random.Generator) -> Sound:
    """Synthesize a carrier with a decaying phase modulation (Chowning, JAES 1973).

    The index is limited so that the widest sideband, by Carson's rule, is below half the sample
    rate.
    """
    ratio = int(rng.choice(FM_RATIOS))
    index, decay_s = rng.uniform(*FM_INDEX), rng.uniform(*FM_DECAY_S)
    room = (sample_rate / 2 / frequency - 1) / ratio - 1
    turns = 2 * np.pi * phase(frequency, frames, sample_rate)
    falling = max(min(index, room), 0.0) * np.exp(-np.arange(frames) / (decay_s * sample_rate))
    wave: Sound = np.sin(turns + falling * np.sin(ratio * turns))
    return wave * ramps(frames, sample_rate)


def pluck(frequency: float, frames: int, sample_rate: int, rng: np.random.Generator) -> Sound:
    """Synthesize a plucked string: noise in a loop that averages neighbors (Karplus, Strong 1983).

    The loop is half a sample longer than its period of whole samples. It is computed at the sample
    rate near the requested one at which that is the period of the frequency, then resampled.
    """
    import soxr

    period = max(round(sample_rate / frequency - 0.5), 2)
    rate = (period + 0.5) * frequency
    count = int(np.ceil(frames * rate / sample_rate / period)) + 1
    string = np.empty((count, period))
    string[0] = rng.uniform(-1, 1, period)
    string[0] -= string[0].mean()
    decay = np.exp(-period / rate / STRING_FALL_S)
    before = 0.0  # the sample before the row that is averaged
    for row in range(1, count):
        last = string[row - 1]
        string[row, 0] = decay * 0.5 * (last[0] + before)
        string[row, 1:] = decay * 0.5 * (last[1:] + last[:-1])
        before = last[-1]
    wave: Sound = soxr.resample(string.ravel(), rate, sample_rate)[:frames]
    wave = np.pad(wave, (0, frames - len(wave)))
    wave *= ramps(frames, sample_rate, PLUCK_RAMP_S)
    return wave / max(float(np.abs(wave).max()), QUIETEST)


VOICES: dict[str, Voice] = {"sine": sine, "saw": saw, "fm": fm, "pluck": pluck}
