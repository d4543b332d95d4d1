"""Sounds that tests analyze."""

import numpy as np

from muse.tools.audio.io import Audio


def tone(
    frequency: float, seconds: float, rate: int = 44_100, *, channels: int = 2, level: float = 0.5
) -> Audio:
    """Return a sine of the given level in every channel."""
    time = np.arange(round(seconds * rate)) / rate
    return np.tile(level * np.sin(2 * np.pi * frequency * time), (channels, 1)).astype(np.float32)
