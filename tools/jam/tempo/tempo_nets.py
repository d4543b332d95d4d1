"""The tempo nets that ship with muse: one scores tempos, the others find the beat.

The nets are in muse.models.tempo_nets; their features are in onset_intervals.py and
onset_features.py.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.models.tempo_nets.config import NAME
from muse.models.tempo_nets.inference import phase_log_odds, tempo_log_probabilities
from muse.tools.weights import load_trained_weights

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


@cache
def tempo_weights() -> dict[str, Floats]:
    """Load the arrays, by name; see muse.models.tempo_nets.inference.

    Raises:
        BadInputError: they are missing or damaged.
    """
    return load_trained_weights(NAME).tensors


def score_tempos(features: Floats, arrays: Mapping[str, Floats] | None = None) -> Array:
    """Return the log probability of each tempo, (tempos,), from features (tempos, features)."""
    return tempo_log_probabilities(features, tempo_weights() if arrays is None else arrays)


def score_beat_phases(features: Floats, back: Array) -> Array:
    """Return log odds, up to a constant, of tempos and phases of the last onset.

    Args:
        features: from onset_features.describe_onsets, (tempos, onsets, features).
        back: (tempos, onsets) position of each onset, in beats from the last.

    Returns:
        (tempos, phases), by muse.models.tempo_nets.config.PHASES.
    """
    return phase_log_odds(features, back, tempo_weights())
