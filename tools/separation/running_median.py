"""Running medians of large arrays, by comparing shifted copies instead of sorting each window.

A sorting network (K. E. Batcher, "Sorting networks and their applications", AFIPS 1968) is reduced
to the comparisons that its middle output depends on: 8 of them for 5 values, 22 for 9. Each is one
pass of vector instructions over the array. The median of a long window is approximated in
two stages, medians of neighbors and then medians of those, which costs a fraction of the time.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Comparison = tuple[int, int]  # indices; afterwards the first has the lower value of the two

SLICE_ROWS = 16  # filtered at a time, so that the shifted copies fit the processor's cache


def batcher_network(size: int) -> Iterator[Comparison]:
    """Yield the comparisons that sort `size` values (Knuth, TAOCP 3, 5.2.2, algorithm M)."""
    top = 1 << max(0, size - 1).bit_length() >> 1
    p = top
    while p:
        q, r, d = top, 0, p
        while True:
            yield from ((i, i + d) for i in range(size - d) if i & p == r)
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1


@cache
def median_network(size: int) -> tuple[Comparison, ...]:
    """Return the comparisons of the network that its middle output depends on."""
    needed, used = {size // 2}, []
    for low, high in reversed(list(batcher_network(size))):
        if low in needed or high in needed:
            needed |= {low, high}
            used.append((low, high))
    return tuple(reversed(used))


def median_of(values: list[Floats]) -> Floats:
    """Return the elementwise median of an odd number of arrays of the same shape."""
    values = list(values)
    for low, high in median_network(len(values)):
        smaller = np.minimum(values[low], values[high])
        values[high] = np.maximum(values[low], values[high])
        values[low] = smaller
    return values[len(values) // 2]


def running_median(x: Floats, axis: int, size: int, spacing: int = 1) -> Floats:
    """Return the median of `size` values, `spacing` apart, centered on each position.

    Args:
        x: three dimensions; beyond the ends, the first and last values are repeated.
        axis: the dimension of the window, -1 or -2.
        size: number of values, odd.
        spacing: positions from one value to the next.
    """
    reach = size // 2 * spacing
    padding = [(0, 0), (0, 0), (0, 0)]
    padding[axis] = (reach, reach)
    padded = np.pad(x, padding, mode="edge")
    rows, columns = x.shape[1:]
    down, across = (spacing, 0) if axis == -2 else (0, spacing)
    medians = np.empty_like(x)
    for source, target in zip(padded, medians, strict=True):
        for i in range(0, rows, SLICE_ROWS):
            end = min(i + SLICE_ROWS, rows)
            target[i:end] = median_of(
                [
                    source[i + k * down : end + k * down, k * across : k * across + columns]
                    for k in range(size)
                ]
            )
    return medians


def long_median(x: Floats, axis: int, inner: int, outer: int) -> Floats:
    """Approximate the median of `inner * outer` values by `outer` medians of `inner` each."""
    return running_median(running_median(x, axis, inner), axis, outer, spacing=inner)
