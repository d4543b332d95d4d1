"""A net that recognizes the interval between two notes, independent of their pitch.

It reads a spectrum with a logarithmic frequency axis. Convolutions over (row, time), and stacks of
rows that are as far apart as partials, give feature maps ("faces") by semitone and time (harmonic
stacking as in Bittner et al., ICASSP 2022). How well two notes an interval apart explain the sound
is a correlation of a face with itself over semitones: at the same time for notes together, with
later times for one note after the other. A transposition shifts the faces and leaves their
correlations unchanged; the output is computed from nothing else.

This file needs torch and is for training; inference.py runs the weights in numpy.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.interval_net.config import LEAST, STEP, IntervalNetConfig


class Logits(NamedTuple):
    """Output of the net.

    Attributes:
        pairs: (batch, sizes, kinds) logits of one distribution; -inf for a unison together.
        none: (batch,) logit that the sound holds no interval.
        notes: (batch, notes, frames / STEP) logits that a note sounds on each semitone.
    """

    pairs: Tensor
    none: Tensor
    notes: Tensor


class Layer(nn.Module):
    """Convolution over (row, time), batch norm, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
    ) -> None:
        """Start with random weights; kernel sizes must be odd."""
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, rows, time) to (batch, outputs, rows / stride, time / stride)."""
        return functional.relu(self.norm(self.conv(x)))


class IntervalNet(nn.Module):
    """The net described at the top of this file."""

    def __init__(self, config: IntervalNetConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.config = config
        width, stacked = config.channels, config.channels * len(config.partials)
        self.first = Layer(1, width // 2, (7, 3), (config.semitone, STEP))
        self.spread = Layer(stacked // 2, width, (1, 1))
        self.near = Layer(width, width, (3, 3))
        self.again = Layer(stacked, width, (1, 1))
        self.last = Layer(width, width, (3, 3))
        self.note = nn.Conv2d(2 * width, 1, 1)
        self.face = nn.Conv2d(2 * width, config.faces, 1)
        measures = config.faces * (config.kinds + 3)
        self.place = nn.Parameter(torch.zeros(config.hidden, config.sizes))
        self.weigh = nn.Conv1d(measures, config.hidden, 1)
        self.compare = nn.Conv1d(config.hidden, config.hidden, 3, padding=1)
        self.pair = nn.Conv1d(config.hidden, config.kinds, 1)
        self.count = nn.Linear(3 * config.faces + 2 * config.hidden, config.hidden)
        self.none = nn.Linear(config.hidden, 1)

    def forward(self, levels: Tensor) -> Logits:
        """Score every interval, given levels (batch, rows, time) in [0, 1]."""
        x = self.spread(
            stack_partials(self.first(levels[:, None]), self.config.partials, self.config.notes)
        )
        x = x + self.near(x)
        y = self.again(stack_partials(x, self.config.partials, self.config.notes))
        both = torch.cat([x, y + self.last(y)], 1)
        faces = torch.sigmoid(self.face(both).float())
        pairs, none = self.score_pairs(faces)
        return Logits(pairs, none, self.note(both)[:, 0])

    def score_pairs(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of pairs and of no interval, from (batch, faces, notes, time)."""
        sums = torch.log(totals(faces) + LEAST)  # (batch, 3 faces)
        lags = torch.log(correlations(faces, self.config) + LEAST)  # (batch, ..., sizes)
        measures = torch.cat([lags, sums[..., None].expand(-1, -1, lags.shape[-1])], 1)
        x = functional.relu(self.weigh(measures) + self.place)
        x = x + functional.relu(self.compare(x))
        pairs = self.pair(x).transpose(1, 2)
        barred = torch.zeros_like(pairs[0])
        barred[0, -1] = -torch.inf  # a unison together is one note
        pooled = torch.cat([sums, x.amax(-1), x.mean(-1)], 1)
        none = self.none(functional.relu(self.count(pooled)))[:, 0]
        return pairs + barred, none


def stack_partials(x: Tensor, shifts: tuple[int, ...], rows: int) -> Tensor:
    """Put each partial's row on its note: (batch, shifts * channels, rows, time).

    Args:
        x: (batch, channels, n, time), one row per semitone.
        shifts: semitones from a note to its partials.
        rows: number of notes.
    """
    before, after = -min(shifts), max(0, rows + max(shifts) - x.shape[2])
    padded = functional.pad(x, (0, 0, before, after))
    starts = [before + shift for shift in shifts]
    return torch.cat([padded[:, :, start : start + rows] for start in starts], 1)


def totals(faces: Tensor) -> Tensor:
    """Return maximum, sum of the maximum in time, and sum of the mean: (batch, 3 * faces)."""
    ever = faces.amax(-1)
    return torch.cat([ever.amax(-1), ever.sum(-1), faces.mean(-1).sum(-1)], 1)


def correlations(faces: Tensor, config: IntervalNetConfig) -> Tensor:
    """Correlate faces with themselves over notes: ascending, descending, and together.

    Args:
        faces: (batch, faces, notes, time).
        config: sizes.

    Returns:
        (batch, kinds * faces, sizes), by interval size in semitones.
    """
    frames = faces.shape[-1]
    padded = 1 << (faces.shape[2] + config.sizes - 1).bit_length()
    later = (faces.flip(-1).cumsum(-1).flip(-1) - faces) / frames
    now, then = torch.fft.rfft(faces, padded, 2), torch.fft.rfft(later, padded, 2)
    together = torch.fft.irfft((now * now.conj()).sum(-1), padded, 2) / frames
    in_turn = torch.fft.irfft((now.conj() * then).sum(-1), padded, 2) / frames
    up = torch.arange(config.sizes, device=faces.device)
    lags = [in_turn[:, :, up], in_turn[:, :, -up % padded], together[:, :, up]]
    return torch.cat(lags, 1).clamp(min=0.0)
