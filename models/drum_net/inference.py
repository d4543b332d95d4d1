"""Run the drum net from its exported ONNX file; the net is described in net.py."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.drum_net.config import NAME
from muse.models.onnx import open_session

Matrix = NDArray[np.float32]
Levels = NDArray[np.float16] | Matrix

WEIGHTS = Path(__file__).parents[1] / "weights" / f"{NAME}.onnx"
WINDOW_FRAMES = 2000  # that the net reads at once, besides the context; bounds its memory
CONTEXT_FRAMES = 140  # on each side, with which a frame is as in the whole recording


@dataclass(frozen=True)
class Activations:
    """What the net finds in each frame, both (frames, drums) in [0, 1].

    Attributes:
        hit: probability that the drum is struck.
        velocity: of a hit in the frame, as a share of 127.
    """

    hit: Matrix
    velocity: Matrix


class DrumInference:
    """The net, loaded once and run on many recordings."""

    def __init__(self, threads: int = 0, weights: Path = WEIGHTS) -> None:
        """Load the weights; `threads` 0 uses every core that this process may use."""
        self._session = open_session(weights, threads)

    def __call__(self, levels: Levels, scale: Callable[[Levels], Matrix]) -> Activations:
        """Return the activations of a recording.

        Args:
            levels: (frames, bands), at least one frame.
            scale: returns the net's input for the levels of some frames.
        """
        parts = [self._window(levels, i, scale) for i in range(0, len(levels), WINDOW_FRAMES)]
        hit, velocity = np.concatenate(parts, axis=2).transpose(0, 2, 1)
        return Activations(hit, velocity)

    def _window(self, levels: Levels, start: int, scale: Callable[[Levels], Matrix]) -> Matrix:
        """Return the outputs (2, drums, frames) of WINDOW_FRAMES frames from `start` on."""
        end = min(start + WINDOW_FRAMES, len(levels))
        first = max(start - CONTEXT_FRAMES, 0)
        window = scale(levels[first : end + CONTEXT_FRAMES])
        (output,) = self._session.run(None, {"levels": window[None]})
        inside: Matrix = output[0][:, :, start - first : end - first]
        return inside
