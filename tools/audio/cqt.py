"""A constant-Q transform, in which transposition is a shift of rows.

The transform of Brown, "Calculation of a constant Q spectral transform", JASA 1991, with bandwidths
of a constant Q plus a constant, as in Schoerkhuber et al., "A Matlab toolbox for efficient perfect
reconstruction time-frequency transforms with log-frequency resolution", AES 2014, so that windows
of low rows stay short. All rows come from one Fourier transform of the whole clip: a row is that
spectrum times the transform of its window, folded to as many points as there are frames and
transformed back, which gives the exact values of the row at these frames.

Conventions: row r is the MIDI pitch LOWEST_PITCH + (r - 1) / ROWS_PER_SEMITONE, so that the rows of
a semitone are centered on it; frame m is centered on sample m * HOP.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.pitch import A4, A4_HZ

RATE = 22_050  # Hz
HOP = 1024  # samples
ROWS_PER_SEMITONE = 3
LOWEST_PITCH = 21  # A0
ROWS = 306  # up to 9.6 kHz: holds the fourth partial of C7
ROWS_PER_OCTAVE = 12 * ROWS_PER_SEMITONE
# bandwidth of a row in Hz, 1 / length of its window: RELATIVE_WIDTH * frequency + LEAST_WIDTH_HZ
RELATIVE_WIDTH = (2 ** (2 / ROWS_PER_OCTAVE) - 1) / (2 ** (2 / ROWS_PER_OCTAVE) + 1)
LEAST_WIDTH_HZ = 1.5
LOBES = 3.0  # bandwidths on each side beyond which the transform of a window is taken as 0
DEPTH_DB = 80.0  # below the maximum; lower values are raised to it
QUIETEST = 1e-7  # maximum magnitude of silence, -140 dBFS

Samples = NDArray[np.float32] | NDArray[np.float64]
Rows = NDArray[np.float32]


class Kernel(NamedTuple):
    """The sparse matrix that maps a spectrum to folded rows.

    Attributes:
        places: (n,) indices into the spectrum.
        weights: (n,) factors of these values.
        starts: (m,) index into `places` of the first value summed into each point.
        points: (m,) the points, row * frames + frame.
    """

    places: NDArray[np.intp]
    weights: Rows
    starts: NDArray[np.intp]
    points: NDArray[np.intp]


def frequencies() -> NDArray[np.float64]:
    """Return the center frequencies of the rows in Hz, (ROWS,)."""
    pitches = LOWEST_PITCH + (np.arange(ROWS) - 1) / ROWS_PER_SEMITONE
    hertz: NDArray[np.float64] = A4_HZ * 2 ** ((pitches - A4) / 12)
    return hertz


def widths() -> NDArray[np.float64]:
    """Return the bandwidths of the rows in Hz, (ROWS,); a window is 1 / width seconds long."""
    width: NDArray[np.float64] = RELATIVE_WIDTH * frequencies() + LEAST_WIDTH_HZ
    return width


def magnitudes(samples: Samples) -> Rows:
    """Return the magnitudes of the transform; a sine of amplitude 1 at a row gives 0.5 there.

    Args:
        samples: (n,) at RATE.

    Returns:
        (ROWS, ceil(n / HOP)), at least one frame.
    """
    frames = max(-(-len(samples) // HOP), 1)
    size = size_for(len(samples))
    spectrum = np.fft.rfft(samples, size)
    kernel = kernel_of(size)
    summed = np.add.reduceat(spectrum[kernel.places] * kernel.weights, kernel.starts)
    folded = np.zeros(ROWS * (size // HOP), np.complex128)
    folded[kernel.points] = summed
    rows = np.fft.ifft(folded.reshape(ROWS, -1), axis=1)[:, :frames]
    found: Rows = (np.abs(rows) / HOP).astype(np.float32)
    return found


def size_for(count: int) -> int:
    """Return the length of the Fourier transform in samples: padded for the longest window."""
    least = count + int(RATE / widths()[0])
    return HOP << max(-(-least // HOP) - 1, 1).bit_length()


@lru_cache(maxsize=4)
def kernel_of(size: int) -> Kernel:
    """Return the kernel for a Fourier transform of `size` samples."""
    frames = size // HOP
    places, weights, points = [], [], []
    for row, (hertz, width) in enumerate(zip(frequencies(), widths(), strict=True)):
        low, high = ((hertz + side * LOBES * width) * size / RATE for side in (-1, 1))
        across = np.arange(max(int(np.ceil(low)), 0), min(int(high), size // 2) + 1)
        places.append(across)
        weights.append(hann_transform((across * RATE / size - hertz) / width))
        points.append(row * frames + across % frames)
    order = np.argsort(np.concatenate(points), kind="stable")
    target = np.concatenate(points)[order]
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    factors = np.concatenate(weights)[order].astype(np.float32)
    return Kernel(np.concatenate(places)[order], factors, starts, target[starts])


def hann_transform(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Fourier transform of a Hann window of length 1 and sum 1 at frequencies x."""
    away = 1 - x**2
    near = np.abs(away) < 1e-9
    value: NDArray[np.float64] = np.where(near, 0.5, np.sinc(x) / np.where(near, 1.0, away))
    return value


def levels(samples: Samples) -> Rows:
    """Return log magnitudes scaled to [0, 1], the input of the interval net.

    1 is the maximum of the clip, 0 is DEPTH_DB or more below it; silence is 0 everywhere.

    Args:
        samples: (n,) at RATE.

    Returns:
        (ROWS, ceil(n / HOP)).
    """
    found = magnitudes(samples)
    loudest = float(found.max())
    if loudest < QUIETEST:
        return np.zeros_like(found)
    decibels = 20 * np.log10(np.maximum(found / loudest, 10 ** (-DEPTH_DB / 20)))
    scaled: Rows = (1 + decibels / DEPTH_DB).astype(np.float32)
    return scaled
