"""Inputs of the phrase nets: what they read at a beat, and the distribution that they correct.

The hidden Markov model (melody_listener.py) sees from one beat to the next; phrases are longer. The
recurrent nets of muse.models.phrase_gru read, at each beat, the notes of the beat before, the notes
that sound as this one begins, its metrical position, three predictions of the melody listener, and
the polyphony: with two hands every note is part of a chord. They correct a fixed mix of the three
predictions.

Conventions: triads and pitch classes are relative to the home of the key.
"""

import numpy as np
from numpy.typing import NDArray

from muse.models.numpy_layers import log_softmax
from muse.models.phrase_gru.config import PhraseGruConfig
from muse.tools.jam.harmony.beat_features import ON_BEAT_KINDS, POSITIONS, SEGMENT_KINDS, TRIADS

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]

INPUTS = SEGMENT_KINDS * 12 + ON_BEAT_KINDS * 12 + POSITIONS + 3 * TRIADS + 1
BASE_EXPONENTS = (0.45, 0.8, 0.45)  # of transition, on-beat notes and recall in the fixed mix
SCALE = 3.0  # of probabilities, which are small beside the counts
POLYPHONY_DECAY = 0.9  # weight of the mean so far, from beat to beat
CONFIG = PhraseGruConfig(features=INPUTS, classes=TRIADS)


def base_log_probabilities(transition: Floats, on_beat: Floats, recalled: Floats) -> Floats:
    """Return the log probability of each triad in the fixed mix.

    Args:
        transition: log odds (TRIADS,), as in MelodyPrediction.
        on_beat: the same.
        recalled: the same.
    """
    exponents = BASE_EXPONENTS
    mix = exponents[0] * transition + exponents[1] * on_beat + exponents[2] * recalled
    log_probabilities: Floats = log_softmax(mix)
    return log_probabilities


def phrase_inputs(
    before: Floats,
    on_beat: Floats,
    position: int,
    transition: Floats,
    base: Floats,
    recalled: Floats,
    polyphony: float,
) -> Float32s:
    """Return what the nets read at a beat, (INPUTS,).

    Args:
        before: (SEGMENT_KINDS * 12,), segments of the beat before.
        on_beat: (ON_BEAT_KINDS * 12,), notes that sound as the beat begins.
        position: metrical position of the beat.
        transition: log odds (TRIADS,), as in MelodyPrediction.
        base: as `base_log_probabilities` returns it.
        recalled: log odds (TRIADS,), as in MelodyPrediction.
        polyphony: mean number of notes that sound as a beat begins.
    """
    predicted = [SCALE * np.exp(log_softmax(odds)) for odds in (transition, base, recalled)]
    one_hot = np.eye(POSITIONS)[position]
    inputs = [before, on_beat, one_hot, *predicted, [np.log1p(polyphony)]]
    return np.concatenate(inputs).astype(np.float32)


def update_polyphony(polyphony: float, on_beat: Floats) -> float:
    """Return the running mean of notes that sound as a beat begins, with one more beat."""
    return POLYPHONY_DECAY * polyphony + (1 - POLYPHONY_DECAY) * float(on_beat.sum())
