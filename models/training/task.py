"""What a net is trained on, seen as tensors: the contract between a recipe and the loop.

Nothing here knows music. An example is an index into a side of the data; the task turns indices
into a batch of tensors, and a batch into a loss and sums of metrics.
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
    """What came of one batch.

    Attributes:
        loss: scalar that is made smaller.
        sums: metric to (sum, count) over the batch; the mean over an epoch is the ratio of the
            added sums and counts. `loss` must be among them, its count what the loss is a mean of.
    """

    loss: Tensor
    sums: Sums


class Task(Protocol):
    """What the loop asks of whoever prepared the data."""

    def examples(self, side: Side) -> int:
        """How many examples the side has."""

    def batch(self, side: Side, indices: Indices, dice: np.random.Generator | None) -> Batch:
        """The examples with those indices, as tensors on the processor.

        Args:
            side: part of the data.
            indices: (batch,), each in [0, examples(side)).
            dice: for augmentation, its seed a function of run, epoch and batch; None when the net
                is measured, which must be the same each time.
        """

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Run the net on a batch that is on the net's device."""


@dataclass(frozen=True)
class Watched:
    """The metric on the validation side that tells which epoch is best.

    Attributes:
        name: one of the outcome's sums.
        better: which way it gets better.
    """

    name: str = LOSS
    better: Literal["lower", "higher"] = "lower"


@dataclass(frozen=True)
class Plan:
    """How a net is trained.

    Attributes:
        epochs: at most.
        batch_size: examples in a step, on each device.
        lr: highest learning rate.
        patience: epochs without a better one after which training ends; 0 for never.
        seed: of the order of examples, augmentation and dropout.
        schedule: of the learning rate after the warmup.
        warmup: share of all steps in which the learning rate rises, 0 to 1.
        weight_decay: of AdamW, on tensors of two and more dimensions.
        clip: largest norm of the gradient; 0 for no limit.
        precision: in which the net computes; its weights stay in 32 bits.
        device: auto, cpu, cuda or mps.
        devices: on each node.
        nodes: machines.
        watched: what tells the best epoch.
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
