"""Run the role net from its exported ONNX file; the net is described in net.py."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.onnx import open_session
from muse.models.role_net.config import NAME

WEIGHTS = Path(__file__).parents[1] / "weights" / f"{NAME}.onnx"


class RoleInference:
    """The net, loaded once and run on many files."""

    def __init__(self, threads: int = 1, weights: Path = WEIGHTS) -> None:
        """Load the weights; `threads` 0 uses every core that this process may use."""
        self._session = open_session(weights, threads)

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (windows, classes), in the order of CLASSES.

        Args:
            windows: spectrograms (windows, bands, frames), levels from 0 to 1.
        """
        (odds,) = self._session.run(None, {"windows": windows})
        return np.asarray(odds, np.float32)
