"""Weights of the measures of hypothesis_scoring.py, and the largest confidence of an answer.

`muse train interval-hypotheses` fits them; the card of the weights says to what.
"""

from functools import cache
from typing import NamedTuple

from muse.tools.weights import load_trained_weights

NAME = "interval-hypotheses"


class HypothesisWeights(NamedTuple):
    """What is fitted.

    Attributes:
        by_measure: weight of each measure, in nats per unit of the measure.
        largest_confidence: share of right answers among the most confident ones, 0 to 1.
    """

    by_measure: dict[str, float]
    largest_confidence: float


@cache
def load_hypothesis_weights() -> HypothesisWeights:
    """Return the weights that ship with muse.

    Raises:
        BadInputError: their file is missing or damaged.
    """
    config, tensors, _ = load_trained_weights(NAME)
    weights = dict(zip(config["measures"], tensors["weights"].tolist(), strict=True))
    return HypothesisWeights(weights, float(tensors["largest_confidence"][0]))
