"""Sampling from probabilities, with temperature, top-k and nucleus (top-p) truncation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import ParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """How freely to sample.

    Attributes:
        temperature: 1 follows the model, below 1 is safer; 0 takes the likeliest.
        top_k: sample from this many of the likeliest only; 0 for all.
        top_p: sample from the likeliest up to this total probability, above 0 up to 1.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.9

    def __post_init__(self) -> None:
        """Raise ParameterError if a number is out of range."""
        if not 0 <= self.temperature <= MAX_TEMPERATURE:
            raise ParameterError(f"--temperature is 0 to {MAX_TEMPERATURE:g}")
        if self.top_k < 0:
            raise ParameterError("--top-k is 1 or more, or 0 for all chords")
        if not 0 < self.top_p <= 1:
            raise ParameterError("--top-p is above 0 and at most 1")


MAX_TEMPERATURE = 10.0  # nearly uniform
FREE_TEMPERATURE = 1.0
UNDER_TEMPERATURE = 0.5  # under a melody, which the chords should fit


def default_temperature(temperature: float | None, is_under: bool) -> float:
    """Return the given temperature, or the default with or without a melody above."""
    if temperature is not None:
        return temperature
    return UNDER_TEMPERATURE if is_under else FREE_TEMPERATURE


def shaped(weights: Floats, sampling: Sampling) -> Floats:
    """Return the probabilities to sample from, shape as `weights`.

    Args:
        weights: 0 or more, at least one above 0; they need not add up to 1.
        sampling: temperature is applied first, then top_k, then top_p.
    """
    if sampling.temperature == 0:
        likeliest: Floats = (np.arange(len(weights)) == int(weights.argmax())).astype(np.float64)
        return likeliest
    with np.errstate(divide="ignore"):
        logs = np.log(weights / weights.max()) / sampling.temperature
    p = np.exp(logs)
    order = p.argsort(kind="stable")[::-1]
    before = np.concatenate([[0.0], np.cumsum(p[order] / p.sum())[:-1]])
    last = sampling.top_k or len(p)
    kept = order[:last][before[:last] < sampling.top_p]
    chosen = np.zeros_like(p)
    chosen[kept] = p[kept]
    return normalized(chosen)


def normalized(weights: Floats) -> Floats:
    """Divide weights by their sum."""
    p: Floats = weights / weights.sum()
    return p


def draw(rng: np.random.Generator, p: Floats) -> int:
    """Draw an index in proportion to `p`; indices of probability 0 are never drawn."""
    ends = np.cumsum(p)
    place = int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))
    return min(place, int(np.flatnonzero(p)[-1]))
