"""Songs as tensors of ids, for training the nets over chords."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ChordBatch:
    """Songs, padded at their ends.

    Attributes:
        columns: (batch, steps) ids of each column; step 0 is the start.
        contexts: (batch,) ids of each context.
        onsets: (batch, steps) whole beats at which the chord after each step starts.
        real: (batch, steps) True where a step is not padding; used by losses, not by the nets.
    """

    columns: dict[str, Tensor]
    contexts: dict[str, Tensor]
    onsets: Tensor
    real: Tensor
