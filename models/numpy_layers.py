"""Layers of nets in numpy, computed as torch does; every net's inference.py builds on them.

Layers work on one vector, because inference goes step by step; activations take any shape.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Rotation = tuple[Floats, Floats]

ROPE_BASE = 10_000.0  # of the rates of rotary position embeddings (Su et al., 2021)
NORM_EPSILON = 1e-5  # added to variances, as torch does
# erf by Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 7.1.26; error 1.5e-7
ERF_RATE = 0.3275911
ERF_TERMS = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def linear(weights: Mapping[str, Floats], name: str, x: Floats) -> Floats:
    """Apply the linear layer of a name to a vector."""
    y: Floats = weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]
    return y


def layer_norm(weights: Mapping[str, Floats], name: str, x: Floats) -> Floats:
    """Apply the layer norm of a name to a vector."""
    centered = x - x.mean()
    deviation = np.sqrt(centered @ centered / len(x) + NORM_EPSILON)
    y: Floats = centered / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return y


def gelu(x: Floats) -> Floats:
    """Apply the Gaussian error linear unit (Hendrycks and Gimpel, 2016), exact to 1e-6."""
    scaled = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + ERF_RATE * scaled)
    series = np.zeros_like(t)
    for term in ERF_TERMS:
        series = (series + term) * t
    erf = np.copysign(1 - series * np.exp(-scaled * scaled), x)
    y: Floats = x * (1 + erf) / 2
    return y


def softmax(logits: Floats) -> Floats:
    """Return probabilities along the last axis."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p: Floats = odds / odds.sum(axis=-1, keepdims=True)
    return p


def log_softmax(logits: Any) -> Any:
    """Return log probabilities along the last axis, in the precision of the logits."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def sigmoid(x: Any) -> Any:
    """Apply the logistic function, without overflow for any x."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def sum_by_id(weights: Floats, ids: Ids, size: int) -> Floats:
    """Sum weights by their ids: (size,)."""
    return np.bincount(ids, weights, size).astype(np.float32)


def rotation(position: int, width: int) -> Rotation:
    """Return cosines and sines of rotary position embeddings at a position, (width / 2,).

    Angles are computed in 64 bits, so that late positions are as exact as early ones.
    """
    angles = position * rotation_rates(width)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


@cache
def rotation_rates(width: int) -> NDArray[np.float64]:
    """Return the angle per position of each pair of dimensions, (width / 2,)."""
    rates: NDArray[np.float64] = ROPE_BASE ** (-np.arange(0, width, 2) / width)
    return rates


def rotate(x: Floats, by: Rotation) -> Floats:
    """Rotate each pair of dimensions of (heads, width)."""
    cosine, sine = by
    y = np.empty_like(x)
    y[:, 0::2] = x[:, 0::2] * cosine - x[:, 1::2] * sine
    y[:, 1::2] = x[:, 0::2] * sine + x[:, 1::2] * cosine
    return y
