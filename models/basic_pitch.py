"""Run the ONNX model of Basic Pitch 0.4.0 (Bittner et al., ICASSP 2022) with onnxruntime.

The net maps windows of audio to posteriors. A window is just under two seconds of mono audio at
22050 Hz; the net's constant-Q transform is centered, so that output frame i of a window describes
the audio around sample `i * HOP_LENGTH` of that window. The net normalizes each window by its own
largest and smallest bin.
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
WINDOW_LENGTH = 43844  # samples in a window
WINDOW_FRAMES = 172  # frames in a window
LOWEST_PITCH = 21  # MIDI number of the first note bin, A0
PITCHES = 88
CONTOUR_BINS_PER_SEMITONE = 3  # the middle one is in tune

WEIGHTS = Path(__file__).with_name("weights") / "basic-pitch.onnx"
INPUT = "serving_default_input_2:0"
OUTPUTS = {
    "note": "StatefulPartitionedCall:1",
    "onset": "StatefulPartitionedCall:2",
    "contour": "StatefulPartitionedCall:0",
}


@dataclass(frozen=True)
class Posteriors:
    """Output of the net, values in [0, 1].

    Attributes:
        note: (frames, 88) probability that a pitch sounds.
        onset: (frames, 88) probability that a pitch starts.
        contour: (frames, 264) probability by bin, three bins per semitone.
    """

    note: NDArray[np.float32]
    onset: NDArray[np.float32]
    contour: NDArray[np.float32]


class BasicPitch:
    """The net, loaded once and run on many files."""

    def __init__(self, threads: int = 0, weights: Path = WEIGHTS) -> None:
        """Load the weights.

        Args:
            threads: processor threads; 0 uses every core that this process may use.
            weights: the ONNX file.
        """
        self._session = open_session(weights, threads)

    def __call__(self, windows: NDArray[np.float32]) -> Posteriors:
        """Return posteriors, (n, WINDOW_FRAMES, bins), of windows (n, WINDOW_LENGTH)."""
        note, onset, contour = self._session.run(
            list(OUTPUTS.values()), {INPUT: np.ascontiguousarray(windows[..., None])}
        )
        return Posteriors(note, onset, contour)


def card() -> dict[str, Any]:
    """Read the weights' card: name, source, licence, sha256."""
    data: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text())
    return data
