"""Mixes channels to mono without canceling sound that is in opposite phase.

The mean of two channels with opposite signs, as a wrongly wired cable gives them, is silence.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.io import Audio

OPPOSITE = -0.9  # correlation with the first channel below which a channel is inverted
SILENCE = 1e-12  # mean power below which a block is too quiet to decide the signs


class MonoMixer:
    """Mixes consecutive blocks of one recording to mono.

    The signs of the channels are decided by the first block that is not silent, so that they do not
    change within a recording.
    """

    def __init__(self) -> None:
        """Create a mixer for one recording."""
        self._signs: NDArray[np.float32] | None = None

    def __call__(self, block: Audio) -> NDArray[np.float32]:
        """Mix a block (channels, n) to (n,)."""
        if self._signs is None and block.shape[1] and np.square(block[0]).mean() > SILENCE:
            self._signs = channel_signs(block)
        if self._signs is None or (self._signs > 0).all():
            return np.asarray(block.mean(axis=0), np.float32)
        return np.asarray((block * self._signs[:, None]).mean(axis=0), np.float32)


def channel_signs(block: Audio) -> NDArray[np.float32]:
    """Return 1 for each channel of a block (channels, n), -1 for those to invert."""
    samples = block.astype(np.float64)
    norms = np.maximum(np.linalg.norm(samples, axis=1), 1e-12)
    correlation = samples @ samples[0] / (norms * norms[0])
    return np.where(correlation < OPPOSITE, -1.0, 1.0).astype(np.float32)
