"""What nets over chords share: tables of embeddings, what they predict, length and bass.

Length and bass of the next chord follow, given the chord, from the state and, where the net can
copy, from what the pointer saw after the steps where that chord came.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.chord_nets.config import TINY
from muse.models.chord_transformer.attention import ChordBatch

EMBEDDING_SPREAD = 0.3  # standard deviation of the tables at the start


@dataclass(frozen=True)
class Predicted:
    """Log probabilities of what follows each step, in 32 bits whatever the net computes in.

    Attributes:
        chords: (batch, steps, chords).
        state: (batch, steps, width), what lengths and basses are told from.
        pointer: (batch, steps, steps), which earlier step is copied; None without copying.
    """

    chords: Tensor
    state: Tensor
    pointer: Tensor | None


class Tables(nn.ModuleDict):
    """One table of embeddings for each column and context; a step is the sum of its own."""

    def __init__(self, columns: Mapping[str, int], contexts: Mapping[str, int], width: int) -> None:
        """Fresh weights."""
        counts = {**columns, **contexts}
        super().__init__({name: spread_table(count, width) for name, count in counts.items()})

    def embedded(self, batch: ChordBatch) -> Tensor:
        """(batch, steps, width)."""
        steps = [self[name](ids) for name, ids in batch.columns.items()]
        songs = [self[name](ids)[:, None] for name, ids in batch.contexts.items()]
        total: Tensor = sum(steps[1:] + songs, steps[0])
        return total


def spread_table(count: int, width: int) -> nn.Embedding:
    """A table with values of EMBEDDING_SPREAD."""
    table = nn.Embedding(count, width)
    nn.init.normal_(table.weight, std=EMBEDDING_SPREAD)
    return table


class Detail(nn.Module):
    """A property of the next chord, given the chord: from the state, or copied."""

    def __init__(self, classes: int, width: int, dropout: float, copying: bool) -> None:
        """Fresh weights for a property of so many classes, which can be copied or not."""
        super().__init__()
        self.classes = classes
        self.hidden = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, classes)
        self.gate = nn.Linear(width, 1) if copying else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, state: Tensor, chosen: Tensor, where: Tensor | None, ids: Tensor) -> Tensor:
        """Log probabilities (batch, steps, classes).

        Args:
            state: (batch, steps, width).
            chosen: (batch, steps, width), the next chord embedded.
            where: (batch, steps, steps), weights of the earlier steps that the chord followed.
            ids: (batch, steps), the property of what followed each step.
        """
        hidden = functional.gelu(self.hidden(self.dropout(torch.cat([state, chosen], -1))))
        fresh = self.out(hidden).float().softmax(-1)
        if where is None or self.gate is None:
            return torch.log(fresh + TINY)
        weight = where.sum(-1, keepdim=True)
        copied = spread(where, ids, self.classes) / weight.clamp_min(TINY)
        gate: Tensor = torch.sigmoid(self.gate(hidden)) * (weight > TINY)
        return torch.log(gate * copied + (1 - gate) * fresh + TINY)


def following(ids: Tensor) -> Tensor:
    """What came after each step, (batch, steps); 0 after the last, where nothing looks."""
    return torch.cat([ids[:, 1:], torch.zeros_like(ids[:, :1])], 1)


def spread(weights: Tensor, ids: Tensor, size: int) -> Tensor:
    """Weights (batch, steps, steps) of steps as weights of their ids, (batch, steps, size)."""
    shape = (*weights.shape[:2], size)
    index = ids[:, None, :].expand_as(weights)
    return weights.new_zeros(shape).scatter_add(-1, index, weights)
