"""Run the net of swift-f0 0.3 (Nieradzik, arXiv 2508.18440) with onnxruntime.

The net maps mono audio at 16 kHz to the fundamental frequency of one voice or instrument and the
confidence that it is right. Its weights (MIT, 14 386 parameters) lie in the package swift-f0, whose
code is not imported. Frame i describes the audio around sample `i * HOP_LENGTH`; the net looks
2815 samples to either side.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muse.models.onnx import open_session

SAMPLE_RATE = 16_000  # Hz
HOP_LENGTH = 256  # samples between frames
LOWEST_HZ, HIGHEST_HZ = 46.875, 2093.75  # fundamentals that the net was trained on
PACKAGE, FILE = "swift_f0", "model.onnx"


class F0Frames(NamedTuple):
    """Output of the net.

    Attributes:
        hz: (frames,) fundamental frequency, between LOWEST_HZ and HIGHEST_HZ.
        confidence: (frames,) in [0, 1]; from 0.5 on the frame is voiced.
    """

    hz: NDArray[np.float32]
    confidence: NDArray[np.float32]


class SwiftF0:
    """The net, loaded once and run on many files."""

    def __init__(self, threads: int = 0, weights: Path | None = None) -> None:
        """Load the weights.

        Args:
            threads: processor threads; 0 uses every core that this process may use.
            weights: the ONNX file; None takes the one in the package.

        Raises:
            ModuleNotFoundError: the package is not installed.
        """
        self._session = open_session(weights or find_weights(), threads)

    def __call__(self, audio: NDArray[np.float32]) -> F0Frames:
        """Return f0 and confidence of audio (samples,): a frame for each whole hop, one at least.

        Args:
            audio: mono at SAMPLE_RATE, not empty.
        """
        limits = {"fmin": np.float32(LOWEST_HZ), "fmax": np.float32(HIGHEST_HZ)}
        inputs = {name: np.asarray(hz) for name, hz in limits.items()}
        hz, confidence = self._session.run(
            ["pitch", "confidence"], {"audio": np.ascontiguousarray(audio[None]), **inputs}
        )
        return F0Frames(hz[0], confidence[0])


def find_weights() -> Path:
    """Return the path of the weights in the installed package, without importing its code.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("swift-f0 is not installed; run: pip install swift-f0==0.3.0")
    return Path(spec.origin).with_name(FILE)
