"""Run Spleeter's U-Nets from their ONNX file; net.py describes them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.onnx import open_session
from muse.models.spleeter.config import NAME, SpleeterConfig

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "weights" / f"{NAME}.onnx"
EPSILON = 1e-10  # added to squared magnitudes, so that silence is divided equally


class SpleeterInference:
    """Both nets, loaded once and run on many segments."""

    def __init__(self, device: str = "auto", weights: Path = WEIGHTS) -> None:
        """Load the weights.

        Raises:
            ValueError: the device does not work here.
        """
        self.config = SpleeterConfig()
        self._session = open_session(weights, device=device)

    def vocal_mask(self, magnitude: Floats) -> Floats:
        """Return the share of the vocals, in [0, 1], in magnitudes (batch, channels, frames, bins).

        The net reads the bins up to 11 kHz; above, the mask is the mean of the highest of these.
        """
        bins, frames = self.config.bins, magnitude.shape[2]
        padding = -frames % self.config.frame_step
        seen = np.pad(magnitude[..., :bins], ((0, 0), (0, 0), (0, padding), (0, 0)))
        vocals, other = self._session.run(None, {"mix": seen})
        vocals, other = (np.square(stem[:, :, :frames]) for stem in (vocals, other))
        mask = np.empty_like(magnitude)
        mask[..., :bins] = share(vocals, other)
        top = slice(bins - self.config.top_bins, bins)
        sums = (stem[..., top].sum(axis=-1, keepdims=True) for stem in (vocals, other))
        mask[..., bins:] = share(*sums)
        return mask


def share(power: Floats, rest: Floats) -> Floats:
    """Return the share of a power in the sum of both; one half of silence."""
    part = power + np.float32(EPSILON / 2)
    return np.asarray(part / (part + rest + np.float32(EPSILON / 2)), np.float32)
