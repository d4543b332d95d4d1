"""The interface between a training recipe and the loop, in terms of tensors.

An example is an index into a side of the data. The task turns indices into a batch of tensors, and
a batch into a loss and sums of metrics.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Side = Literal["train", "validation", "test"]
Batch = Mapping[str, Tensor]
Indices = NDArray[np.int64]
Sums = Mapping[str, tuple[Tensor | float, Tensor | float]]
Means = dict[str, float]
Entry = dict[str, Any]  # one epoch of the history
Notify = Callable[[str, float], None]  # (stage, fraction done in [0, 1])

LOSS = "loss"


@dataclass(frozen=True)
class Outcome:
    """Loss and metrics of one batch.

    Attributes:
        loss: scalar to minimize.
        sums: (sum, count) of each metric over the batch; the mean over an epoch is the total sum
            divided by the total count. They must include `loss`, with the number of terms that
            the loss is a mean of as its count.
    """

    loss: Tensor
    sums: Sums


class Task(Protocol):
    """Batches, losses and metrics that the training loop needs."""

    def examples(self, side: Side) -> int:
        """Return the number of examples of a side."""

    def batch(self, side: Side, indices: Indices, rng: np.random.Generator | None) -> Batch:
        """Return the examples with the given indices, as tensors on the processor.

        Args:
            side: part of the data.
            indices: (batch,) each in [0, examples(side)).
            rng: generator for augmentation, seeded by run, epoch and batch; None in evaluation,
                which must give the same batch each time.
        """

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Run the net on a batch that is on its device, and return loss and metrics."""


@dataclass(frozen=True)
class Watched:
    """The validation metric that decides which epoch is best.

    Attributes:
        name: one of the outcome's metrics.
        better: whether lower or higher values are better.
    """

    name: str = LOSS
    better: Literal["lower", "higher"] = "lower"


@dataclass(frozen=True)
class TrainingPlan:
    """Hyperparameters of the training loop.

    Attributes:
        epochs: largest number of epochs.
        batch_size: examples in a step, on each device.
        lr: highest learning rate.
        patience: epochs without improvement after which training ends; 0 for no early stopping.
        seed: of the order of examples, augmentation and dropout.
        schedule: shape of the learning rate after the warmup.
        warmup: fraction of all steps in which the learning rate rises, in [0, 1].
        weight_decay: of AdamW, on tensors of two and more dimensions.
        clip: largest norm of the gradient; 0 for no limit.
        precision: of the net's computations; its weights stay in float32.
        device: auto, cpu, cuda or mps.
        devices: number of devices on each node.
        nodes: number of machines.
        watched: metric that decides which epoch is best.
    """

    epochs: int
    batch_size: int
    lr: float
    patience: int
    seed: int
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: float = 0.05
    weight_decay: float = 0.01
    clip: float = 1.0
    precision: Literal["32", "bf16"] = "32"
    device: str = "cpu"
    devices: int = 1
    nodes: int = 1
    watched: Watched = Watched()
