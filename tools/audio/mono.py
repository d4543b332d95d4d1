"""Mixes channels to mono without canceling sound that is in opposite phase.

The mean of two channels with opposite signs, as a wrongly wired cable gives them, is silence.
"""

import logging
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.io import Audio

log = logging.getLogger("muse")

OPPOSITE = -0.5  # correlation with the first channel below which a channel is inverted
MOST_LOST = 0.12  # share of the power of the channels (-9 dB) below which their mean loses sound
SILENCE = 1e-12  # mean power below which a block is too quiet to decide the signs


class MonoMixer:
    """Mixes consecutive blocks of one recording to mono.

    The mean of the channels is taken until a block of it loses more than 9 dB. From that block on
    the channels that oppose the first one are inverted.
    """

    def __init__(self, name: str = "") -> None:
        """Create a mixer for one recording, with its name for a message; '' reports nothing."""
        self._name = name
        self._signs: NDArray[np.float32] | None = None

    def __call__(self, block: Audio) -> NDArray[np.float32]:
        """Mix a block (channels, n) to (n,)."""
        mixed = self.as_before(block)
        if len(block) < 2 or not block.shape[1]:
            return mixed
        power = float(np.square(block).mean())
        if power > SILENCE and float(np.square(mixed).mean()) < MOST_LOST * power:
            self._signs = channel_signs(block)
            mixed = self.as_before(block)
            if self._name:
                report_opposite(self._name)
        return mixed

    def as_before(self, block: Audio) -> NDArray[np.float32]:
        """Mix a block with the signs of the blocks before."""
        if self._signs is None:
            return np.asarray(block.mean(axis=0), np.float32)
        return np.asarray((block * self._signs[:, None]).mean(axis=0), np.float32)


@cache
def report_opposite(name: str) -> None:
    """Report once that the channels of a recording are in opposite phase."""
    log.info("%s: its channels are in opposite phase; one is inverted before they are mixed", name)


def channel_signs(block: Audio) -> NDArray[np.float32]:
    """Return 1 for each channel of a block (channels, n), -1 for those to invert."""
    samples = block.astype(np.float64)
    norms = np.maximum(np.linalg.norm(samples, axis=1), 1e-12)
    correlation = samples @ samples[0] / (norms * norms[0])
    return np.where(correlation < OPPOSITE, -1.0, 1.0).astype(np.float32)
