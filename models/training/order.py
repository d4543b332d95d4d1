"""The order of examples: a pure function of seed, epoch and place, so that it needs no saving."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from muse.models.training.task import Batch, Indices, Side, Task

ORDER, DICE = 0, 1  # streams of random numbers that must not be the same


def shuffled(examples: int, seed: int, epoch: int) -> Indices:
    """All indices in the order of one epoch, shape (examples,)."""
    return np.random.default_rng((seed, ORDER, epoch)).permutation(examples)


def batches_of(indices: Indices, batch_size: int, rank: int = 0, ranks: int = 1) -> list[Indices]:
    """The batches of one of several processes; each gets as many, wrapping round at the end.

    Args:
        indices: (examples,), not empty.
        batch_size: examples in a batch of one process; the last batch may have fewer.
        rank: which process.
        ranks: how many there are.
    """
    share = -(-len(indices) // ranks)
    dealt = np.resize(indices, share * ranks)[rank::ranks]
    return [dealt[start : start + batch_size] for start in range(0, share, batch_size)]


@dataclass(frozen=True)
class TrainBatches:
    """The batches of one epoch from a place on, for one process.

    Attributes:
        task: gives the examples.
        batch_size: in one process.
        seed: of the run.
        epoch: counted from 0.
        first: batches of the epoch that are left out because they were done before.
        rank: which process.
        ranks: how many there are.
    """

    task: Task
    batch_size: int
    seed: int
    epoch: int
    first: int = 0
    rank: int = 0
    ranks: int = 1

    def __len__(self) -> int:
        """Batches that are left."""
        share = -(-self.task.examples("train") // self.ranks)
        return -(-share // self.batch_size) - self.first

    def __iter__(self) -> Iterator[Batch]:
        """The batches that are left, in order."""
        order = shuffled(self.task.examples("train"), self.seed, self.epoch)
        batches = batches_of(order, self.batch_size, self.rank, self.ranks)
        for number, indices in enumerate(batches[self.first :], self.first):
            dice = np.random.default_rng((self.seed, DICE, self.epoch, number, self.rank))
            yield self.task.batch("train", indices, dice)


@dataclass(frozen=True)
class FixedBatches:
    """The batches of a side in its own order, each time the same.

    Attributes:
        task: gives the examples.
        side: which.
        batch_size: of all but the last.
    """

    task: Task
    side: Side
    batch_size: int

    def __len__(self) -> int:
        """How many batches."""
        return -(-self.task.examples(self.side) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """The batches."""
        examples = np.arange(self.task.examples(self.side))
        for start in range(0, len(examples), self.batch_size):
            yield self.task.batch(self.side, examples[start : start + self.batch_size], None)
