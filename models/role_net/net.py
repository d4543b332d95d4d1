"""A net that tells what kind of instrument plays, from a log-mel spectrogram of four seconds.

Convolutions over (bands, frames) with batch norm and ReLU, the first one with a stride of two, and
pooling by two between them; then one over all bands that are left, then mean, maximum and standard
deviation over time, and two linear layers.

This file needs torch and is for training and export; inference.py runs the exported ONNX file.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.role_net.config import RoleNetConfig

CENTER, SPREAD = 0.4, 0.3  # of the levels in a spectrogram, which are 0 to 1
DROPOUT = 0.3


class Block(nn.Module):
    """Convolution, batch norm, ReLU, and pooling by two before the next block."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        """Start with random weights."""
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, bands, frames) to (batch, outputs, bands / s, frames / s)."""
        return functional.relu(self.norm(self.conv(x)))


class RoleNet(nn.Module):
    """The net described above: spectrograms to logits of the classes."""

    def __init__(self, config: RoleNetConfig | None = None) -> None:
        """Start with random weights."""
        super().__init__()
        config = config or RoleNetConfig()
        self.config = config
        layers: list[nn.Module] = [Block(1, config.channels[0], kernel=5, stride=2)]
        for inputs, outputs in pairwise(config.channels):
            layers += [nn.MaxPool2d(2), Block(inputs, outputs)]
        self.blocks = nn.Sequential(*layers)
        left = config.bands >> len(config.channels)
        self.join = nn.Conv2d(config.channels[-1], config.hidden, (left, 1))
        self.hidden = nn.Linear(3 * config.hidden, config.hidden)
        self.out = nn.Linear(config.hidden, config.classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, classes) of spectrograms (batch, bands, frames)."""
        x = self.blocks((windows[:, None] - CENTER) / SPREAD)
        x = functional.relu(self.join(x))[:, :, 0]
        spread = torch.sqrt(torch.mean((x - x.mean(2, keepdim=True)) ** 2, 2) + 1e-6)
        x = torch.cat([x.mean(2), x.amax(2), spread], 1)
        x = functional.dropout(x, DROPOUT, self.training)
        logits: Tensor = self.out(functional.relu(self.hidden(x)))
        return logits


class Probabilities(nn.Module):
    """The net with a softmax at its output, as it is exported."""

    def __init__(self, net: RoleNet, temperature: float) -> None:
        """Wrap a net; its logits are divided by `temperature`."""
        super().__init__()
        self.net, self.temperature = net, temperature

    def forward(self, windows: Tensor) -> Tensor:
        """Return probabilities (batch, classes); the argument is as in RoleNet.forward."""
        return torch.softmax(self.net(windows) / self.temperature, 1)
