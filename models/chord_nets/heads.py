"""Parts that the nets over chords and melodies share in torch: embeddings and output heads."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.chord_nets.batch import ChordBatch
from muse.models.chord_nets.columns import LEAST_PROBABILITY

EMBEDDING_DEVIATION = 0.3  # standard deviation of an embedding table at the start


@dataclass(frozen=True)
class Predicted:
    """Predictions of the chord after each step.

    Attributes:
        chords: (batch, steps, chords) log probabilities, in float32 even under autocast.
        state: (batch, steps, width) hidden state, from which length and bass are predicted.
        pointer: (batch, steps, steps) weights of the earlier steps; None without copying.
    """

    chords: Tensor
    state: Tensor
    pointer: Tensor | None


class Tables(nn.ModuleDict):
    """One embedding table for each column and context; a step is the sum of its embeddings."""

    def __init__(self, columns: Mapping[str, int], contexts: Mapping[str, int], width: int) -> None:
        """Make random tables of the given numbers of ids."""
        counts = {**columns, **contexts}
        super().__init__({name: random_table(count, width) for name, count in counts.items()})

    def embed(self, batch: ChordBatch) -> Tensor:
        """Return the sum of the embeddings, (batch, steps, width)."""
        steps = [self[name](ids) for name, ids in batch.columns.items()]
        songs = [self[name](ids)[:, None] for name, ids in batch.contexts.items()]
        total: Tensor = sum(steps[1:] + songs, steps[0])
        return total


def random_table(count: int, width: int) -> nn.Embedding:
    """Make a table of normal values with a standard deviation of EMBEDDING_DEVIATION."""
    table = nn.Embedding(count, width)
    nn.init.normal_(table.weight, std=EMBEDDING_DEVIATION)
    return table


class DetailHead(nn.Module):
    """A property of the next chord, given the chord: a mix of fresh and copied distributions."""

    def __init__(self, classes: int, width: int, dropout: float, copying: bool) -> None:
        """Start with random weights; without `copying` the distribution is always fresh."""
        super().__init__()
        self.classes = classes
        self.hidden = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, classes)
        self.gate = nn.Linear(width, 1) if copying else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, state: Tensor, chosen: Tensor, where: Tensor | None, ids: Tensor) -> Tensor:
        """Return log probabilities, (batch, steps, classes).

        Args:
            state: (batch, steps, width) hidden state.
            chosen: (batch, steps, width) embedding of the next chord.
            where: (batch, steps, steps) weights of the earlier steps that this chord followed.
            ids: (batch, steps) the property of the chord after each step.
        """
        hidden = functional.gelu(self.hidden(self.dropout(torch.cat([state, chosen], -1))))
        fresh = self.out(hidden).float().softmax(-1)
        if where is None or self.gate is None:
            return torch.log(fresh + LEAST_PROBABILITY)
        weight = where.sum(-1, keepdim=True)
        copied = sum_by_id(where, ids, self.classes) / weight.clamp_min(LEAST_PROBABILITY)
        gate: Tensor = torch.sigmoid(self.gate(hidden)) * (weight > LEAST_PROBABILITY)
        return torch.log(gate * copied + (1 - gate) * fresh + LEAST_PROBABILITY)


def shift_left(ids: Tensor) -> Tensor:
    """Return the id after each step, (batch, steps); 0 after the last, where it is never used."""
    return torch.cat([ids[:, 1:], torch.zeros_like(ids[:, :1])], 1)


def sum_by_id(weights: Tensor, ids: Tensor, size: int) -> Tensor:
    """Sum weights of steps, (batch, steps, steps), by the steps' ids: (batch, steps, size)."""
    shape = (*weights.shape[:2], size)
    index = ids[:, None, :].expand_as(weights)
    return weights.new_zeros(shape).scatter_add(-1, index, weights)
