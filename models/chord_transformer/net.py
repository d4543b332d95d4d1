"""A transformer decoder over the chords of a song that can also copy: RoPE, H-RPE, and a pointer.

The net reads ids and gives probabilities of ids; the caller decides what they mean.

Attention from step i back to step j in head h, over queries q and keys k of width e:

    logit[h, i, j] = R(i) q[i] . R(j) k[j] / sqrt(e)                                   (RoPE)
                   + interval[h, (root[i] - root[j]) mod 12]                           (H-RPE)
                   + distance[h, D[quality[i], quality[j], (root[i] - root[j]) mod 12]]
                   + u[h, quality[i]] . v[h, quality[j]]
                   + function[h, function[i], function[j]]
                   + match[h, m[i, j]] + phrase[h, (onset[i] - onset[j]) mod P]        (copying)

R rotates pairs of dimensions by an angle that grows with the position (Su et al., "RoFormer",
2021). The next four terms are harmonic relative positions; D is a table of harmonic distances that
the net is built with. m[i, j] is the number of chords up to i that equal those up to j. onset is
the beat on which the chord after a step starts; P beats make a phrase.

The next chord has a mixture of two distributions, weighted by a gate g that reads the longest
match:

    p(chord) = g[i] * sum of w[i, j] over j < i with chord[j + 1] = chord
             + (1 - g[i]) * softmax(A h[i] + a)[chord]
    w[i, j] = softmax over j < i of  Q h[i] . K h[j] / sqrt(width)
                                     + (match + M h[i])[m[i, j]]
                                     + (phrase + N h[i])[(onset[i] - onset[j]) mod P]

w is a pointer (Vinyals et al., 2015; See et al., 2017) to earlier steps whose next chord may come
again. Length and bass of the next chord are predicted given the chord, from the state h[i] and from
the lengths and basses that the chord had where the pointer looks.
"""

import math

import torch
from torch import Tensor, nn

from muse.models.chord_nets.batch import ChordBatch
from muse.models.chord_nets.columns import LEAST_PROBABILITY
from muse.models.chord_nets.heads import DetailHead, Predicted, Tables, shift_left, sum_by_id
from muse.models.chord_transformer.attention import (
    Biases,
    ChordBlock,
    CopyBias,
    Relations,
    relate_steps,
)
from muse.models.chord_transformer.config import (
    LONG_MATCH,
    MATCH_FEATURES,
    MATCH_SCALE,
    ChordTransformerConfig,
)
from muse.models.transformer_layers import MASKED


class ChordTransformer(nn.Module):
    """The net of the formula above.

    Attributes:
        distances: D, (qualities, qualities, 12) classes below config.distances; D[a, b, k] is the
            distance of a chord of quality a from one of quality b whose root is k semitones lower.
    """

    distances: Tensor

    def __init__(self, config: ChordTransformerConfig, distances: Tensor) -> None:
        """Start with random weights; see the class for `distances`."""
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
        self.length = DetailHead(config.lengths, *rest)
        self.bass = DetailHead(config.columns["bass"], *rest)

    def forward(self, batch: ChordBatch) -> Predicted:
        """Predict the chord after each step."""
        relations = relate_steps(batch, self.distances, self.config)
        x = self.dropout(self.tables.embed(batch))
        for block, bias in zip(self.blocks, self.biases(batch, relations), strict=True):
            x = block(x, bias)
        state = self.norm(x)
        if self.pointer is None:
            return Predicted(self.chords(state).float().log_softmax(-1), state, None)
        fresh = self.chords(state).float().softmax(-1)
        gate, weights = self.pointer(state, relations)
        copied = sum_by_id(weights, shift_left(batch.columns["chord"]), self.config.chords)
        return Predicted(
            (gate * copied + (1 - gate) * fresh + LEAST_PROBABILITY).log(), state, weights
        )

    def details(
        self, predicted: Predicted, batch: ChordBatch, chosen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict length and bass of the next chord, given the chord.

        Args:
            predicted: result of `forward` for the batch.
            batch: the steps.
            chosen: (batch, steps) the chord after each step.

        Returns:
            Log probabilities, (batch, steps, lengths) and (batch, steps, basses).
        """
        embedded = self.tables["chord"](chosen)
        where = None
        if predicted.pointer is not None:
            is_same = shift_left(batch.columns["chord"])[:, None, :] == chosen[:, :, None]
            where = predicted.pointer * is_same
        columns = batch.columns
        return (
            self.length(predicted.state, embedded, where, shift_left(columns["length"])),
            self.bass(predicted.state, embedded, where, shift_left(columns["bass"])),
        )


class Pointer(nn.Module):
    """Weights of earlier steps whose next chord may be copied, and the gate of the mixture."""

    def __init__(self, config: ChordTransformerConfig) -> None:
        """Start with random weights, and a bias that prefers longer matches."""
        super().__init__()
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.bias = CopyBias(config, 1)
        with torch.no_grad():
            self.bias.match.weight[:, 0] = torch.arange(config.longest_match + 1)
        self.match = nn.Linear(config.width, config.longest_match + 1)
        self.phrase = nn.Linear(config.width, config.phrase)
        self.gate = nn.Linear(config.width + MATCH_FEATURES, 1)

    def forward(self, state: Tensor, relations: Relations) -> tuple[Tensor, Tensor]:
        """Return the gate, (batch, steps, 1), and the weights of steps, (batch, steps, steps)."""
        logits = self.query(state) @ self.key(state).transpose(-1, -2) / math.sqrt(state.shape[-1])
        logits = logits + self.bias(relations)[:, 0]
        logits = logits + self.match(state).gather(-1, relations.match)
        logits = logits + self.phrase(state).gather(-1, relations.phrase)
        itself = torch.eye(state.shape[1], dtype=torch.bool, device=state.device)
        excluded = relations.hidden | itself
        weights = logits.masked_fill(excluded, MASKED).softmax(-1).masked_fill(excluded, 0.0)
        longest = relations.match.masked_fill(excluded, 0).amax(-1)
        gate = torch.sigmoid(self.gate(torch.cat([state, match_features(longest)], -1)))
        return gate * (~excluded).any(-1)[..., None], weights


def match_features(longest: Tensor) -> Tensor:
    """Return the copy gate's inputs for a match of a length, (..., MATCH_FEATURES)."""
    return torch.stack(
        [longest / MATCH_SCALE, (longest > LONG_MATCH).float(), (longest == 0).float()], -1
    )
