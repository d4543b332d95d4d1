"""The net that hears which interval two notes make, whatever their pitch.

It sees a spectrum whose rows are pitches. Convolutions over (row, time), and stacks of rows that
lie as far apart as partials do, tell for each semitone and time whether a note is there (harmonic
stacking as in Bittner et al., ICASSP 2022). How well two notes so far apart explain the sound is a
correlation of that picture with itself over rows: at the same time for notes together, with what
comes later for notes in turn. A transposition moves the picture and leaves its correlations alone;
they are all that the answer is made of.

This file needs torch; at work the weights are run by models/interval_net/inference.py.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.interval_net.config import LEAST, STEP, IntervalNetConfig


class Heard(NamedTuple):
    """What the net says.

    Attributes:
        pairs: (batch, sizes, kinds) logits of one distribution; of a unison together -inf.
        none: (batch,) logit of no interval.
        notes: (batch, notes, frames / STEP) logits of a note on a semitone.
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
        """Kernel sizes are odd."""
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, rows, time) to (batch, outputs, rows, time), by the stride fewer."""
        return functional.relu(self.norm(self.conv(x)))


class IntervalNet(nn.Module):
    """See the top of this file."""

    def __init__(self, config: IntervalNetConfig) -> None:
        """With fresh weights."""
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

    def forward(self, levels: Tensor) -> Heard:
        """Levels (batch, rows, time) in [0, 1]."""
        x = self.spread(stack(self.first(levels[:, None]), self.config.partials, self.config.notes))
        x = x + self.near(x)
        y = self.again(stack(x, self.config.partials, self.config.notes))
        both = torch.cat([x, y + self.last(y)], 1)
        faces = torch.sigmoid(self.face(both).float())
        pairs, none = self.judged(faces)
        return Heard(pairs, none, self.note(both)[:, 0])

    def judged(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of pairs and of none from the pictures (batch, faces, notes, time)."""
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


def stack(x: Tensor, shifts: tuple[int, ...], rows: int) -> Tensor:
    """(batch, channels, n, time) to (batch, shifts x channels, rows, time), row + shift at row."""
    before, after = -min(shifts), max(0, rows + max(shifts) - x.shape[2])
    padded = functional.pad(x, (0, 0, before, after))
    starts = [before + shift for shift in shifts]
    return torch.cat([padded[:, :, start : start + rows] for start in starts], 1)


def totals(faces: Tensor) -> Tensor:
    """How much there is: at most, on rows at any time, in all; (batch, 3 faces)."""
    ever = faces.amax(-1)
    return torch.cat([ever.amax(-1), ever.sum(-1), faces.mean(-1).sum(-1)], 1)


def correlations(faces: Tensor, config: IntervalNetConfig) -> Tensor:
    """How much of two notes an interval apart there is: one after the other, at the same time.

    Args:
        faces: (batch, faces, notes, time).
        config: sizes.

    Returns:
        (batch, kinds x faces, sizes).
    """
    frames = faces.shape[-1]
    turns = 1 << (faces.shape[2] + config.sizes - 1).bit_length()
    later = (faces.flip(-1).cumsum(-1).flip(-1) - faces) / frames
    now, then = torch.fft.rfft(faces, turns, 2), torch.fft.rfft(later, turns, 2)
    together = torch.fft.irfft((now * now.conj()).sum(-1), turns, 2) / frames
    in_turn = torch.fft.irfft((now.conj() * then).sum(-1), turns, 2) / frames
    up = torch.arange(config.sizes, device=faces.device)
    found = [in_turn[:, :, up], in_turn[:, :, -up % turns], together[:, :, up]]
    return torch.cat(found, 1).clamp(min=0.0)
