"""What was learnt for following a tempo, and the little net that judges tempos.

Trained by scripts/train_jam_tempo.py. The net has one hidden layer, the same for each tempo.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.tools.trained_weights import trained_weights

NAME = "jam-tempo"

Floats = NDArray[np.float32]


@cache
def learnt() -> dict[str, Floats]:
    """The arrays, by name.

    Of the net: `hidden` (units, features), `bias` (units,) and `out` (units,). `places` (kinds,
    phases): the log of how much likelier than by chance an onset of each kind of pulse.py
    falls on each phase of a beat.

    Raises:
        BadInputError: they are not there, or damaged.
    """
    return trained_weights(NAME).tensors


def log_odds(features: Floats) -> NDArray[np.float64]:
    """Log probability of each tempo, of shape (tempos,), from features of (tempos, features)."""
    arrays = learnt()
    scores = np.maximum(features @ arrays["hidden"].T + arrays["bias"], 0.0) @ arrays["out"]
    scores -= scores.max()
    return np.asarray(scores - np.log(np.exp(scores).sum()), np.float64)
