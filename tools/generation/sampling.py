"""Drawing from probabilities: temperature, the likeliest only, and a seed that decides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import ParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """How freely something is drawn.

    Attributes:
        temperature: 1 draws as the model says, below 1 more safely; 0 takes the likeliest.
        top_k: only so many of the likeliest; 0 for all.
        top_p: only the likeliest that together have this probability, above 0 up to 1.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.9

    def __post_init__(self) -> None:
        """Raise ParameterError where a number is out of its range."""
        if not 0 <= self.temperature <= MAX_TEMPERATURE:
            raise ParameterError(f"--temperature is 0 to {MAX_TEMPERATURE:g}")
        if self.top_k < 0:
            raise ParameterError("--top-k is 1 or more, or 0 for all chords")
        if not 0 < self.top_p <= 1:
            raise ParameterError("--top-p is above 0 and at most 1")


MAX_TEMPERATURE = 10.0  # all but even already
FREE_TEMPERATURE = 1.0
UNDER_TEMPERATURE = 0.5  # under a melody: what fits is what is wanted first


def usual_temperature(asked: float | None, is_under: bool) -> float:
    """The temperature that is asked for, or the usual one, alone and under a melody."""
    if asked is not None:
        return asked
    return UNDER_TEMPERATURE if is_under else FREE_TEMPERATURE


def shaped(weights: Floats, sampling: Sampling) -> Floats:
    """Probabilities that are drawn from, shape as `weights`.

    Args:
        weights: 0 or more, at least one above 0; they need not add up to 1.
        sampling: temperature first, then top_k, then top_p.
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
    return normalised(chosen)


def normalised(weights: Floats) -> Floats:
    """The weights divided by their sum."""
    p: Floats = weights / weights.sum()
    return p


def draw(rng: np.random.Generator, p: Floats) -> int:
    """A place in `p`, each as often as it says; places of probability 0 never come."""
    ends = np.cumsum(p)
    place = int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))
    return min(place, int(np.flatnonzero(p)[-1]))
