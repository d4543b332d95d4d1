"""Running maximum, mean, median and weighted sum along the first axis of an array.

scipy.ndimage has the same functions, but importing it takes 0.25 s. (The medians of the separation
run on large torch tensors and are in separation/running_median.py.) Values beyond the ends are
those of the first and the last row.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def windows(values: Array, size: int) -> Array:
    """Return a view of the `size` rows around each row as a new last axis; `size` is odd."""
    reach = size // 2
    padding = [(reach, reach), *[(0, 0)] * (values.ndim - 1)]
    padded = np.pad(values, padding, mode="edge")
    view: Array = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0)
    return view


def running_max(values: Array, size: int) -> Array:
    """Return the maximum of the `size` rows around each row."""
    largest: Array = windows(values, size).max(axis=-1)
    return largest


def running_median(values: Array, size: int) -> Array:
    """Return the median of the `size` rows around each row."""
    ordered = np.partition(windows(values, size), size // 2, axis=-1)
    middle: Array = ordered[..., size // 2]
    return middle


def running_mean(values: Array, size: int) -> NDArray[np.float64]:
    """Return the mean of the `size` rows around each row; the cost does not depend on `size`."""
    reach = size // 2
    padding = [(reach + 1, reach), *[(0, 0)] * (values.ndim - 1)]
    sums = np.cumsum(np.pad(values, padding, mode="edge"), axis=0, dtype=np.float64)
    mean: NDArray[np.float64] = (sums[size:] - sums[:-size]) / size
    return mean


def weighted(values: Array, weights: Array) -> Array:
    """Return the weighted sum of the rows around each row; the weights are symmetric."""
    total: Array = windows(values, len(weights)) @ weights
    return total
