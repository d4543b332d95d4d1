"""A convolutional net over a mel spectrogram that recognizes the size of an interval.

    (1, bands, times) -> three times [3 x 3 convolution, batch norm, ReLU, 2 x 2 maximum]
    -> means over equal segments of time -> two dense layers with dropout -> classes

By default there are 16, 32 and 64 channels and dense layers of 512 and 128 units. The convolutions
recognize patterns at any position; the first dense layer depends on the position, so that the net
knows the intervals between the pitches that it was trained on. Means over segments keep the order
of the notes with few weights. Spectrograms too short for as many frames as segments are not halved
in time.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from muse.models.interval_cnn.config import IntervalCnnConfig

KERNEL, POOL = 3, 2


class IntervalCnn(nn.Module):
    """The net described above."""

    def __init__(self, config: IntervalCnnConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.config = config
        widths = (1, *config.channels)
        blocks, times = [], config.times
        for pair in pairwise(widths):
            shorter = POOL if times // POOL >= config.segments else 1
            blocks.append(convolution_block(*pair, shorter))
            times //= shorter
        self.blocks = nn.Sequential(*blocks)
        rows = config.bands // POOL ** len(config.channels)
        sizes = (widths[-1] * rows * config.segments, *config.hidden)
        self.layers = nn.Sequential(
            *(dense_layer(*pair, config.dropout) for pair in pairwise(sizes))
        )
        self.out = nn.Linear(sizes[-1], config.classes)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Return logits, (batch, classes).

        Args:
            spectrograms: (batch, bands, times), in [0, 1].
        """
        features = self.blocks(spectrograms[:, None])  # (batch, channels, rows, columns)
        parts = [part.mean(-1) for part in torch.tensor_split(features, self.config.segments, -1)]
        logits: Tensor = self.out(self.layers(torch.stack(parts, -1).flatten(1)))
        return logits


def convolution_block(inputs: int, outputs: int, time_pool: int) -> nn.Sequential:
    """Make a block that halves the bands and divides the times by `time_pool`."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, KERNEL, padding=KERNEL // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.MaxPool2d((POOL, time_pool)),
    )


def dense_layer(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    """Make a dense layer with ReLU and dropout."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout))
