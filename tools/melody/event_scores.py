"""Losses and hits of predicted melody events, as returned by scorers of melody models."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.melody.ngram_model import PARTS

Floats = NDArray[np.float64]
EventScores = Mapping[str, tuple[Floats, NDArray[np.bool_]]]  # event: losses in nats, and hits
Scorer = Callable[[MelodySong], EventScores]


def event_scores(losses: Floats, hits: NDArray[np.bool_]) -> EventScores:
    """Return the scores by event from arrays (notes, 3).

    Advance and duration of the last note are left out, since nothing follows it.
    """
    ends = (len(losses), len(losses) - 1, len(losses) - 1)
    return {
        event: (losses[:end, index], hits[:end, index])
        for index, (event, end) in enumerate(zip(PARTS, ends, strict=True))
    }
