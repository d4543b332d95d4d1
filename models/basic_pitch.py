"""Basic Pitch (Bittner et al., ICASSP 2022): the ONNX model of version 0.4.0, by onnxruntime.

Audio windows in, posteriors out. A window is just under two seconds of mono audio at 22050 Hz; the
net's constant-Q transform is centred, so that output frame i of a window tells of the audio at
sample `i * HOP_LENGTH` of that window. Each window is normalised inside the net, by its own
loudest and softest bin.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.onnx import open_session

SAMPLE_RATE = 22050  # Hz
HOP_LENGTH = 256  # samples between frames
WINDOW_LENGTH = 43844  # samples a window
WINDOW_FRAMES = 172  # frames a window
LOWEST_PITCH = 21  # MIDI number of the first of the note bins, A0
PITCHES = 88
CONTOUR_BINS_PER_SEMITONE = 3  # the middle one of a semitone's three is in tune

WEIGHTS = Path(__file__).with_name("weights") / "basic-pitch.onnx"
INPUT = "serving_default_input_2:0"
OUTPUTS = {
    "note": "StatefulPartitionedCall:1",
    "onset": "StatefulPartitionedCall:2",
    "contour": "StatefulPartitionedCall:0",
}


@dataclass(frozen=True)
class Posteriors:
    """What the net hears, each value in [0, 1], rows are frames.

    Attributes:
        note: (frames, 88), whether a pitch sounds.
        onset: (frames, 88), whether it starts.
        contour: (frames, 264), three bins a semitone.
    """

    note: NDArray[np.float32]
    onset: NDArray[np.float32]
    contour: NDArray[np.float32]


class BasicPitch:
    """The net, loaded once; use one instance for many files."""

    def __init__(self, threads: int = 0, weights: Path = WEIGHTS) -> None:
        """Load the weights.

        Args:
            threads: of the processor; 0 takes one for each core this process may use.
            weights: the ONNX file.
        """
        self._session = open_session(weights, threads)

    def __call__(self, windows: NDArray[np.float32]) -> Posteriors:
        """Run windows of shape (n, WINDOW_LENGTH); each output is (n, WINDOW_FRAMES, bins)."""
        note, onset, contour = self._session.run(
            list(OUTPUTS.values()), {INPUT: np.ascontiguousarray(windows[..., None])}
        )
        return Posteriors(note, onset, contour)


def card() -> dict[str, Any]:
    """What the weights are: name, source, licence, sha256."""
    data: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text())
    return data
