"""Hits in the activation of a drum, their scores, and the threshold that scores best.

Conventions: an activation is (frames,) in [0, 1], FRAMES_PER_SECOND of drum_features.py.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio import onsets
from muse.tools.transcription.drum_features import FRAMES_PER_SECOND

Activation = NDArray[np.float32]
Times = NDArray[np.float64]

PEAK_FRAMES = 3  # hits of the same drum are further apart than this
TOLERANCE_S = 0.05  # between a hit and its match
THRESHOLDS = np.arange(0.4, 0.81, 0.05)  # lower ones give false hits in music without drums


def find_peaks(activation: Activation, threshold: float) -> NDArray[np.intp]:
    """Return the frames of the peaks that reach a threshold."""
    return onsets.peaks(np.where(activation >= threshold, activation, 0.0), PEAK_FRAMES)


def peak_times(activation: Activation, frames: NDArray[np.intp]) -> Times:
    """Return the times of peaks in seconds, interpolated between frames."""
    if not len(frames):
        return np.zeros(0)
    return np.maximum(onsets.between(activation, frames), 0.0) / FRAMES_PER_SECOND


def best_threshold(activations: Sequence[Activation], truths: Sequence[Times]) -> float:
    """Return the threshold with the highest F1 over all recordings together."""
    scores = [score_hits(activations, truths, float(one))["f1"] for one in THRESHOLDS]
    return round(float(THRESHOLDS[int(np.argmax(scores))]), 2)


def score_hits(
    activations: Sequence[Activation], truths: Sequence[Times], threshold: float
) -> dict[str, float]:
    """Return F1, precision and recall of the peaks over all recordings together.

    Scores are 0 where there is nothing to find or nothing is found.
    """
    from mir_eval.util import match_events

    matched = found = wanted = 0
    for activation, truth in zip(activations, truths, strict=True):
        times = peak_times(activation, find_peaks(activation, threshold))
        found, wanted = found + len(times), wanted + len(truth)
        if len(times) and len(truth):
            matched += len(match_events(truth, times, TOLERANCE_S))
    return {
        "f1": round(2 * matched / max(found + wanted, 1), 3),
        "precision": round(matched / max(found, 1), 3),
        "recall": round(matched / max(wanted, 1), 3),
    }
