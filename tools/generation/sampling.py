"""Sampling from probabilities, with temperature, top-k and nucleus (top-p) truncation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import ParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """Parameters of sampling.

    Attributes:
        temperature: exponent 1 / temperature on the probabilities, 0 to MAX_TEMPERATURE; 0 takes
            the likeliest candidate.
        top_k: number of likeliest candidates to sample from; 0 for all.
        top_p: sample from the likeliest candidates up to this total probability, above 0 up to 1.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.9

    def __post_init__(self) -> None:
        """Raise ParameterError if a number is out of range."""
        if not 0 <= self.temperature <= MAX_TEMPERATURE:
            raise ParameterError(
                f"--temperature must be 0 to {MAX_TEMPERATURE:g}, not {self.temperature:g}"
            )
        if self.top_k < 0:
            raise ParameterError(f"--top-k must be 0 or more, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise ParameterError(f"--top-p must be above 0 and at most 1, not {self.top_p:g}")


MAX_TEMPERATURE = 10.0  # nearly uniform
DEFAULT_TEMPERATURE = 1.0
HARMONIZING_TEMPERATURE = 0.5  # lower, as the chords should fit the melody


def default_temperature(temperature: float | None, is_harmonizing: bool) -> float:
    """Return the given temperature; if it is None, the default for chords or for harmonizing."""
    if temperature is not None:
        return temperature
    return HARMONIZING_TEMPERATURE if is_harmonizing else DEFAULT_TEMPERATURE


def apply_sampling(weights: Floats, sampling: Sampling) -> Floats:
    """Apply temperature, then top_k, then top_p, to weights.

    Args:
        weights: (candidates,), 0 or more, at least one above 0; their sum may be any.
        sampling: the parameters.

    Returns:
        Probabilities to sample from, (candidates,).
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
    remaining = order[:last][before[:last] < sampling.top_p]
    truncated = np.zeros_like(p)
    truncated[remaining] = p[remaining]
    return normalized(truncated)


def normalized(weights: Floats) -> Floats:
    """Divide weights by their sum."""
    p: Floats = weights / weights.sum()
    return p


def draw(rng: np.random.Generator, p: Floats) -> int:
    """Draw an index in proportion to `p`; indices of probability 0 are never drawn."""
    ends = np.cumsum(p)
    index = int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))
    return min(index, int(np.flatnonzero(p)[-1]))
