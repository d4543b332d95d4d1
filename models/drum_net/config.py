"""Sizes of the drum net."""

from dataclasses import dataclass

NAME = "drum-net"


@dataclass(frozen=True)
class DrumNetConfig:
    """Sizes of the net.

    Attributes:
        bands: of the spectrum.
        drums: outputs.
        channels: of the convolutions over time and frequency, each of which halves the bands.
        width: channels of the convolutions over time.
        dilations: of the convolutions over time, in frames.
    """

    bands: int
    drums: int
    channels: tuple[int, ...] = (16, 32, 48, 64)
    width: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
