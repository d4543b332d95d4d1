"""Causal attention among the chords of a song, with rotary, harmonic and copying biases.

The formula is in net.py. The biases of all heads of all layers are computed together, because they
take most of the time: layer by layer they take twice as long.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from muse.models.chord_nets.batch import ChordBatch
from muse.models.chord_nets.columns import ROOTS
from muse.models.chord_transformer.config import ChordTransformerConfig
from muse.models.transformer_layers import (
    MASKED,
    Block,
    look_up,
    rotate,
    sum_of_rows,
    zero_table,
)


@dataclass(frozen=True)
class Relations:
    """How each step i relates to each step j.

    Attributes:
        interval: (batch, steps, steps) semitones from root j up to root i; ROOTS without a root.
        distance: (batch, steps, steps) class of harmonic distance.
        match: (batch, steps, steps) chords up to i that equal those up to j.
        phrase: (batch, steps, steps) beats from onset j to onset i, modulo the phrase.
        hidden: (steps, steps) True where j is later than i.
    """

    interval: Tensor
    distance: Tensor
    match: Tensor
    phrase: Tensor
    hidden: Tensor


def relate_steps(batch: ChordBatch, distances: Tensor, config: ChordTransformerConfig) -> Relations:
    """Compute how the steps of a batch relate; `distances` as in ChordTransformer."""
    root, quality = batch.columns["root"], batch.columns["quality"]
    both = (root[:, :, None] < ROOTS) & (root[:, None, :] < ROOTS)
    interval = (root[:, :, None] - root[:, None, :]) % ROOTS
    steps = root.shape[1]
    return Relations(
        interval=torch.where(both, interval, ROOTS),
        distance=distances[quality[:, :, None], quality[:, None, :], interval],
        match=match_lengths(batch.columns["chord"], config.longest_match),
        phrase=(batch.onsets[:, :, None] - batch.onsets[:, None, :]) % config.phrase,
        hidden=torch.ones(steps, steps, dtype=torch.bool, device=root.device).triu(1),
    )


def match_lengths(chords: Tensor, longest: int) -> Tensor:
    """Count chords up to i that equal those up to j, at most `longest`: (batch, steps, steps)."""
    same = chords[:, :, None] == chords[:, None, :]
    run, total = same.clone(), same.to(torch.uint8)
    for back in range(1, longest):
        run[:, :back] = False
        run[:, :, :back] = False
        run[:, back:, back:] &= same[:, :-back, :-back]
        total += run
    return total.long()


class HarmonicBias(nn.Module):
    """The H-RPE terms of the formula: interval, harmonic distance, qualities and functions."""

    def __init__(self, config: ChordTransformerConfig, heads: int) -> None:
        """Make tables for `heads` heads; all but the queries of the qualities start at zero."""
        super().__init__()
        qualities, functions = config.columns["quality"], config.columns["function"]
        self.interval = zero_table(ROOTS + 1, heads)
        self.distance = zero_table(config.distances, heads)
        self.function = zero_table(functions * functions, heads)
        self.query = nn.Embedding(qualities, heads * config.rank)
        self.key = zero_table(qualities, heads * config.rank)
        self.functions, self.heads = functions, heads

    def forward(self, batch: ChordBatch, relations: Relations) -> Tensor:
        """Return the bias, (batch, heads, steps, steps)."""
        function, quality = batch.columns["function"], batch.columns["quality"]
        tables = self.interval.weight, self.distance.weight
        bias = sum_of_rows(*tables, relations.interval, relations.distance, relations.hidden)
        pairs = function[:, :, None] * self.functions + function[:, None, :]
        bias += look_up(self.function.weight, pairs, relations.hidden)
        query = self.query(quality).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key = self.key(quality).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        bias += (query @ key.transpose(-1, -2)).permute(0, 2, 3, 1)
        return bias.permute(0, 3, 1, 2)


class CopyBias(nn.Module):
    """The copying terms of the formula: match length, and beats apart within a phrase."""

    def __init__(self, config: ChordTransformerConfig, heads: int) -> None:
        """Make tables of zeros for `heads` heads."""
        super().__init__()
        self.match = zero_table(config.longest_match + 1, heads)
        self.phrase = zero_table(config.phrase, heads)

    def forward(self, relations: Relations) -> Tensor:
        """Return the bias, (batch, heads, steps, steps)."""
        tables = self.match.weight, self.phrase.weight
        bias = sum_of_rows(*tables, relations.match, relations.phrase, relations.hidden)
        return bias.permute(0, 3, 1, 2)


class Biases(nn.Module):
    """Biases of the attention logits, for every head of every layer."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Make the parts that the config names."""
        super().__init__()
        self.layers = config.layers
        heads = config.layers * config.heads
        self.harmony = HarmonicBias(config, heads) if config.harmony else None
        self.copying = CopyBias(config, heads) if config.copying else None

    def forward(self, batch: ChordBatch, relations: Relations) -> list[Tensor]:
        """Return for each layer (batch, heads, steps, steps), or what broadcasts to it."""
        hidden = relations.hidden
        mask = torch.zeros(hidden.shape, device=hidden.device).masked_fill(hidden, MASKED)
        parts = []
        if self.harmony is not None:
            parts.append(self.harmony(batch, relations))
        if self.copying is not None:
            parts.append(self.copying(relations))
        if not parts:
            return [mask] * self.layers
        total: Tensor = sum(parts[1:], parts[0]).contiguous() + mask
        return list(total.chunk(self.layers, dim=1))


class Attention(nn.Module):
    """Multi-head attention with given biases, which also hold the causal mask."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.heads, self.rope = config.heads, config.rope
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Map (batch, steps, width) to the same shape."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if self.rope:
            q, k = rotate(q), rotate(k)
        logits = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2) + bias
        mixed = (self.dropout(logits.softmax(-1)) @ v).transpose(1, 2).flatten(-2)
        y: Tensor = self.out(mixed)
        return y


class ChordBlock(Block):
    """A transformer block over the steps of a whole song."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Start with random weights."""
        super().__init__(config.width, config.dropout, Attention(config))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Map (batch, steps, width) to the same shape."""
        return self.add_and_feed_forward(x, self.attention(self.norm(x), bias))
