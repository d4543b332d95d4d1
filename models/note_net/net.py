"""The note net: which notes of a part sound and start, frame by frame, for each kind of part.

A small convolutional net over (time, pitch). For each pitch it sees the levels of its
partials in two spectra, a long-windowed one that tells pitches apart and a short-windowed one that
tells when, together with what Basic Pitch (models/basic_pitch.py) believes of the pitch and its
octaves. The same weights serve every pitch, so that what is learned for one holds for all
(harmonic stacking as in Bittner et al., ICASSP 2022; convolutions dilated in time as in van den
Oord et al., WaveNet, 2016).

This file needs torch and is for training and export; at work the exported ONNX is run by
models/note_net/inference.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

PITCHES = 88
# semitones from a pitch to what it may be a partial of, to itself and to its partials
PARTIAL_SHIFTS = (-28, -24, -19, -12, 0, 12, 19, 24, 28, 31, 34)
NOTE_SHIFTS = (-24, -19, -12, 0, 12, 19)
ONSET_SHIFTS = (-19, -12, 0, 12)
HEADS = ("voice", "bass", "chords", "other")


@dataclass(frozen=True)
class NoteNetConfig:
    """Sizes.

    Attributes:
        channels: of every hidden layer.
        heads: kinds of part, each with a held and an onset output.
    """

    channels: int = 24
    heads: int = len(HEADS)


def stack(rows: Tensor, shifts: tuple[int, ...], first: int, width: int) -> Tensor:
    """(batch, time, rows) to (batch, shifts, time, width): row `first + i + shift` at pitch i."""
    before = max(0, -(first + min(shifts)))
    after = max(0, first + width + max(shifts) - rows.shape[-1])
    padded = functional.pad(rows, (before, after))
    starts = [before + first + shift for shift in shifts]
    return torch.stack([padded[..., start : start + width] for start in starts], 1)


class Block(nn.Module):
    """Convolution over (time, pitch), batch norm, ReLU; the size stays."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], dilation: int = 1):
        """Kernel sizes are odd; dilation is in time."""
        super().__init__()
        padding = (kernel[0] // 2 * dilation, kernel[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=(dilation, 1))
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, time, pitch) to (batch, outputs, time, pitch)."""
        return functional.relu(self.norm(self.conv(x)))


class NoteNet(nn.Module):
    """Levels and beliefs in, logits of held and onset for each head out."""

    def __init__(self, config: NoteNetConfig | None = None) -> None:
        """Fresh weights."""
        super().__init__()
        config = config or NoteNetConfig()
        self.config = config
        width = config.channels
        inputs = 2 * len(PARTIAL_SHIFTS) + len(NOTE_SHIFTS) + len(ONSET_SHIFTS)
        self.mix = nn.Conv2d(inputs, width, 1)
        self.near = nn.Sequential(Block(width, width, (5, 3)), Block(width, width, (5, 3)))
        self.wide = Block(width, width, (5, 1), dilation=3)
        self.wider = Block(width, width, (5, 1), dilation=8)
        self.join = Block(2 * width, width, (3, 1))
        self.out = nn.Conv2d(width, 2 * config.heads, 1)
        nn.init.constant_(self.out.bias, -3.0)  # type: ignore[arg-type]  # notes are rare

    def forward(
        self,
        long: Tensor,
        short: Tensor,
        note: Tensor,
        onset: Tensor,
        first: int = 0,
        width: int = PITCHES,
    ) -> Tensor:
        """Logits (batch, 2, heads, time, width), held then onset.

        Args:
            long: (batch, time, rows) levels of the long-windowed spectrum, as the reader
                scales them.
            short: the same of the short-windowed one.
            note: (batch, time, 88) of Basic Pitch.
            onset: (batch, time, 88) of Basic Pitch.
            first: lowest pitch to look at, 0 but in training.
            width: how many pitches to look at, all of them but in training.
        """
        levels = [stack(level, PARTIAL_SHIFTS, first, width) for level in (long, short)]
        beliefs = [
            stack(note, NOTE_SHIFTS, first, width),
            stack(onset, ONSET_SHIFTS, first, width),
        ]
        near = self.near(functional.relu(self.mix(torch.cat([*levels, *beliefs], 1))))
        wide = near + self.wide(near)
        wide = wide + self.wider(wide)
        logits: Tensor = self.out(self.join(torch.cat([near, wide], 1)))
        batch, _, frames, pitches = logits.shape
        return logits.reshape(batch, 2, self.config.heads, frames, pitches)


class Probabilities(nn.Module):
    """The net with probabilities for logits, as it is exported."""

    def __init__(self, net: NoteNet) -> None:
        """Wrap a net."""
        super().__init__()
        self.net = net

    def forward(self, long: Tensor, short: Tensor, note: Tensor, onset: Tensor) -> Tensor:
        """As NoteNet.forward, each value in [0, 1]."""
        return torch.sigmoid(self.net(long, short, note, onset))
