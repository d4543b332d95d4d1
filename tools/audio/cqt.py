"""A spectrum whose rows are pitches, in which a transposition is a shift of rows.

The constant Q transform of Brown, "Calculation of a constant Q spectral transform", JASA 1991, with
windows that grow no longer than LONGEST_WINDOW_S, as Schoerkhuber et al., "A Matlab toolbox for
efficient perfect reconstruction time-frequency transforms with log-frequency resolution", AES 2014,
have it: the width of a row is proportional to its frequency, and a constant more. All rows come
from one Fourier transform of the whole sound: a row is that spectrum times the transform of its
window, folded to as many points as there are frames and transformed back, which is exactly the row
at those frames.

Conventions: row r is the MIDI pitch LOWEST_PITCH + (r - 1) / ROWS_PER_SEMITONE, so that the rows of
a semitone are centred on it; frame m is centred on sample m * HOP.
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
ROWS = 306  # up to 9.6 kHz: the third partial of C8 is not needed, the fourth of C7 is
OCTAVE = 12 * ROWS_PER_SEMITONE
# width of a row in Hz, 1 / length of its window: RELATIVE of its frequency, and LEAST_WIDTH_HZ more
RELATIVE = (2 ** (2 / OCTAVE) - 1) / (2 ** (2 / OCTAVE) + 1)
LEAST_WIDTH_HZ = 1.5
LOBES = 3.0  # widths to each side beyond which a window's transform is taken to be 0
DEPTH_DB = 80.0  # below the loudest point, what is quieter is as silence
QUIETEST = 1e-7  # magnitude below which everything is silence, -140 dBFS

Samples = NDArray[np.float32] | NDArray[np.float64]
Rows = NDArray[np.float32]


class Kernel(NamedTuple):
    """What a spectrum is multiplied by.

    Attributes:
        places: (n,) of the spectrum.
        weights: (n,) of these places.
        starts: (m,) where the places that are summed into one point begin.
        points: (m,) the points, row * frames + frame.
    """

    places: NDArray[np.intp]
    weights: Rows
    starts: NDArray[np.intp]
    points: NDArray[np.intp]


def frequencies() -> NDArray[np.float64]:
    """Of the rows, in Hz."""
    pitches = LOWEST_PITCH + (np.arange(ROWS) - 1) / ROWS_PER_SEMITONE
    hertz: NDArray[np.float64] = A4_HZ * 2 ** ((pitches - A4) / 12)
    return hertz


def widths() -> NDArray[np.float64]:
    """Of the rows, in Hz: a window is 1 / width seconds long."""
    width: NDArray[np.float64] = RELATIVE * frequencies() + LEAST_WIDTH_HZ
    return width


def magnitudes(samples: Samples) -> Rows:
    """The transform's magnitudes; a sine of amplitude 1 on a row is 0.5 there.

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
    """Samples of the transform: room for the longest window round the ends, in whole hops."""
    least = count + int(RATE / widths()[0])
    return HOP << max(-(-least // HOP) - 1, 1).bit_length()


@lru_cache(maxsize=4)
def kernel_of(size: int) -> Kernel:
    """The kernel for a transform of so many samples."""
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
    kept = np.concatenate(weights)[order].astype(np.float32)
    return Kernel(np.concatenate(places)[order], kept, starts, target[starts])


def hann_transform(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a Hann window of length 1 and sum 1, at frequency x."""
    away = 1 - x**2
    near = np.abs(away) < 1e-9
    value: NDArray[np.float64] = np.where(near, 0.5, np.sinc(x) / np.where(near, 1.0, away))
    return value


def levels(samples: Samples) -> Rows:
    """What a net sees: 1 at the loudest point, 0 DEPTH_DB below it; of silence 0 everywhere.

    Args:
        samples: (n,) at RATE.

    Returns:
        (ROWS, ceil(n / HOP)) in [0, 1].
    """
    found = magnitudes(samples)
    loudest = float(found.max())
    if loudest < QUIETEST:
        return np.zeros_like(found)
    decibels = 20 * np.log10(np.maximum(found / loudest, 10 ** (-DEPTH_DB / 20)))
    scaled: Rows = (1 + decibels / DEPTH_DB).astype(np.float32)
    return scaled
