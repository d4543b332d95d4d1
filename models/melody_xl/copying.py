"""What the net over melodies tells the next note from: fresh logits, and pointers to earlier rows.

The formula stands in melody_xl.py.
"""

import math

import torch
from torch import Tensor, nn

from muse.models.chord_nets.config import LONG_MATCH, MATCH_SCALE
from muse.models.chord_transformer.attention import FAR
from muse.models.melody_xl.attention import CopyBias, MelodyBatch, Relations
from muse.models.melody_xl.config import POINTERS, ROOT, ROOTS, MelodyConfig


class FreshPitch(nn.Module):
    """Logits of a pitch, by itself, from the last note and from the chord's root."""

    roots: Tensor

    def __init__(self, config: MelodyConfig) -> None:
        """Fresh weights."""
        super().__init__()
        self.pitches, self.intervals = config.pitches, config.intervals
        self.pitch = nn.Linear(config.width, config.pitches)
        self.interval = nn.Linear(config.width, config.intervals)
        self.tone = nn.Linear(config.width, ROOTS) if ROOT in config.columns else None

    def forward(self, state: Tensor, batch: MelodyBatch) -> Tensor:
        """(batch, rows, pitches)."""
        each = torch.arange(self.pitches, device=state.device)
        last = batch.columns["pitch"][..., None]
        middle = self.intervals // 2
        leap = (each - last).clamp(-middle, middle) + middle
        logits: Tensor = self.pitch(state)
        logits = logits + self.interval(state).gather(-1, leap) * (last < self.pitches)
        if self.tone is not None:
            root = batch.columns[ROOT][..., None]
            tones = self.tone(state).gather(-1, (each - root) % ROOTS)
            logits = logits + tones * (root < ROOTS)
        return logits


class Pointer(nn.Module):
    """Chooses the earlier rows whose followers come again, for pitches and for lengths."""

    def __init__(self, config: MelodyConfig) -> None:
        """Fresh weights; to begin with, the longer match is the likelier."""
        super().__init__()
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.bias = CopyBias(config, POINTERS)
        with torch.no_grad():
            self.bias.match.weight += torch.arange(config.longest_match + 1)[:, None]
        self.match = nn.Linear(config.width, 2 * (config.longest_match + 1))
        self.phrase = nn.Linear(config.width, 2 * (config.phrase + 1))

    def forward(self, state: Tensor, states: Tensor, relations: Relations) -> Tensor:
        """The weights of earlier rows, (batch, 2, rows, seen).

        Args:
            state: (batch, rows, width), of the segment.
            states: (batch, seen, width), those of the memory before them.
            relations: of the same.
        """
        query = self.query(state).unflatten(-1, (2, -1)).transpose(1, 2)
        key = self.key(states).unflatten(-1, (2, -1)).transpose(1, 2)
        logits = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        logits = logits + self.bias(relations)
        logits = logits + by_class(self.match(state), relations.match)
        logits = logits + by_class(self.phrase(state), relations.phrase)
        unseen = unseen_of(relations)
        weights: Tensor = logits.masked_fill(unseen, FAR).softmax(-1).masked_fill(unseen, 0.0)
        return weights


def by_class(told: Tensor, classes: Tensor) -> Tensor:
    """What a row tells of each class, where that class is: (batch, 2, rows, seen)."""
    each = torch.stack(told.chunk(2, -1), 1)
    return each.gather(-1, classes[:, None].expand(-1, 2, -1, -1))


def unseen_of(relations: Relations) -> Tensor:
    """True where row j has no follower that row i knows: j = i and later, (rows, seen)."""
    rows, seen = relations.hidden.shape
    itself = torch.ones(rows, seen, dtype=torch.bool, device=relations.hidden.device)
    return itself.triu(seen - rows)


def match_facts(relations: Relations) -> Tensor:
    """What the gate is told of the longest matches: (batch, rows, FACTS)."""
    unseen = unseen_of(relations)
    match = relations.match.masked_fill(unseen, 0).amax(-1)
    rhythm = relations.rhythm.masked_fill(unseen, 0).amax(-1)
    facts = (match / MATCH_SCALE, match > LONG_MATCH, match == 0, rhythm / MATCH_SCALE)
    return torch.stack([fact.float() for fact in facts], -1)
