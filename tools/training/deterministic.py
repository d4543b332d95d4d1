"""Torch computations that give the same numbers in every run with the same seed."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Seed torch and use one thread, so that sums have one order; restore both at the end.

    The small nets of the fits are no faster with more threads.
    """
    import torch

    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
