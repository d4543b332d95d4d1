"""Input of the role net: log-mel spectrograms of short windows.

Conventions: audio is mono (samples,) at SAMPLE_RATE; a window is WINDOW_FRAMES frames, (bands,
frames) float32, 1 for the loudest value of the audio and 0 for RANGE_DB or more below it.
"""

import numpy as np
from numpy.typing import NDArray

from muse.models.role_net.config import RoleNetConfig
from muse.tools.audio.mel import mel_filterbank, power_spectra

SAMPLE_RATE = 22_050  # Hz
FFT_LENGTH = 2048  # samples
HOP_LENGTH = 512  # samples
BANDS = RoleNetConfig().bands
LOWEST_HZ, HIGHEST_HZ = 30.0, 10_500.0
RANGE_DB = 80.0
WINDOW_FRAMES = 172  # 4 s
STEP_FRAMES = 86  # between the starts of windows
SILENCE = 1e-10  # power of a band below which a window is silent


def window_features(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the windows of a recording, (windows, BANDS, WINDOW_FRAMES), at least one.

    Shorter audio is padded with silence; the end that fills less than half a window is left out.
    """
    bank = mel_filterbank(SAMPLE_RATE, FFT_LENGTH, BANDS, LOWEST_HZ, HIGHEST_HZ)
    bands = bank @ power_spectra(audio, FFT_LENGTH, HOP_LENGTH)
    starts = window_starts(bands.shape[1])
    return np.stack([scale(bands[:, start : start + WINDOW_FRAMES]) for start in starts])


def window_starts(frames: int) -> range:
    """Return the first frame of each window of a recording."""
    return range(0, max(frames - WINDOW_FRAMES // 2, 1), STEP_FRAMES)


def window_levels(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the level of each window in dB."""
    power = np.add.reduceat(np.square(audio), np.arange(0, len(audio), HOP_LENGTH))
    starts = window_starts(len(audio) // HOP_LENGTH + 1)
    means = [power[start : start + WINDOW_FRAMES].mean() for start in starts]
    return 10.0 * np.log10(np.maximum(means, SILENCE))


def scale(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return powers (bands, frames) in dB, from 0 to 1, padded to WINDOW_FRAMES."""
    loudest = max(float(bands.max(initial=0.0)), SILENCE)
    floor = 10.0 ** (-RANGE_DB / 10)
    level = 1.0 + 10.0 * np.log10(np.maximum(bands / loudest, floor)) / RANGE_DB
    padded = np.zeros((len(bands), WINDOW_FRAMES), np.float32)
    padded[:, : level.shape[1]] = level
    return padded
