"""What reading nets over chords in numpy is made of: layers on vectors, computed as in torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

NORM_EPSILON = 1e-5  # added to a variance, as torch does
# of erf: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 7.1.26; good to 1.5e-7
ERF_RATE = 0.3275911
ERF_TERMS = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


@dataclass(frozen=True)
class Copied:
    """What the pointer looks at.

    Attributes:
        weights: (earlier,) of the earlier steps, adding up to 1.
        chords: (earlier,) the chord that followed each.
        lengths: (earlier,) its length.
        basses: (earlier,) its bass.
    """

    weights: Floats
    chords: Ids
    lengths: Ids
    basses: Ids


def linear(weights: Mapping[str, Floats], name: str, x: Floats) -> Floats:
    """A linear layer on a vector."""
    y: Floats = weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]
    return y


def layer_norm(weights: Mapping[str, Floats], name: str, x: Floats) -> Floats:
    """A layer norm of a vector."""
    centred = x - x.mean()
    deviation = np.sqrt(centred @ centred / len(x) + NORM_EPSILON)
    y: Floats = centred / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return y


def gelu(x: Floats) -> Floats:
    """The Gaussian error linear unit (Hendrycks and Gimpel, 2016), exact to 1e-6."""
    scaled = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + ERF_RATE * scaled)
    series = np.zeros_like(t)
    for term in ERF_TERMS:
        series = (series + term) * t
    erf = np.copysign(1 - series * np.exp(-scaled * scaled), x)
    y: Floats = x * (1 + erf) / 2
    return y


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p: Floats = odds / odds.sum(axis=-1, keepdims=True)
    return p


def sigmoid(x: Any) -> Any:
    """The logistic function, of any size of x without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def spread(weights: Floats, ids: Ids, size: int) -> Floats:
    """Weights of steps as weights of their ids, (size,)."""
    return np.bincount(ids, weights, size).astype(np.float32)


def log_softmax(logits: Any) -> Any:
    """Log probabilities along the last axis, in the precision of the logits."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
