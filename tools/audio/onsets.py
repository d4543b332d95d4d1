"""Onset strength in frequency bands, computed block by block.

Conventions:
    analysis audio is mono, float32 of shape (samples,), full scale 1.0; a stream is an iterable of
    such arrays. Feature frame i is centered on i / frame_rate seconds. Spectra are magnitudes,
    scaled so that a full-scale sine gives 1.0.

The strength is the half-wave rectified increase of the log-compressed spectrum relative to an
earlier frame that was widened by a maximum filter over neighboring bands, which keeps vibrato from
looking like onsets (Boeck and Widmer, "Maximum filter vibrato suppression for onset detection",
DAFx 2013).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.filters import running_max

Mono = NDArray[np.float32]
Features = NDArray[np.float32]

FRAMES_PER_SECOND = 100  # feature frames; the true rate follows from a hop of whole samples
WINDOW_S = 0.046  # analysis window, rounded to a power of two samples: 2048 at 44.1 kHz
BANDS_PER_OCTAVE = 6
LOWEST_HZ, HIGHEST_HZ = 30.0, 16000.0
COMPRESSION = 3000.0  # log(1 + COMPRESSION * magnitude): linear below about -70 dBFS
RISE_FRAMES = 2  # a frame is compared with the one this many frames before
BLOCK_FRAMES = 1024  # feature frames computed at a time


@dataclass(frozen=True)
class Framing:
    """Sizes of analysis frames for one sample rate.

    Attributes:
        sample_rate: in Hz.
        hop: hop length in samples.
        window: frame length in samples.
    """

    sample_rate: int
    hop: int
    window: int

    @property
    def frame_rate(self) -> float:
        """Feature frames per second."""
        return self.sample_rate / self.hop


def framing(
    sample_rate: int, frames_per_second: float = FRAMES_PER_SECOND, window_s: float = WINDOW_S
) -> Framing:
    """Return the framing nearest to a frame rate and window length at a sample rate in Hz."""
    window = 1 << max(5, round(np.log2(window_s * sample_rate)))
    return Framing(sample_rate, max(1, round(sample_rate / frames_per_second)), window)


@lru_cache(maxsize=8)
def log_filterbank(
    grid: Framing,
    bands_per_octave: int = BANDS_PER_OCTAVE,
    lowest_hz: float = LOWEST_HZ,
    highest_hz: float = HIGHEST_HZ,
) -> tuple[Features, NDArray[np.float64]]:
    """Return triangular bands on a logarithmic axis, and their centers in Hz.

    The weights are (window / 2 + 1, bands).

    Bands narrower than a bin become one bin wide, and bands on the same bin become one. They end
    below the Nyquist frequency.
    """
    step = grid.sample_rate / grid.window
    top = min(highest_hz, 0.95 * grid.sample_rate / 2)
    count = max(1, int(np.log2(top / lowest_hz) * bands_per_octave)) + 2
    edges = lowest_hz * 2 ** ((np.arange(count + 1) - 0.5) / bands_per_octave)
    bins = np.unique(np.maximum(np.round(edges / step), 1))
    left, center, right = bins[:-2], bins[1:-1], bins[2:]
    position = np.arange(grid.window // 2 + 1)[:, None]
    rise = (position - left) / (center - left)
    fall = (right - position) / (right - center)
    weights = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    weights /= weights.sum(axis=0)
    return weights.astype(np.float32), center * step


def spectra(blocks: Iterable[Mono], grid: Framing, size: int = BLOCK_FRAMES) -> Iterator[Features]:
    """Yield magnitude spectra of a stream as arrays (up to `size`, window / 2 + 1).

    There are samples // hop + 1 frames in total; the ends are padded with silence.
    """
    shape = np.hanning(grid.window + 1)[:-1].astype(np.float32)
    shape *= 2.0 / shape.sum()
    pending = np.zeros(grid.window // 2, np.float32)
    span = (size - 1) * grid.hop + grid.window
    for block in with_tail(blocks, grid.window - grid.window // 2):
        pending = np.concatenate([pending, block])
        while len(pending) >= span:
            yield magnitudes(pending[:span], grid, shape)
            pending = pending[size * grid.hop :]
    if len(pending) >= grid.window:
        yield magnitudes(pending, grid, shape)


def with_tail(blocks: Iterable[Mono], silence: int) -> Iterator[Mono]:
    """Yield a stream, then `silence` zero samples."""
    yield from blocks
    yield np.zeros(silence, np.float32)


def magnitudes(audio: Mono, grid: Framing, shape: Mono) -> Features:
    """Return the magnitude spectrum of each whole frame of `audio`, (frames, window / 2 + 1)."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, grid.window)[:: grid.hop]
    spectrum: Features = np.abs(np.fft.rfft(frames * shape, axis=1)).astype(np.float32)
    return spectrum


def rises(levels: Features, past: Features, reach: int = 1) -> Features:
    """Return the half-wave rectified increase of levels over past ones, both (frames, bands).

    The past levels are widened by a maximum filter over `reach` bands on each side.
    """
    wide = past.copy()
    for step in range(1, reach + 1):
        np.maximum(wide[:, step:], past[:, :-step], out=wide[:, step:])
        np.maximum(wide[:, :-step], past[:, step:], out=wide[:, :-step])
    risen: Features = np.maximum(levels - wide, 0.0)
    return risen


def mono_blocks(audio: Mono, size: int = 1 << 18) -> Iterator[Mono]:
    """Yield an array as a stream."""
    for start in range(0, len(audio), size):
        yield audio[start : start + size]


@contextmanager
def blocks_of_file(path: str | Path) -> Iterator[tuple[Iterator[Mono], int]]:
    """Open a file as a mono stream and its sample rate; read it once, inside the `with`."""
    from muse.tools.audio.io import AudioReader
    from muse.tools.audio.mono import MonoMixer

    with AudioReader(path) as reader:
        yield map(MonoMixer(), reader.blocks()), reader.sample_rate


def peaks(curve: Features, reach: int) -> NDArray[np.intp]:
    """Return the indices of positive values that are the maximum (first of equals) within reach."""
    if not len(curve):
        return np.zeros(0, np.intp)
    largest = running_max(curve, 2 * reach + 1)
    found = np.flatnonzero((curve == largest) & (curve > 0))
    keep = np.diff(found, prepend=-reach - 1) > reach
    return found[keep]


def between(curve: Features, index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Interpolate peak positions between frames, by a parabola through each peak and neighbors."""
    inner = np.clip(index, 1, len(curve) - 2)
    a, b, c = (curve[inner + shift].astype(np.float64) for shift in (-1, 0, 1))
    bend = a - 2 * b + c
    shift = np.where(bend < 0, 0.5 * (a - c) / np.where(bend < 0, bend, -1.0), 0.0)
    shift = np.where(index == inner, np.clip(shift, -0.5, 0.5), 0.0)
    return np.asarray(index + shift, np.float64)
