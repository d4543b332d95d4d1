"""Run the tempo nets in numpy: one scores tempos, an ensemble scores beat phases.

Arrays, by name: `hidden` (units, features), `bias` (units,) and `out` (units,) of the net that
judges tempos; `beat.0`, `beat.1`, `beat.2` (nets, out, in) and `beat.0.bias` ... (nets, out) of the
nets that find the beat. Features are computed by the caller; each tempo uses the same weights.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from muse.models.numpy_layers import Floats
from muse.models.tempo_nets.config import CYCLE, HARMONICS, WAVES

Array = NDArray[np.float64]


def tempo_log_probabilities(features: Floats, arrays: Mapping[str, Floats]) -> Array:
    """Return the log probability of each tempo, (tempos,), from features (tempos, features)."""
    scores = np.maximum(features @ arrays["hidden"].T + arrays["bias"], 0.0) @ arrays["out"]
    scores -= scores.max()
    return np.asarray(scores - np.log(np.exp(scores).sum()), np.float64)


def phase_log_odds(features: Floats, back: Array, arrays: Mapping[str, Floats]) -> Array:
    """Score each tempo together with each phase of the last onset.

    For each onset a net gives a score of the tempo and, as a sum of harmonics, scores of the
    onset's own phase. The harmonics are rotated to the phase of the last onset and added.

    Args:
        features: (tempos, onsets, features).
        back: (tempos, onsets) position of each onset, in beats after the last one (0 or less).
        arrays: weights by name.

    Returns:
        Log odds up to a constant, (tempos, phases), by config.PHASES.
    """
    turns = np.exp(2j * np.pi / CYCLE * HARMONICS * back[..., None]).astype(np.complex64)
    nets = range(len(arrays["beat.0"]))
    outputs = np.mean([beat_outputs(features, net, arrays) for net in nets], axis=0)
    real, imaginary = np.split(outputs[..., 1:], 2, axis=-1)
    waves = ((real + 1j * imaginary) * turns).sum(axis=1) @ WAVES
    return np.asarray(waves.real + outputs[..., 0].sum(axis=1)[:, None], np.float64)


def beat_outputs(features: Floats, net: int, arrays: Mapping[str, Floats]) -> Floats:
    """Return the output of one of the nets that find the beat, (..., BEAT_OUTPUTS)."""
    for layer in range(3):
        features = features @ arrays[f"beat.{layer}"][net].T + arrays[f"beat.{layer}.bias"][net]
        features = np.maximum(features, 0.0) if layer < 2 else features
    return features
