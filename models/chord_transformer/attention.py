"""Attention among the chords of a song: RoPE, harmonic bias, and bias to what was heard before.

The formula stands in net.py. The biases of all heads of all layers are made at once,
which is what most of the time goes into: layer for layer it takes twice as long.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.chord_nets.config import ROOTS, ROPE_BASE, ChordTransformerConfig

FAR = -1e9  # logit of what may not be looked at


@dataclass(frozen=True)
class ChordBatch:
    """Songs, padded at their ends.

    Attributes:
        columns: each (batch, steps) ids; step 0 is the start.
        contexts: each (batch,) ids.
        onsets: (batch, steps), whole beats at which the chord after the step starts.
        lasts: True where a step is not padding, (batch, steps); the nets need it not, losses do.
    """

    columns: dict[str, Tensor]
    contexts: dict[str, Tensor]
    onsets: Tensor
    lasts: Tensor


@dataclass(frozen=True)
class Relations:
    """How each step relates to each earlier one; all (batch, steps, steps) but the last."""

    interval: Tensor
    distance: Tensor
    match: Tensor
    phrase: Tensor
    hidden: Tensor  # True where step j is later than step i, (steps, steps)


def relations_of(batch: ChordBatch, distances: Tensor, config: ChordTransformerConfig) -> Relations:
    """How the steps of a batch relate."""
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
    """How many chords up to i equal those up to j, up to `longest`: (batch, steps, steps)."""
    same = chords[:, :, None] == chords[:, None, :]
    run, total = same.clone(), same.to(torch.uint8)
    for back in range(1, longest):
        run[:, :back] = False
        run[:, :, :back] = False
        run[:, back:, back:] &= same[:, :-back, :-back]
        total += run
    return total.long()


def turned(x: Tensor) -> Tensor:
    """RoPE: (..., steps, e) with each pair of dimensions turned by its step's angle."""
    steps, width = x.shape[-2:]
    rates = ROPE_BASE ** (-torch.arange(0, width, 2, device=x.device) / width)
    angles = torch.arange(steps, device=x.device)[:, None] * rates
    cosine, sine = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], -1).flatten(-2)


class HarmonicBias(nn.Module):
    """The second part of the formula: what two chords are to each other."""

    def __init__(self, config: ChordTransformerConfig, heads: int) -> None:
        """Tables that start as nothing, but for the queries of qualities."""
        super().__init__()
        qualities, functions = config.columns["quality"], config.columns["function"]
        self.interval = zeros(ROOTS + 1, heads)
        self.distance = zeros(config.distances, heads)
        self.function = zeros(functions * functions, heads)
        self.query = nn.Embedding(qualities, heads * config.rank)
        self.key = zeros(qualities, heads * config.rank)
        self.functions, self.heads = functions, heads

    def forward(self, batch: ChordBatch, relations: Relations) -> Tensor:
        """(batch, heads, steps, steps)."""
        function, quality = batch.columns["function"], batch.columns["quality"]
        tables = self.interval.weight, self.distance.weight
        near = joined(*tables, relations.interval, relations.distance, relations.hidden)
        pairs = function[:, :, None] * self.functions + function[:, None, :]
        near += looked_up(self.function.weight, pairs, relations.hidden)
        query = self.query(quality).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key = self.key(quality).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        near += (query @ key.transpose(-1, -2)).permute(0, 2, 3, 1)
        return near.permute(0, 3, 1, 2)


class CopyBias(nn.Module):
    """The third part of the formula: where the song was like this before."""

    def __init__(self, config: ChordTransformerConfig, heads: int) -> None:
        """Tables for some heads, that start as nothing."""
        super().__init__()
        self.match = zeros(config.longest_match + 1, heads)
        self.phrase = zeros(config.phrase, heads)

    def forward(self, relations: Relations) -> Tensor:
        """(batch, heads, steps, steps)."""
        tables = self.match.weight, self.phrase.weight
        bias = joined(*tables, relations.match, relations.phrase, relations.hidden)
        return bias.permute(0, 3, 1, 2)


def joined(
    first: Tensor, second: Tensor, first_ids: Tensor, second_ids: Tensor, hidden: Tensor
) -> Tensor:
    """The sum of two small tables' rows, looked up at once: (*ids, heads)."""
    both = (first[:, None] + second).flatten(0, 1)
    return looked_up(both, first_ids * len(second) + second_ids, hidden)


def looked_up(table: Tensor, ids: Tensor, hidden: Tensor) -> Tensor:
    """Rows of a table, (*ids, heads); nothing where hidden, which halves the way back's time."""
    nothing = len(table)
    rows = torch.cat([table, table.new_zeros(1, table.shape[1])])
    return functional.embedding(ids.masked_fill(hidden, nothing), rows, padding_idx=nothing)


def zeros(count: int, width: int) -> nn.Embedding:
    """A table that starts as nothing."""
    table = nn.Embedding(count, width)
    nn.init.zeros_(table.weight)
    return table


class Biases(nn.Module):
    """What is added to the logits of every head of every layer."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Fresh weights."""
        super().__init__()
        self.layers = config.layers
        heads = config.layers * config.heads
        self.harmony = HarmonicBias(config, heads) if config.harmony else None
        self.copying = CopyBias(config, heads) if config.copying else None

    def forward(self, batch: ChordBatch, relations: Relations) -> list[Tensor]:
        """For each layer (batch, heads, steps, steps), or what broadcasts to it."""
        hidden = relations.hidden
        unseen = torch.zeros(hidden.shape, device=hidden.device).masked_fill(hidden, FAR)
        parts = []
        if self.harmony is not None:
            parts.append(self.harmony(batch, relations))
        if self.copying is not None:
            parts.append(self.copying(relations))
        if not parts:
            return [unseen] * self.layers
        total: Tensor = sum(parts[1:], parts[0]).contiguous() + unseen
        return list(total.chunk(self.layers, dim=1))


class Attention(nn.Module):
    """Causal attention with the biases of the formula."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Fresh weights."""
        super().__init__()
        self.heads, self.rope = config.heads, config.rope
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(batch, steps, width), from the same."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if self.rope:
            q, k = turned(q), turned(k)
        logits = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2) + bias
        mixed = (self.dropout(logits.softmax(-1)) @ v).transpose(1, 2).flatten(-2)
        done: Tensor = self.out(mixed)
        return done


class Block(nn.Module):
    """Attention and feed-forward, each behind a norm and beside a shortcut."""

    def __init__(self, width: int, dropout: float, attention: nn.Module) -> None:
        """Fresh weights around an attention over rows of a width."""
        super().__init__()
        self.norm, self.norm_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = attention
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def behind(self, x: Tensor, attended: Tensor) -> Tensor:
        """(batch, rows, width), from the same and what attention makes of it."""
        x = x + self.dropout(attended)
        wide = functional.gelu(self.widen(self.norm_forward(x)))
        done: Tensor = x + self.dropout(self.narrow(wide))
        return done


class ChordBlock(Block):
    """A block over the steps of a whole song."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Fresh weights."""
        super().__init__(config.width, config.dropout, Attention(config))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(batch, steps, width), from the same."""
        return self.behind(x, self.attention(self.norm(x), bias))
