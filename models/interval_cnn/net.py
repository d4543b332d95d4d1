"""A convolutional net over the mel spectrogram of an interval: which of some sizes it is.

    (1, bands, times) -> three times [3 x 3 convolution, batch norm, ReLU, 2 x 2 maximum]
    -> as many averages over time as there are segments -> two layers with dropout -> classes

Channels of 16, 32 and 64 and layers of 512 and 128 are the usual size. The convolutions hear shapes
wherever they are; the first layer behind them learns each pitch by its place, so that the net knows
intervals between pitches that it was trained on. Averages over segments instead of every instant
keep the order of the notes with a fraction of the weights. Clips so short that fewer instants than
segments would be left are not halved in time.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

KERNEL, POOL = 3, 2


@dataclass(frozen=True)
class IntervalCnnConfig:
    """Sizes.

    Attributes:
        classes: that are told apart.
        bands: of the spectrogram.
        times: of the spectrogram.
        channels: of the blocks of convolution.
        segments: of time that are averaged over, no more than there are times.
        hidden: widths of the layers before the classes.
        dropout: share of their values that is dropped in training.
    """

    classes: int
    bands: int
    times: int
    channels: tuple[int, ...] = (16, 32, 64)
    segments: int = 4
    hidden: tuple[int, ...] = (512, 128)
    dropout: float = 0.1


class IntervalCnn(nn.Module):
    """The net."""

    def __init__(self, config: IntervalCnnConfig) -> None:
        """Fresh weights."""
        super().__init__()
        self.config = config
        widths = (1, *config.channels)
        blocks, times = [], config.times
        for pair in pairwise(widths):
            shorter = POOL if times // POOL >= config.segments else 1
            blocks.append(block(*pair, shorter))
            times //= shorter
        self.blocks = nn.Sequential(*blocks)
        rows = config.bands // POOL ** len(config.channels)
        sizes = (widths[-1] * rows * config.segments, *config.hidden)
        self.layers = nn.Sequential(*(layer(*pair, config.dropout) for pair in pairwise(sizes)))
        self.out = nn.Linear(sizes[-1], config.classes)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Scores (batch, classes), to be put through a softmax.

        Args:
            spectrograms: (batch, bands, times), 0 to 1.
        """
        heard = self.blocks(spectrograms[:, None])  # (batch, channels, rows, columns)
        parts = [part.mean(-1) for part in torch.tensor_split(heard, self.config.segments, -1)]
        scores: Tensor = self.out(self.layers(torch.stack(parts, -1).flatten(1)))
        return scores


def block(channels: int, wider: int, shorter: int) -> nn.Sequential:
    """One block of convolution; it halves the bands and divides the times."""
    return nn.Sequential(
        nn.Conv2d(channels, wider, KERNEL, padding=KERNEL // 2, bias=False),
        nn.BatchNorm2d(wider),
        nn.ReLU(),
        nn.MaxPool2d((POOL, shorter)),
    )


def layer(width: int, narrower: int, dropout: float) -> nn.Sequential:
    """One layer behind the convolutions."""
    return nn.Sequential(nn.Linear(width, narrower), nn.ReLU(), nn.Dropout(dropout))
