"""A net that finds the notes of a part, frame by frame, with outputs for each kind of part.

A small convolutional net over (time, pitch). For each pitch it reads the levels of its partials in
two spectra, one with long windows, which separates pitches, and one with short windows, which
locates onsets, and Basic Pitch's posteriors (models/basic_pitch.py) of the pitch and its octaves.
All pitches share the same weights (harmonic stacking as in Bittner et al., ICASSP 2022;
convolutions dilated in time as in van den Oord et al., WaveNet, 2016).

This file needs torch and is for training and export; inference.py runs the exported ONNX file.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.note_net.config import NoteNetConfig

PITCHES = 88
# semitones from a pitch to the fundamentals that it may be a partial of, and to its partials
PARTIAL_SHIFTS = (-28, -24, -19, -12, 0, 12, 19, 24, 28, 31, 34)
NOTE_SHIFTS = (-24, -19, -12, 0, 12, 19)
ONSET_SHIFTS = (-19, -12, 0, 12)


def stack_partials(rows: Tensor, shifts: tuple[int, ...], first: int, width: int) -> Tensor:
    """Put row `first + i + shift` of (batch, time, rows) on pitch i: (batch, shifts, time, i)."""
    before = max(0, -(first + min(shifts)))
    after = max(0, first + width + max(shifts) - rows.shape[-1])
    padded = functional.pad(rows, (before, after))
    starts = [before + first + shift for shift in shifts]
    return torch.stack([padded[..., start : start + width] for start in starts], 1)


class Block(nn.Module):
    """Convolution over (time, pitch) with zero padding to the same size, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], dilation: int = 1):
        """Start with random weights; kernel sizes must be odd, dilation is in time."""
        super().__init__()
        padding = (kernel[0] // 2 * dilation, kernel[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=(dilation, 1))
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, time, pitch) to (batch, outputs, time, pitch)."""
        return functional.relu(self.norm(self.conv(x)))


class NoteNet(nn.Module):
    """The net described above: levels and posteriors to logits of frames and onsets."""

    def __init__(self, config: NoteNetConfig | None = None) -> None:
        """Start with random weights."""
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
        """Return logits, (batch, 2, heads, time, width): note frames, then onsets.

        Args:
            long: (batch, time, rows) levels of the long-window spectrum, scaled as in inference.py.
            short: the same of the short-window spectrum.
            note: (batch, time, 88) Basic Pitch's note posteriors.
            onset: (batch, time, 88) Basic Pitch's onset posteriors.
            first: lowest pitch to compute; training uses a part of the pitches.
            width: number of pitches to compute.
        """
        levels = [stack_partials(level, PARTIAL_SHIFTS, first, width) for level in (long, short)]
        posteriors = [
            stack_partials(note, NOTE_SHIFTS, first, width),
            stack_partials(onset, ONSET_SHIFTS, first, width),
        ]
        near = self.near(functional.relu(self.mix(torch.cat([*levels, *posteriors], 1))))
        wide = near + self.wide(near)
        wide = wide + self.wider(wide)
        logits: Tensor = self.out(self.join(torch.cat([near, wide], 1)))
        batch, _, frames, pitches = logits.shape
        return logits.reshape(batch, 2, self.config.heads, frames, pitches)


class Probabilities(nn.Module):
    """The net with a sigmoid at its output, as it is exported."""

    def __init__(self, net: NoteNet) -> None:
        """Wrap a net."""
        super().__init__()
        self.net = net

    def forward(self, long: Tensor, short: Tensor, note: Tensor, onset: Tensor) -> Tensor:
        """Return probabilities; arguments and shape as in NoteNet.forward."""
        return torch.sigmoid(self.net(long, short, note, onset))
