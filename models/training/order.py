"""The order of examples as a function of seed and epoch, so that no state needs saving."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from muse.models.training.task import Batch, Indices, Side, Task

ORDER, AUGMENTATION = 0, 1  # numbers of the streams of random numbers


def shuffled(examples: int, seed: int, epoch: int) -> Indices:
    """Return all indices in the order of one epoch, (examples,)."""
    return np.random.default_rng((seed, ORDER, epoch)).permutation(examples)


def batches_of(indices: Indices, batch_size: int, rank: int = 0, ranks: int = 1) -> list[Indices]:
    """Split indices into the batches of one process; indices repeat so that all get as many.

    Args:
        indices: (examples,), not empty.
        batch_size: examples in a batch of one process; the last batch may have fewer.
        rank: number of the process.
        ranks: number of processes.
    """
    share = -(-len(indices) // ranks)
    own = np.resize(indices, share * ranks)[rank::ranks]
    return [own[start : start + batch_size] for start in range(0, share, batch_size)]


@dataclass(frozen=True)
class TrainBatches:
    """The batches of one epoch for one process, from a given batch on.

    Attributes:
        task: source of the examples.
        batch_size: examples in a batch of one process.
        seed: of the run.
        epoch: counted from 0.
        first: number of batches to skip, because they were done before.
        rank: number of the process.
        ranks: number of processes.
    """

    task: Task
    batch_size: int
    seed: int
    epoch: int
    first: int = 0
    rank: int = 0
    ranks: int = 1

    def __len__(self) -> int:
        """Return the number of batches that are left."""
        share = -(-self.task.examples("train") // self.ranks)
        return -(-share // self.batch_size) - self.first

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches that are left, in order."""
        order = shuffled(self.task.examples("train"), self.seed, self.epoch)
        batches = batches_of(order, self.batch_size, self.rank, self.ranks)
        for number, indices in enumerate(batches[self.first :], self.first):
            rng = np.random.default_rng((self.seed, AUGMENTATION, self.epoch, number, self.rank))
            yield self.task.batch("train", indices, rng)


@dataclass(frozen=True)
class FixedBatches:
    """All batches of a side in its own order, without augmentation.

    Attributes:
        task: source of the examples.
        side: part of the data.
        batch_size: examples in a batch; the last may have fewer.
    """

    task: Task
    side: Side
    batch_size: int

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-self.task.examples(self.side) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        examples = np.arange(self.task.examples(self.side))
        for start in range(0, len(examples), self.batch_size):
            yield self.task.batch(self.side, examples[start : start + self.batch_size], None)
