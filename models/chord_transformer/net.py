"""A decoder over the chords of a song that can also copy: RoPE, harmonic bias, and a pointer.

What a step is, and what its columns mean, is the caller's; here they are ids.

Attention from step i back to step j in head h, over queries q and keys k of width e:

    logit[h, i, j] = R(i) q[i] . R(j) k[j] / sqrt(e)                                   (RoPE)
                   + interval[h, (root[i] - root[j]) mod 12]                           (H-RPE)
                   + distance[h, D[quality[i], quality[j], (root[i] - root[j]) mod 12]]
                   + u[h, quality[i]] . v[h, quality[j]]
                   + function[h, function[i], function[j]]
                   + match[h, m[i, j]] + phrase[h, (onset[i] - onset[j]) mod P]        (copying)

R turns pairs of dimensions by an angle that grows with the position (Su et al., "RoFormer", 2021).
The second part is the harmonic relative position: D is a table of harmonic distances that the net
is built with. m[i, j] is how many chords up to i are the same as those up to j, and onset the beat
on which the chord after a step starts, so that P beats hold whole phrases.

The next chord is drawn from a mixture, weighed by a gate g that is told how long a match there is:

    p(chord) = g[i] * sum of w[i, j] over j < i with chord[j + 1] = chord
             + (1 - g[i]) * softmax(A h[i] + a)[chord]
    w[i, j] = softmax over j < i of  Q h[i] . K h[j] / sqrt(width)
                                     + (match + M h[i])[m[i, j]]
                                     + (phrase + N h[i])[(onset[i] - onset[j]) mod P]

which is a pointer (Vinyals et al., 2015; See et al., 2017) to an earlier step j whose follower
comes again. Length and bass of the next chord follow, given the chord, from the state h[i] and from
what the pointer saw after the steps where that chord came.
"""

import math

import torch
from torch import Tensor, nn

from muse.models.chord_nets.config import (
    LONG_MATCH,
    MATCH_FACTS,
    MATCH_SCALE,
    TINY,
    ChordTransformerConfig,
)
from muse.models.chord_nets.heads import Detail, Predicted, Tables, following, spread
from muse.models.chord_transformer.attention import (
    FAR,
    Biases,
    ChordBatch,
    ChordBlock,
    CopyBias,
    Relations,
    relations_of,
)


class ChordTransformer(nn.Module):
    """The net; `distances` is (qualities, qualities, 12) of buckets below config.distances.

    D[a, b, k] is that of a chord of quality a to one of quality b whose root is k semitones lower.
    """

    distances: Tensor

    def __init__(self, config: ChordTransformerConfig, distances: Tensor) -> None:
        """Fresh weights; see the class for `distances`."""
        super().__init__()
        self.config = config
        self.register_buffer("distances", distances.long())
        self.tables = Tables(config.columns, config.contexts, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.biases = Biases(config)
        self.blocks = nn.ModuleList(ChordBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.chords = nn.Linear(config.width, config.chords)
        self.pointer = Pointer(config) if config.copying else None
        rest = (config.width, config.dropout, config.copying)
        self.length = Detail(config.lengths, *rest)
        self.bass = Detail(config.columns["bass"], *rest)

    def forward(self, batch: ChordBatch) -> Predicted:
        """What follows each step."""
        relations = relations_of(batch, self.distances, self.config)
        x = self.dropout(self.tables.embedded(batch))
        for block, bias in zip(self.blocks, self.biases(batch, relations), strict=True):
            x = block(x, bias)
        state = self.norm(x)
        if self.pointer is None:
            return Predicted(self.chords(state).float().log_softmax(-1), state, None)
        fresh = self.chords(state).float().softmax(-1)
        gate, weights = self.pointer(state, relations)
        copied = spread(weights, following(batch.columns["chord"]), self.config.chords)
        return Predicted((gate * copied + (1 - gate) * fresh + TINY).log(), state, weights)

    def details(
        self, predicted: Predicted, batch: ChordBatch, chosen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Log probabilities of length and bass, given the chord that follows each step.

        Args:
            predicted: of the same batch.
            batch: the steps.
            chosen: (batch, steps), the chord that follows.

        Returns:
            (batch, steps, lengths) and (batch, steps, basses).
        """
        embedded = self.tables["chord"](chosen)
        where = None
        if predicted.pointer is not None:
            is_same = following(batch.columns["chord"])[:, None, :] == chosen[:, :, None]
            where = predicted.pointer * is_same
        columns = batch.columns
        return (
            self.length(predicted.state, embedded, where, following(columns["length"])),
            self.bass(predicted.state, embedded, where, following(columns["bass"])),
        )


class Pointer(nn.Module):
    """Chooses the earlier step whose follower comes again, and how far to trust it."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Fresh weights; the longer match is the likelier."""
        super().__init__()
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.bias = CopyBias(config, 1)
        with torch.no_grad():  # to begin with, the longer match is the likelier
            self.bias.match.weight[:, 0] = torch.arange(config.longest_match + 1)
        self.match = nn.Linear(config.width, config.longest_match + 1)
        self.phrase = nn.Linear(config.width, config.phrase)
        self.gate = nn.Linear(config.width + MATCH_FACTS, 1)

    def forward(self, state: Tensor, relations: Relations) -> tuple[Tensor, Tensor]:
        """The gate (batch, steps, 1) and the weights (batch, steps, steps) of earlier steps."""
        logits = self.query(state) @ self.key(state).transpose(-1, -2) / math.sqrt(state.shape[-1])
        logits = logits + self.bias(relations)[:, 0]
        logits = logits + self.match(state).gather(-1, relations.match)
        logits = logits + self.phrase(state).gather(-1, relations.phrase)
        itself = torch.eye(state.shape[1], dtype=torch.bool, device=state.device)
        unseen = relations.hidden | itself
        weights = logits.masked_fill(unseen, FAR).softmax(-1).masked_fill(unseen, 0.0)
        longest = relations.match.masked_fill(unseen, 0).amax(-1)
        gate = torch.sigmoid(self.gate(torch.cat([state, match_facts(longest)], -1)))
        return gate * (~unseen).any(-1)[..., None], weights


def match_facts(longest: Tensor) -> Tensor:
    """What the gate is told of the longest match: (..., MATCH_FACTS)."""
    return torch.stack(
        [longest / MATCH_SCALE, (longest > LONG_MATCH).float(), (longest == 0).float()], -1
    )
