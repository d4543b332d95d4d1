"""What was learnt for following a tempo: a net that judges tempos, and one that finds the beat.

Trained by scripts/train_jam_tempo.py. Both are small, and the same for each tempo.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.tools.trained_weights import trained_weights

NAME = "jam-tempo"

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

CYCLE = 4  # beats that the phase is told in, since music comes in twos and fours
HARMONICS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32])  # of the cycle
STEPS = 24  # phases of a beat
PHASES = np.arange(CYCLE * STEPS) / STEPS  # beats
WAVES = np.exp(2j * np.pi / CYCLE * HARMONICS[:, None] * PHASES).astype(np.complex64)


@cache
def learnt() -> dict[str, Floats]:
    """The arrays, by name.

    Of the net that judges tempos: `hidden` (units, features), `bias` (units,) and `out` (units,).
    Of those that find the beat, nets in front: `beat.0`, `beat.1`, `beat.2` (nets, out, in) and
    `beat.0.bias` ... (nets, out); the last one's outcome is 1 + 2 len(HARMONICS).

    Raises:
        BadInputError: they are not there, or damaged.
    """
    return trained_weights(NAME).tensors


def log_odds(features: Floats, arrays: Mapping[str, Floats] | None = None) -> Array:
    """Log probability of each tempo, of shape (tempos,), from features of (tempos, features)."""
    arrays = learnt() if arrays is None else arrays
    scores = np.maximum(features @ arrays["hidden"].T + arrays["bias"], 0.0) @ arrays["out"]
    scores -= scores.max()
    return np.asarray(scores - np.log(np.exp(scores).sum()), np.float64)


def beat_odds(features: Floats, back: Array) -> Array:
    """How well each tempo fits with the last onset on each of PHASES.

    Each onset tells what it thinks of the tempo, and, by a sum of waves, of its own phase; the
    waves of all are turned to the last onset's phase and added.

    Args:
        features: of neighbours.described, of shape (tempos, onsets, features).
        back: where the onsets are, in beats from the last; (tempos, onsets).

    Returns:
        log odds, up to a constant; (tempos, len(PHASES)).
    """
    turns = np.exp(2j * np.pi / CYCLE * HARMONICS * back[..., None]).astype(np.complex64)
    told = np.mean([said(features, net) for net in range(len(learnt()["beat.0"]))], axis=0)
    real, imaginary = np.split(told[..., 1:], 2, axis=-1)
    waves = ((real + 1j * imaginary) * turns).sum(axis=1) @ WAVES
    return np.asarray(waves.real + told[..., 0].sum(axis=1)[:, None], np.float64)


def said(features: Floats, net: int) -> Floats:
    """The outcome of one of the nets that find the beat; (..., 1 + 2 len(HARMONICS))."""
    arrays = learnt()
    for layer in range(3):
        features = features @ arrays[f"beat.{layer}"][net].T + arrays[f"beat.{layer}.bias"][net]
        features = np.maximum(features, 0.0) if layer < 2 else features
    return features
