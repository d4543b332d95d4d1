"""Attention from the notes of a segment to those and the remembered ones.

The formula stands in melody_xl.py.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.chord_nets.config import ROPE_BASE
from muse.models.chord_transformer.attention import FAR, Block, joined, zeros
from muse.models.melody_xl.config import CHORD, LIKENESSES, MelodyConfig

NOWHERE = (-1, -2)  # what stands before the first row, different for the two that are compared


@dataclass(frozen=True)
class MelodyBatch:
    """Segments of songs, padded at the songs' ends.

    Attributes:
        columns: each (batch, rows) ids; row 0 of a song is the start.
        contexts: each (batch,) ids.
        bars: (batch, rows), number of the bar in which the note after the row starts.
    """

    columns: dict[str, Tensor]
    contexts: dict[str, Tensor]
    bars: Tensor

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.bars.shape[1])

    def part(self, start: int, end: int) -> "MelodyBatch":
        """The rows from start to end."""
        columns = {name: ids[:, start:end] for name, ids in self.columns.items()}
        return MelodyBatch(columns, self.contexts, self.bars[:, start:end])

    def behind(self, earlier: "MelodyBatch") -> "MelodyBatch":
        """The rows with those of an earlier part before them."""
        columns = {
            name: torch.cat([earlier.columns[name], ids], 1) for name, ids in self.columns.items()
        }
        return MelodyBatch(columns, self.contexts, torch.cat([earlier.bars, self.bars], 1))


@dataclass(frozen=True)
class Relations:
    """How each row i of a segment relates to each row j seen; all (batch, rows, seen) but the last.

    Attributes:
        match: notes up to i that equal those up to j, in interval and advance.
        rhythm: the same in advance alone.
        phrase: bars from the note after j to that after i, modulo, where both have the same place
            in the bar; else one more.
        alike: of the notes after i and j: the chord is the same (1), the place is (2).
        hidden: True where row j is later than row i, (rows, seen).
    """

    match: Tensor
    rhythm: Tensor
    phrase: Tensor
    alike: Tensor
    hidden: Tensor


def relations_of(seen: MelodyBatch, rows: int, config: MelodyConfig) -> Relations:
    """How the last `rows` rows relate to all that are seen."""
    columns, total = seen.columns, seen.rows
    advance, place = columns["advance"], columns["place"]
    both = columns["interval"] * (config.advances + 1) + advance
    same_place = pairs(place, rows)
    bars = (seen.bars[:, -rows:, None] - seen.bars[:, None, :]) % config.phrase
    alike = 2 * same_place.long()
    if CHORD in config.columns:
        alike = alike + pairs(columns[CHORD], rows)
    ones = torch.ones(rows, total, dtype=torch.bool, device=place.device)
    return Relations(
        match=match_lengths(both, rows, config.longest_match),
        rhythm=match_lengths(advance, rows, config.longest_match),
        phrase=torch.where(same_place, bars, config.phrase),
        alike=alike,
        hidden=ones.triu(1 + total - rows),
    )


def pairs(ids: Tensor, rows: int) -> Tensor:
    """Whether the last rows are the same as each: (batch, rows, total)."""
    return ids[:, -rows:, None] == ids[:, None, :]


def match_lengths(ids: Tensor, rows: int, longest: int) -> Tensor:
    """How many ids up to i equal those up to j, up to `longest`: (batch, rows, total)."""
    total = ids.shape[1]
    one, other = (functional.pad(ids, (longest, 0), value=nowhere) for nowhere in NOWHERE)
    run = torch.ones((), dtype=torch.bool, device=ids.device)
    found = torch.zeros((), dtype=torch.uint8, device=ids.device)
    for back in range(longest):
        last, end = longest - back, longest - back + total
        run = run & (one[:, end - rows : end, None] == other[:, None, last:end])
        found = found + run
    return found.long()


def turned(x: Tensor, first: int) -> Tensor:
    """RoPE: (..., rows, e) with each pair of dimensions turned by its row's angle.

    Args:
        x: queries or keys.
        first: position of the first row.
    """
    rows, width = x.shape[-2:]
    rates = ROPE_BASE ** (-torch.arange(0, width, 2, device=x.device) / width)
    angles = torch.arange(first, first + rows, device=x.device)[:, None] * rates
    cosine, sine = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], -1).flatten(-2)


class CopyBias(nn.Module):
    """What is added to logits: where the song was like this before."""

    def __init__(self, config: MelodyConfig, heads: int) -> None:
        """Tables for some heads, that start as nothing."""
        super().__init__()
        self.match = zeros(config.longest_match + 1, heads)
        self.rhythm = zeros(config.longest_match + 1, heads)
        self.phrase = zeros(config.phrase + 1, heads)
        self.alike = zeros(LIKENESSES, heads)

    def forward(self, relations: Relations) -> Tensor:
        """(batch, heads, rows, seen)."""
        r = relations
        bias = joined(self.match.weight, self.phrase.weight, r.match, r.phrase, r.hidden)
        bias = bias + joined(self.rhythm.weight, self.alike.weight, r.rhythm, r.alike, r.hidden)
        return bias.permute(0, 3, 1, 2)


class Biases(nn.Module):
    """What is added to the logits of every head of every layer, made at once."""

    def __init__(self, config: MelodyConfig) -> None:
        """Fresh weights."""
        super().__init__()
        self.layers = config.layers
        self.copying = CopyBias(config, config.layers * config.heads) if config.copying else None

    def forward(self, relations: Relations) -> list[Tensor]:
        """For each layer (batch, heads, rows, seen), or what broadcasts to it."""
        hidden = relations.hidden
        unseen = torch.zeros(hidden.shape, device=hidden.device).masked_fill(hidden, FAR)
        if self.copying is None:
            return [unseen] * self.layers
        total: Tensor = self.copying(relations).contiguous() + unseen
        return list(total.chunk(self.layers, dim=1))


class Attention(nn.Module):
    """From the segment to the memory and itself."""

    def __init__(self, config: MelodyConfig) -> None:
        """Fresh weights."""
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width)
        self.both = nn.Linear(config.width, 2 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, seen: Tensor, bias: Tensor) -> Tensor:
        """(batch, rows, width), from the same and (batch, seen, width)."""
        q = self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = self.both(seen).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, k = turned(q, seen.shape[1] - x.shape[1]), turned(k, 0)
        logits = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2) + bias
        mixed = (self.dropout(logits.softmax(-1)) @ v).transpose(1, 2).flatten(-2)
        done: Tensor = self.out(mixed)
        return done


class MelodyBlock(Block):
    """A block over the rows of a segment and what is remembered of those before."""

    def __init__(self, config: MelodyConfig) -> None:
        """Fresh weights."""
        super().__init__(config.width, config.dropout, Attention(config))

    def forward(self, x: Tensor, remembered: Tensor, bias: Tensor) -> Tensor:
        """(batch, rows, width), from the same and what is remembered of it."""
        seen = self.norm(torch.cat([remembered, x], 1))
        return self.behind(x, self.attention(seen[:, remembered.shape[1] :], seen, bias))
