"""Run the note net from its exported ONNX file; the net is described in net.py."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import Posteriors
from muse.models.note_net.config import HEADS
from muse.models.onnx import open_session

Matrix = NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "weights" / "note-net.onnx"
REFERENCE_PERCENTILE = 95.0  # of the loudest rows of all frames: the reference level
LEVEL_SPAN_DB = 40.0  # covered by inputs of -1 to 1, which are centered LEVEL_SPAN_DB / 2 below it
LOWEST_LEVEL, HIGHEST_LEVEL = -1.0, 1.5


@dataclass(frozen=True)
class Evidence:
    """Posteriors of one kind of part, (frames, 88), in [0, 1].

    Attributes:
        frame_posterior: a note of the pitch sounds in the frame.
        onset: a note of the pitch starts in the frame.
    """

    frame_posterior: Matrix
    onset: Matrix


class NoteInference:
    """The net, loaded once and run on many files."""

    def __init__(self, threads: int = 0, weights: Path = WEIGHTS) -> None:
        """Load the weights; `threads` 0 uses every core that this process may use."""
        self._session = open_session(weights, threads)

    def __call__(self, long: Matrix, short: Matrix, posteriors: Posteriors) -> dict[str, Evidence]:
        """Return the posteriors of each kind of part, by the names of HEADS.

        Args:
            long: (frames, rows) levels in dB of the long-window spectrum.
            short: the same of the short-window spectrum.
            posteriors: Basic Pitch's, of the same frames.
        """
        reference = np.percentile(long.max(axis=1), REFERENCE_PERCENTILE)
        inputs = {
            "long": scale_levels(long, reference),
            "short": scale_levels(short, reference),
            "note": posteriors.note[None],
            "onset": posteriors.onset[None],
        }
        (output,) = self._session.run(None, inputs)
        frame_posterior, onset = output[0]
        return {head: Evidence(frame_posterior[i], onset[i]) for i, head in enumerate(HEADS)}


def scale_levels(level: Matrix, reference: np.floating) -> Matrix:
    """Scale levels in dB to the net's inputs, (1, frames, rows)."""
    unit = LEVEL_SPAN_DB / 2
    value = ((level - reference) / unit + 2.0) / 2.0
    return np.clip(value, LOWEST_LEVEL, HIGHEST_LEVEL).astype(np.float32)[None]
