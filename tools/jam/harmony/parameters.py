"""The fitted parameters of the harmony models, read from the weight file `jam-mix`.

All chords and pitch classes are relative to the home of the key: the tonic of the major key with
the same signature. `muse train jam-mix` makes the parameters (tools/training/recipes/jam_mix.py);
the card beside the weights says from what data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.phrase_gru.config import array_shapes
from muse.models.phrase_gru.inference import PhraseGru
from muse.tools.errors import BadInputError
from muse.tools.jam.harmony.beat_features import (
    KINDS,
    ON_BEAT_KINDS,
    POSITIONS,
    SEGMENT_KINDS,
    TRIADS,
)
from muse.tools.jam.harmony.key_parameters import MODES as KEY_MODES
from muse.tools.jam.harmony.key_parameters import (
    expand_prior,
    expand_segments,
    expand_steps,
    expand_transitions,
)
from muse.tools.jam.harmony.phrase_gru import CONFIG as PHRASE_CONFIG
from muse.tools.weights import load_trained_weights

Floats = NDArray[np.float64]

WEIGHTS = "jam-mix"
SIMILARITY_FEATURES = 6  # of two beats' melodies: three counts, each with two decay rates
LAG_FEATURES = 10  # of a distance in beats by itself
MODES = len(KEY_MODES)
EXPERTS = ("moves", "struck", "recalled", "phrase", "brain")  # as the card names them

# the shape of each tensor, by its name in the file
SHAPES = {
    "moves": (POSITIONS, TRIADS, TRIADS),  # probability of a triad after another
    "stretches": (SEGMENT_KINDS, len(KINDS), 12),  # log odds by semitones above the root
    "stretches_in_key": (TRIADS, 12),  # log odds added to these, by semitones above the home
    "struck": (ON_BEAT_KINDS, len(KINDS), 12),
    "struck_in_key": (TRIADS, 12),
    "likeness": (SIMILARITY_FEATURES,),  # weights in the log odds of a lag
    "lags": (LAG_FEATURES,),
    "mix": (POSITIONS, len(EXPERTS)),  # exponents of the experts' odds
    "late_mix": (POSITIONS, len(EXPERTS) - 1),  # the same without the chord model
    "ear_mix": (POSITIONS, len(EXPERTS) - 2),  # without the phrase either: for a constant mix
    "key_heard": (MODES, SEGMENT_KINDS, 12),  # log odds of a mode, by pitch class above the home
    "key_steps": (MODES, 12, 12),  # the same for a step from one pitch class to another
    "key_moves": (MODES, MODES, 12),  # probability of a mode after another, with the home moved up
    "key_start": (MODES,),  # of the modes
    **array_shapes(PHRASE_CONFIG),
}


@dataclass(frozen=True)
class HarmonyParameters:
    """The parameters in the form in which the models use them.

    Attributes:
        transitions: (POSITIONS, TRIADS, TRIADS), probability of a triad after another.
        segment_log_odds: (SEGMENT_KINDS * 12, TRIADS), what each segment of a note adds.
        on_beat_log_odds: (ON_BEAT_KINDS * 12, TRIADS), what each note on the beat adds.
        similarity_weights: (SIMILARITY_FEATURES,).
        lag_weights: (LAG_FEATURES,).
        exponents: (POSITIONS, 5), of all experts in the order of EXPERTS.
        exponents_without_model: (POSITIONS, 4), where the chord model has no prediction in time.
        melody_exponents: (POSITIONS, 3), of what the melody alone says, for a constant mix.
        key_segment_log_odds: (SEGMENT_KINDS * 12, KEYS).
        key_step_log_odds: (KEYS, 12, 12), by pitch class before and after.
        key_transitions: (KEYS, KEYS), probability of a key after another.
        key_prior: (KEYS,), probability of a key before any note.
        phrase: the recurrent nets.
    """

    transitions: Floats
    segment_log_odds: Floats
    on_beat_log_odds: Floats
    similarity_weights: Floats
    lag_weights: Floats
    exponents: Floats
    exponents_without_model: Floats
    melody_exponents: Floats
    key_segment_log_odds: Floats
    key_step_log_odds: Floats
    key_transitions: Floats
    key_prior: Floats
    phrase: PhraseGru

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> "HarmonyParameters":
        """Build the parameters from the tensors of a file.

        Raises:
            BadInputError: a tensor is missing or has another shape than SHAPES says.
        """
        for name, shape in SHAPES.items():
            if name not in tensors or tensors[name].shape != shape:
                raise BadInputError(f"the weights {WEIGHTS} have no {name} of shape {shape}")
        t = {name: tensors[name].astype(np.float64) for name in SHAPES}
        return cls(
            transitions=t["moves"],
            segment_log_odds=expand_triads(t["stretches"], t["stretches_in_key"]),
            on_beat_log_odds=expand_triads(t["struck"], t["struck_in_key"]),
            similarity_weights=t["likeness"],
            lag_weights=t["lags"],
            exponents=t["mix"],
            exponents_without_model=t["late_mix"],
            melody_exponents=t["ear_mix"],
            key_segment_log_odds=expand_segments(t["key_heard"]),
            key_step_log_odds=expand_steps(t["key_steps"]),
            key_transitions=expand_transitions(t["key_moves"]),
            key_prior=expand_prior(t["key_start"]),
            phrase=PhraseGru(PHRASE_CONFIG, t),
        )


def expand_triads(above_root: Floats, in_key: Floats) -> Floats:
    """Return log odds of every triad by note kind and pitch class, (kinds * 12, TRIADS).

    Args:
        above_root: (kinds, len(KINDS), 12), by kind of triad and semitones above its root.
        in_key: (TRIADS, 12), added for each pitch class above the home.
    """
    intervals = (np.arange(12)[None] - np.arange(12)[:, None]) % 12  # (root, pitch class)
    by_triad = above_root[:, :, intervals].transpose(2, 1, 0, 3)  # root, kind, segment, pc
    every = by_triad.reshape(TRIADS, len(above_root), 12) + in_key[:, None]
    return np.ascontiguousarray(every.reshape(TRIADS, -1).T)


@cache
def load_harmony_parameters(name_or_path: str = WEIGHTS) -> HarmonyParameters:
    """Load the parameters that ship with muse, or those of another weight file.

    Raises:
        BadInputError: the file is missing, damaged, or has tensors of another shape.
    """
    return HarmonyParameters.from_tensors(load_trained_weights(name_or_path).tensors)
