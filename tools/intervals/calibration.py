"""Fit a temperature that calibrates probabilities, and measure the calibration error.

Temperature scaling and the expected calibration error are those of Guo et al., "On calibration of
modern neural networks", ICML 2017.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

BINS = 15  # of confidence, equally wide
TEMPERATURES = np.geomspace(0.25, 8.0, 141)


def softmax(logits: NDArray[Any], temperature: float) -> Values:
    """Return probabilities, (n, classes), of logits divided by a temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float64)


def size_probabilities(pairs: NDArray[Any], temperature: float) -> Values:
    """Return the probabilities of sizes, (n, sizes), from logits (n, sizes, kinds)."""
    flat = softmax(pairs.reshape(len(pairs), -1), temperature)
    sizes: Values = flat.reshape(pairs.shape).sum(axis=2)
    return sizes


def fit_temperature(logits: NDArray[Any], right: NDArray[np.bool_]) -> float:
    """Return the temperature of TEMPERATURES with the highest likelihood of the right classes.

    Args:
        logits: (n, classes).
        right: (n, classes) True for the classes that count as right, one or more in a row.
    """
    losses = [
        -np.log(np.maximum((softmax(logits, t) * right).sum(axis=1), 1e-12)).mean()
        for t in TEMPERATURES
    ]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 4)


def expected_calibration_error(probabilities: Values, classes: NDArray[Any]) -> float:
    """Return the expected calibration error: mean gap between confidence and accuracy by bin.

    Args:
        probabilities: (n, classes).
        classes: (n,) the right ones.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == classes
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(confidence[bins == b].sum() - right[bins == b].sum())) for b in np.unique(bins)
    ]
    return float(sum(gaps) / max(len(classes), 1))
