"""A net that finds drum hits in a log spectrum: which drum, when, and how hard.

Convolutions over time and frequency, each followed by a maximum over two bands, then residual
convolutions over time with growing dilation (Bai, Kolter and Koltun, "An empirical evaluation of
generic convolutional and recurrent networks", 2018). A convolutional front end with a model of the
musical context behind it is that of Vogl et al. (ISMIR 2017) and Zehren et al. (ADTOF, ISMIR 2021).

This file needs torch and is for training and export; inference.py runs the exported ONNX file.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.drum_net.config import DrumNetConfig

KERNEL = (3, 3)  # frames, bands
CONTEXT_KERNEL = 5  # frames
RARE = -4.0  # bias of the outputs at the start of the training: hits are rare


class Front(nn.Module):
    """Convolution over time and frequency, batch norm, ReLU, maximum of two neighboring bands."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Start with random weights."""
        super().__init__()
        padding = (KERNEL[0] // 2, KERNEL[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, KERNEL, padding=padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, time, bands) to (batch, outputs, time, bands // 2)."""
        return functional.max_pool2d(functional.relu(self.norm(self.conv(x))), (1, 2))


class Context(nn.Module):
    """Residual dilated convolution over time."""

    def __init__(self, width: int, dilation: int) -> None:
        """Start with random weights."""
        super().__init__()
        padding = CONTEXT_KERNEL // 2 * dilation
        self.conv = nn.Conv1d(
            width, width, CONTEXT_KERNEL, padding=padding, dilation=dilation, bias=False
        )
        self.norm = nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, time) to the same shape."""
        mixed: Tensor = x + self.mix(functional.relu(self.norm(self.conv(x))))
        return mixed


class DrumNet(nn.Module):
    """The net described above."""

    def __init__(self, config: DrumNetConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.config = config
        sizes = (1, *config.channels)
        self.front = nn.Sequential(*(Front(inputs, outputs) for inputs, outputs in pairwise(sizes)))
        flat = sizes[-1] * (config.bands >> len(config.channels))
        self.squeeze = nn.Conv1d(flat, config.width, 1)
        self.drop = nn.Dropout(0.2)
        self.context = nn.Sequential(*(Context(config.width, d) for d in config.dilations))
        self.out = nn.Conv1d(config.width, 2 * config.drums, 1)
        nn.init.constant_(self.out.bias[: config.drums], RARE)  # type: ignore[index]

    def forward(self, levels: Tensor) -> Tensor:
        """Return logits (batch, 2, drums, time), of a hit and of its velocity.

        Args:
            levels: (batch, time, bands), scaled as drum_features.py does.
        """
        x = self.front(levels[:, None])
        x = functional.relu(self.squeeze(x.permute(0, 1, 3, 2).flatten(1, 2)))
        logits: Tensor = self.out(self.context(self.drop(x)))
        return logits.reshape(len(x), 2, self.config.drums, -1)


class Probabilities(nn.Module):
    """The net with a sigmoid at its output, as it is exported."""

    def __init__(self, net: DrumNet) -> None:
        """Wrap a net."""
        super().__init__()
        self.net = net

    def forward(self, levels: Tensor) -> Tensor:
        """Return probabilities of a hit and velocities in [0, 1]; shapes as of DrumNet."""
        return torch.sigmoid(self.net(levels))
