"""Attention from the rows of a segment to themselves and to the remembered rows.

The formula is in net.py.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.melody_xl.config import CHORD, LIKENESSES, MelodyConfig
from muse.models.transformer_layers import MASKED, Block, rotate, sum_of_rows, zero_table

PADDING = (-1, -2)  # ids before the first row, unequal in the two sequences that are compared


@dataclass(frozen=True)
class MelodyBatch:
    """Segments of songs, padded at the songs' ends.

    Attributes:
        columns: (batch, rows) ids of each column; row 0 of a song is the start.
        contexts: (batch,) ids of each context.
        bars: (batch, rows) number of the bar in which the note after the row starts.
    """

    columns: dict[str, Tensor]
    contexts: dict[str, Tensor]
    bars: Tensor

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.bars.shape[1])

    def part(self, start: int, end: int) -> "MelodyBatch":
        """Return the rows from start to end."""
        columns = {name: ids[:, start:end] for name, ids in self.columns.items()}
        return MelodyBatch(columns, self.contexts, self.bars[:, start:end])

    def preceded_by(self, earlier: "MelodyBatch") -> "MelodyBatch":
        """Return the rows of an earlier batch followed by these."""
        columns = {
            name: torch.cat([earlier.columns[name], ids], 1) for name, ids in self.columns.items()
        }
        return MelodyBatch(columns, self.contexts, torch.cat([earlier.bars, self.bars], 1))


@dataclass(frozen=True)
class Relations:
    """How each row i of a segment relates to each row j of memory and segment ("seen" rows).

    Attributes:
        match: (batch, rows, seen) notes up to i that equal those up to j in interval and advance.
        rhythm: (batch, rows, seen) notes up to i that equal those up to j in advance.
        phrase: (batch, rows, seen) bars from the note after j to the note after i, modulo the
            phrase, if both have the same place in the bar; otherwise config.phrase.
        alike: (batch, rows, seen) 1 if the notes after i and j have the same chord, plus 2 if they
            have the same place in the bar.
        hidden: (rows, seen) True where j is later than i.
    """

    match: Tensor
    rhythm: Tensor
    phrase: Tensor
    alike: Tensor
    hidden: Tensor


def relate_rows(seen: MelodyBatch, rows: int, config: MelodyConfig) -> Relations:
    """Compute how the last `rows` rows relate to all seen rows."""
    columns, total = seen.columns, seen.rows
    advance, place = columns["advance"], columns["place"]
    both = columns["interval"] * (config.advances + 1) + advance
    same_place = equal_pairs(place, rows)
    bars = (seen.bars[:, -rows:, None] - seen.bars[:, None, :]) % config.phrase
    alike = 2 * same_place.long()
    if CHORD in config.columns:
        alike = alike + equal_pairs(columns[CHORD], rows)
    ones = torch.ones(rows, total, dtype=torch.bool, device=place.device)
    return Relations(
        match=match_lengths(both, rows, config.longest_match),
        rhythm=match_lengths(advance, rows, config.longest_match),
        phrase=torch.where(same_place, bars, config.phrase),
        alike=alike,
        hidden=ones.triu(1 + total - rows),
    )


def equal_pairs(ids: Tensor, rows: int) -> Tensor:
    """Compare each of the last rows with all: (batch, rows, total), True where ids are equal."""
    return ids[:, -rows:, None] == ids[:, None, :]


def match_lengths(ids: Tensor, rows: int, longest: int) -> Tensor:
    """Count the ids up to i that equal those up to j, at most `longest`: (batch, rows, total)."""
    total = ids.shape[1]
    one, other = (functional.pad(ids, (longest, 0), value=value) for value in PADDING)
    run = torch.ones((), dtype=torch.bool, device=ids.device)
    found = torch.zeros((), dtype=torch.uint8, device=ids.device)
    for back in range(longest):
        last, end = longest - back, longest - back + total
        run = run & (one[:, end - rows : end, None] == other[:, None, last:end])
        found = found + run
    return found.long()


class CopyBias(nn.Module):
    """The copying terms of the formula: matches, phrases, and alike next notes."""

    def __init__(self, config: MelodyConfig, heads: int) -> None:
        """Make tables of zeros for `heads` heads."""
        super().__init__()
        self.match = zero_table(config.longest_match + 1, heads)
        self.rhythm = zero_table(config.longest_match + 1, heads)
        self.phrase = zero_table(config.phrase + 1, heads)
        self.alike = zero_table(LIKENESSES, heads)

    def forward(self, relations: Relations) -> Tensor:
        """Return the bias, (batch, heads, rows, seen)."""
        r = relations
        bias = sum_of_rows(self.match.weight, self.phrase.weight, r.match, r.phrase, r.hidden)
        bias = bias + sum_of_rows(
            self.rhythm.weight, self.alike.weight, r.rhythm, r.alike, r.hidden
        )
        return bias.permute(0, 3, 1, 2)


class Biases(nn.Module):
    """Biases of the attention logits, for every head of every layer."""

    def __init__(self, config: MelodyConfig) -> None:
        """Make the tables of a net that can copy, and none otherwise."""
        super().__init__()
        self.layers = config.layers
        self.copying = CopyBias(config, config.layers * config.heads) if config.copying else None

    def forward(self, relations: Relations) -> list[Tensor]:
        """Return for each layer (batch, heads, rows, seen), or what broadcasts to it."""
        hidden = relations.hidden
        mask = torch.zeros(hidden.shape, device=hidden.device).masked_fill(hidden, MASKED)
        if self.copying is None:
            return [mask] * self.layers
        total: Tensor = self.copying(relations).contiguous() + mask
        return list(total.chunk(self.layers, dim=1))


class Attention(nn.Module):
    """Multi-head attention from the segment to memory and segment, with given biases."""

    def __init__(self, config: MelodyConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width)
        self.both = nn.Linear(config.width, 2 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, seen: Tensor, bias: Tensor) -> Tensor:
        """Map (batch, rows, width) to the same shape, with keys from (batch, seen, width)."""
        q = self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = self.both(seen).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, seen.shape[1] - x.shape[1]), rotate(k, 0)
        logits = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2) + bias
        mixed = (self.dropout(logits.softmax(-1)) @ v).transpose(1, 2).flatten(-2)
        y: Tensor = self.out(mixed)
        return y


class MelodyBlock(Block):
    """A transformer block over the rows of a segment, with the remembered rows as context."""

    def __init__(self, config: MelodyConfig) -> None:
        """Start with random weights."""
        super().__init__(config.width, config.dropout, Attention(config))

    def forward(self, x: Tensor, remembered: Tensor, bias: Tensor) -> Tensor:
        """Map (batch, rows, width) to the same shape; `remembered` is (batch, memory, width)."""
        seen = self.norm(torch.cat([remembered, x], 1))
        return self.add_and_feed_forward(
            x, self.attention(seen[:, remembered.shape[1] :], seen, bias)
        )
