"""Short-time Fourier transform of several channels, and its inverse.

Conventions: audio is (channels, samples) float32; spectra are (channels, frames, bins) complex64.
Frame i is centered on sample `i * hop_length`; beyond the ends there is silence. The window is a
periodic Hann window, and the window length is a multiple of the hop length.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Spectra = NDArray[np.complex64]

SLICE_FRAMES = 32  # transformed at a time, so that they fit the processor's cache


@cache
def hann_window(length: int) -> Floats:
    """Return a periodic Hann window with a peak of 1."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length), np.float32)


def slices(frames: int) -> Iterator[slice]:
    """Yield slices of frames."""
    return (slice(i, min(i + SLICE_FRAMES, frames)) for i in range(0, frames, SLICE_FRAMES))


def stft(audio: Floats, n_fft: int, hop_length: int) -> Spectra:
    """Return the spectra of audio, 1 + samples // hop_length frames."""
    padded = np.pad(audio, ((0, 0), (n_fft // 2, n_fft // 2)))
    cut = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, ::hop_length]
    window = hann_window(n_fft)
    spectra = np.empty((*cut.shape[:2], n_fft // 2 + 1), np.complex64)
    for part in slices(cut.shape[1]):
        spectra[:, part] = np.fft.rfft(cut[:, part] * window)
    return spectra


def istft(spectra: Spectra, n_fft: int, hop_length: int, samples: int) -> Floats:
    """Return the audio of spectra, by weighted overlap-add (Griffin and Lim, 1984)."""
    channels, frames = spectra.shape[:2]
    window, steps = hann_window(n_fft), n_fft // hop_length
    audio = np.zeros((channels, frames + steps, hop_length), np.float32)
    for part in slices(frames):
        pieces = np.fft.irfft(spectra[:, part], n_fft).astype(np.float32, copy=False) * window
        pieces = pieces.reshape(channels, -1, steps, hop_length)
        for step in range(steps):
            audio[:, part.start + step : part.stop + step] += pieces[:, :, step]
    audio /= envelope(n_fft, hop_length, frames)
    start = n_fft // 2
    return audio.reshape(channels, -1)[:, start : start + samples]


@cache
def envelope(n_fft: int, hop_length: int, frames: int) -> Floats:
    """Return the sum of the squared windows, (frames + steps, hop_length); 1 instead of 0."""
    squared = np.square(hann_window(n_fft)).reshape(-1, hop_length)
    total = np.zeros((frames + len(squared), hop_length), np.float32)
    for step, row in enumerate(squared):
        total[step : step + frames] += row
    total[total < 1e-11] = 1.0
    return total
