"""Sizes of the convolutional net over mel spectrograms; needs no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class IntervalCnnConfig:
    """Sizes of the net.

    Attributes:
        classes: interval classes.
        bands: of the spectrogram.
        times: frames of the spectrogram.
        channels: of each convolution block.
        segments: parts of the time axis that are averaged, at most as many as frames.
        hidden: units of each dense layer.
        dropout: probability that a dense layer's value is dropped in training.
    """

    classes: int
    bands: int
    times: int
    channels: tuple[int, ...] = (16, 32, 64)
    segments: int = 4
    hidden: tuple[int, ...] = (512, 128)
    dropout: float = 0.1
