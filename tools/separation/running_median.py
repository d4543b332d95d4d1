"""Running medians of large arrays, by comparing shifted copies instead of sorting each window.

A sorting network (K. E. Batcher, "Sorting networks and their applications", AFIPS 1968) is cut down
to the comparisons that its middle output depends on: 8 of them for 5 values, 22 for 9, each one
pass of vector instructions over the array. The median of a long window is taken in two stages, of
neighbours and then of those medians, which serves the same end and costs a fraction.
"""

from collections.abc import Iterator
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

Comparison = tuple[int, int]  # afterwards the first holds the lower value, the second the higher


def batcher_network(size: int) -> Iterator[Comparison]:
    """The comparisons that sort `size` values, in order (Knuth 5.2.2, algorithm M)."""
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
    """Those comparisons of the network that its middle output depends on."""
    needed, kept = {size // 2}, []
    for low, high in reversed(list(batcher_network(size))):
        if low in needed or high in needed:
            needed |= {low, high}
            kept.append((low, high))
    return tuple(reversed(kept))


def median_of(values: list[Tensor]) -> Tensor:
    """The elementwise median of an odd number of tensors of one shape."""
    values = list(values)
    for low, high in median_network(len(values)):
        smaller = torch.minimum(values[low], values[high])
        values[high] = torch.maximum(values[low], values[high])
        values[low] = smaller
    return values[len(values) // 2]


def running_median(x: Tensor, dim: int, size: int, spacing: int = 1) -> Tensor:
    """The median of `size` values, `spacing` apart, around each place along `dim` (-1 or -2).

    `x` has three dimensions, `size` is odd; beyond the ends the last value goes on.
    """
    reach = size // 2 * spacing
    padding = (reach, reach, 0, 0) if dim == -1 else (0, 0, reach, reach)
    padded = F.pad(x, padding, mode="replicate")
    shifted = [padded.narrow(dim, step * spacing, x.shape[dim]) for step in range(size)]
    return median_of(shifted)


def long_median(x: Tensor, dim: int, inner: int, outer: int) -> Tensor:
    """About the median of `inner * outer` neighbours: the median of `outer` medians of `inner`."""
    return running_median(running_median(x, dim, inner), dim, outer, spacing=inner)
