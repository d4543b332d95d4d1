"""The chord finder with gradients: the score of inference.py, and its likelihood.

The net is trained to raise the likelihood of the annotated segmentation among all segmentations.
The sum over all of them is the forward recursion of a semi-Markov model.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from muse.models.chord_finder.config import ROOTS, ChordFinderConfig, array_shapes

LEAST = 1e-30  # added to sums of exponentials before their logarithm


class SegmentBatch(NamedTuple):
    """Passages of songs, padded at their ends to the same number of cells.

    Attributes:
        rows: (batch, cells, longest, blocks * 12).
        scalars: (batch, cells, longest, scalars).
        strengths: (batch, cells) metrical strength of each cell.
        truth: (batch, cells, 3) start, length - 1 and class of the annotated segments, in order;
            -1 after the last.
        cells: (batch,) cells that are not padding.
    """

    rows: Tensor
    scalars: Tensor
    strengths: Tensor
    truth: Tensor
    cells: Tensor


class ChordFinderNet(nn.Module):
    """The chord finder as a torch module; its parameters have the names of the model's arrays."""

    def __init__(self, config: ChordFinderConfig, content: Tensor) -> None:
        """Start from given content weights, (kinds, blocks, 12), and zeros for the rest."""
        super().__init__()
        self.config = config
        start = {name: torch.zeros(shape) for name, shape in array_shapes(config).items()}
        start["content"] = content.clone()
        self.arrays = nn.ParameterDict({name: nn.Parameter(x) for name, x in start.items()})
        steps = (torch.arange(ROOTS) - torch.arange(ROOTS)[:, None]) % ROOTS
        self.register_buffer("steps", steps)  # from, to

    def scores(self, rows: Tensor, scalars: Tensor, strengths: Tensor) -> Tensor:
        """Score each class in each segment: (batch, cells, longest, classes)."""
        arrays = self.arrays
        by_root = arrays["content"][:, :, self.steps].permute(2, 0, 1, 3)
        weights = by_root.reshape(self.config.no_chord, -1)
        chords = rows @ weights.T + arrays["kind"].repeat(ROOTS)
        both = torch.cat([chords, scalars @ arrays["none"][:, None]], -1)
        by_start = arrays["strength"][strengths][:, :, None, None]
        scores: Tensor = both + arrays["length"][:, None] + by_start
        return scores

    def transitions(self) -> Tensor:
        """Return (classes, classes): the score of the second class after the first."""
        arrays, count = self.arrays, self.config.no_chord
        chords = arrays["follow"][:, :, self.steps].permute(2, 0, 3, 1).reshape(count, count)
        upper = torch.cat([chords, arrays["to_none"].repeat(ROOTS)[:, None]], 1)
        lower = torch.cat([arrays["from_none"].repeat(ROOTS), arrays["stay_none"]])
        return torch.cat([upper, lower[None]])

    def forward(self, batch: SegmentBatch) -> Tensor:
        """Return the negative log likelihood of the annotations, summed over the batch, in nats."""
        scores = self.scores(batch.rows, batch.scalars, batch.strengths)
        follow = self.transitions()
        every = log_partition(scores, follow, batch.cells)
        return (every - path_score(scores, follow, batch.truth)).sum()

    def penalty(self, weights: Mapping[str, float], content: Tensor) -> Tensor:
        """Return the weighted squared distance of some arrays from where they started.

        Args:
            weights: of each array in the sum.
            content: what the content weights started from; the others started from zeros.
        """
        start = {"content": content}
        terms = [
            weight * ((self.arrays[name] - start.get(name, 0.0)) ** 2).sum()
            for name, weight in weights.items()
        ]
        return torch.stack(terms).sum()


def path_score(scores: Tensor, follow: Tensor, truth: Tensor) -> Tensor:
    """Return (batch,) the score of the annotated segments; shapes as in `SegmentBatch`."""
    real = truth[:, :, 0] >= 0
    start, length, label = truth.clamp(min=0).unbind(-1)
    segments = scores[torch.arange(len(truth))[:, None], start, length, label]
    steps = follow[label[:, :-1], label[:, 1:]]
    return (segments * real).sum(1) + (steps * real[:, 1:]).sum(1)


def log_partition(scores: Tensor, follow: Tensor, cells: Tensor) -> Tensor:
    """Return (batch,) the log sum of exp(score) over all segmentations of the first `cells`."""
    padded, longest = scores.shape[1:3]
    top = follow.max().detach()
    odds = (follow - top).exp()
    arriving = [torch.zeros_like(scores[:, 0, 0])]
    ended = []
    for end in range(1, padded + 1):
        starts = range(max(0, end - longest), end)
        terms = torch.stack([arriving[s] + scores[:, s, end - s - 1] for s in starts])
        ended.append(torch.logsumexp(terms, 0))
        peak = ended[-1].max(-1, keepdim=True).values.detach()
        onward = ((ended[-1] - peak).exp() @ odds + LEAST).log()
        arriving.append(onward + peak + top)
    last = torch.stack(ended, 1)[torch.arange(len(cells)), cells - 1]
    return torch.logsumexp(last, -1)
