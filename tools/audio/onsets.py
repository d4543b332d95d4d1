"""Onset strength: where energy rises, band by band, in memory that stays small for any length.

Conventions:
    analysis audio is mono, float32 of shape (frames,), full scale 1.0; a stream of it is an
    iterable of such arrays. Feature frame i is centred on i / frame_rate seconds. Spectra are
    magnitudes scaled so that a full-scale sine gives 1.0.

The strength is the half-wave rectified rise of the log-compressed spectrum against a version of the
past that is widened over neighbouring bands, which keeps vibrato from looking like onsets (Boeck
and Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013).
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
COMPRESSION = 3000.0  # log(1 + COMPRESSION * magnitude): bends at -70 dBFS
RISE_FRAMES = 2  # a frame is compared with the one this many frames before
BLOCK_FRAMES = 1024  # feature frames computed at a time


@dataclass(frozen=True)
class Framing:
    """How audio of one rate is cut into analysis frames.

    Attributes:
        sample_rate: of the audio, Hz.
        hop: samples from one frame to the next.
        window: samples of one frame.
    """

    sample_rate: int
    hop: int
    window: int

    @property
    def frame_rate(self) -> float:
        """Feature frames a second."""
        return self.sample_rate / self.hop


def framing(
    sample_rate: int, frames_per_second: float = FRAMES_PER_SECOND, window_s: float = WINDOW_S
) -> Framing:
    """The framing nearest to the wanted rate and window length at a sample rate in Hz."""
    window = 1 << max(5, round(np.log2(window_s * sample_rate)))
    return Framing(sample_rate, max(1, round(sample_rate / frames_per_second)), window)


@lru_cache(maxsize=8)
def log_filterbank(
    grid: Framing,
    bands_per_octave: int = BANDS_PER_OCTAVE,
    lowest_hz: float = LOWEST_HZ,
    highest_hz: float = HIGHEST_HZ,
) -> tuple[Features, NDArray[np.float64]]:
    """Triangular bands on a logarithmic axis: weights (window / 2 + 1, bands) and centres in Hz.

    Where the bands are narrower than a bin they are one bin wide, and bands that would fall on the
    same bin are one. Bands end at the Nyquist rate.
    """
    step = grid.sample_rate / grid.window
    top = min(highest_hz, 0.95 * grid.sample_rate / 2)
    count = max(1, int(np.log2(top / lowest_hz) * bands_per_octave)) + 2
    edges = lowest_hz * 2 ** ((np.arange(count + 1) - 0.5) / bands_per_octave)
    bins = np.unique(np.maximum(np.round(edges / step), 1))
    left, centre, right = bins[:-2], bins[1:-1], bins[2:]
    position = np.arange(grid.window // 2 + 1)[:, None]
    rise = (position - left) / (centre - left)
    fall = (right - position) / (right - centre)
    weights = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    weights /= weights.sum(axis=0)
    return weights.astype(np.float32), centre * step


def spectra(blocks: Iterable[Mono], grid: Framing, size: int = BLOCK_FRAMES) -> Iterator[Features]:
    """Magnitude spectra of a stream: arrays of shape (up to `size`, window / 2 + 1).

    Together they hold samples // hop + 1 frames; the ends are padded with silence.
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
    """The stream, then `silence` samples of nothing."""
    yield from blocks
    yield np.zeros(silence, np.float32)


def magnitudes(audio: Mono, grid: Framing, shape: Mono) -> Features:
    """Magnitude spectrum of each whole frame in `audio`."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, grid.window)[:: grid.hop]
    spectrum: Features = np.abs(np.fft.rfft(frames * shape, axis=1)).astype(np.float32)
    return spectrum


def rises(levels: Features, past: Features, reach: int = 1) -> Features:
    """Half-wave rectified rise of (frames, bands) levels over the past ones, widened by `reach`."""
    wide = past.copy()
    for step in range(1, reach + 1):
        np.maximum(wide[:, step:], past[:, :-step], out=wide[:, step:])
        np.maximum(wide[:, :-step], past[:, step:], out=wide[:, :-step])
    risen: Features = np.maximum(levels - wide, 0.0)
    return risen


def mono_blocks(audio: Mono, size: int = 1 << 18) -> Iterator[Mono]:
    """An array as a stream."""
    for start in range(0, len(audio), size):
        yield audio[start : start + size]


@contextmanager
def blocks_of_file(path: str | Path) -> Iterator[tuple[Iterator[Mono], int]]:
    """A file as a mono stream, which can be read once and within the `with`, and its rate in Hz."""
    from muse.tools.audio.io import AudioReader
    from muse.tools.audio.mono import MonoMixer

    with AudioReader(path) as reader:
        yield map(MonoMixer(), reader.blocks()), reader.sample_rate


def peaks(curve: Features, reach: int) -> NDArray[np.intp]:
    """Indices that are the largest (the first of equals) within `reach` to either side, above 0."""
    if not len(curve):
        return np.zeros(0, np.intp)
    largest = running_max(curve, 2 * reach + 1)
    found = np.flatnonzero((curve == largest) & (curve > 0))
    keep = np.diff(found, prepend=-reach - 1) > reach
    return found[keep]


def between(curve: Features, index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sub-frame positions of peaks, by a parabola through each and its neighbours."""
    inner = np.clip(index, 1, len(curve) - 2)
    a, b, c = (curve[inner + shift].astype(np.float64) for shift in (-1, 0, 1))
    bend = a - 2 * b + c
    shift = np.where(bend < 0, 0.5 * (a - c) / np.where(bend < 0, bend, -1.0), 0.0)
    shift = np.where(index == inner, np.clip(shift, -0.5, 0.5), 0.0)
    return np.asarray(index + shift, np.float64)
