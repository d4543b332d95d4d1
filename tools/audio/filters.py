"""Running maxima, means, medians and weighted sums along the first axis of an array.

scipy.ndimage has them all, but importing it takes a quarter of a second, as long as the net needs
for half a minute of music. Beyond either end the first and the last row go on.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def windows(values: Array, size: int) -> Array:
    """A view of the `size` rows around each row; the window is the last axis. `size` is odd."""
    reach = size // 2
    padding = [(reach, reach), *[(0, 0)] * (values.ndim - 1)]
    padded = np.pad(values, padding, mode="edge")
    view: Array = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0)
    return view


def running_max(values: Array, size: int) -> Array:
    """The largest of the `size` rows around each row."""
    largest: Array = windows(values, size).max(axis=-1)
    return largest


def running_median(values: Array, size: int) -> Array:
    """The median of the `size` rows around each row."""
    ordered = np.partition(windows(values, size), size // 2, axis=-1)
    middle: Array = ordered[..., size // 2]
    return middle


def running_mean(values: Array, size: int) -> NDArray[np.float64]:
    """The mean of the `size` rows around each row, at a cost that does not grow with `size`."""
    reach = size // 2
    padding = [(reach + 1, reach), *[(0, 0)] * (values.ndim - 1)]
    sums = np.cumsum(np.pad(values, padding, mode="edge"), axis=0, dtype=np.float64)
    mean: NDArray[np.float64] = (sums[size:] - sums[:-size]) / size
    return mean


def weighted(values: Array, weights: Array) -> Array:
    """The sum of the rows around each row, each times its weight; the weights are symmetric."""
    total: Array = windows(values, len(weights)) @ weights
    return total
