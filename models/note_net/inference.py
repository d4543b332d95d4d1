"""Runs the note net (models/note_net/net.py) from its exported ONNX file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import Posteriors
from muse.models.onnx import open_session

Matrix = NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "weights" / "note-net.onnx"
HEADS = ("voice", "bass", "chords", "other")  # as in note_net.HEADS; a test holds it
REFERENCE_PERCENTILE = 95.0  # of the loudest row of each frame: this level is the net's zero
LEVEL_SPAN_DB = 40.0  # that the net's -1 .. 1 covers, centred this far below the reference
LOWEST_LEVEL, HIGHEST_LEVEL = -1.0, 1.5


@dataclass(frozen=True)
class Evidence:
    """What one head says of each frame and pitch, (frames, 88), in [0, 1]."""

    held: Matrix
    onset: Matrix


class NoteReader:
    """The net, loaded once."""

    def __init__(self, threads: int = 0, weights: Path = WEIGHTS) -> None:
        """Load the weights; `threads` 0 takes every core there is."""
        self._session = open_session(weights, threads)

    def __call__(self, long: Matrix, short: Matrix, heard: Posteriors) -> dict[str, Evidence]:
        """What each head says, by its name.

        Args:
            long: (frames, rows) levels in dB of the long-windowed spectrum.
            short: the same of the short-windowed one.
            heard: Basic Pitch's posteriors of the same frames.
        """
        reference = np.percentile(long.max(axis=1), REFERENCE_PERCENTILE)
        inputs = {
            "long": scaled(long, reference),
            "short": scaled(short, reference),
            "note": heard.note[None],
            "onset": heard.onset[None],
        }
        (output,) = self._session.run(None, inputs)
        held, onset = output[0]
        return {head: Evidence(held[i], onset[i]) for i, head in enumerate(HEADS)}


def scaled(level: Matrix, reference: np.floating) -> Matrix:
    """Levels as the net takes them, (1, frames, rows)."""
    unit = LEVEL_SPAN_DB / 2
    value = ((level - reference) / unit + 2.0) / 2.0
    return np.clip(value, LOWEST_LEVEL, HIGHEST_LEVEL).astype(np.float32)[None]
