"""What the harmonist learnt from songs: one file of tables, counted and fitted together.

All is told relative to the home of the key: the tonic of the major key with its signature.
`muse train jam-mix` makes them (tools/training/recipes/jam_mix.py); their card says on what.
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
from muse.tools.jam.harmony.beat_features import KINDS, PLACES, STRETCHES, STRUCK, TRIADS
from muse.tools.jam.harmony.key_parameters import (
    heard_in_every_key,
    moves_between_keys,
    start_in_every_key,
    steps_in_every_key,
)
from muse.tools.jam.harmony.phrase_gru import CONFIG as PHRASE_CONFIG
from muse.tools.weights import load_trained_weights

Floats = NDArray[np.float64]

WEIGHTS = "jam-mix"
LAG_FIGURES = 6  # how alike two places of the melody are: three figures, recent and less recent
LAG_KINDS = 10  # what is told of a distance in beats alone
EXPERTS = ("moves", "struck", "recalled", "phrase", "brain")

# the shape of each table
SHAPES = {
    "moves": (PLACES, TRIADS, TRIADS),  # probability of a triad after another
    "stretches": (STRETCHES, len(KINDS), 12),  # log odds by semitones above the root
    "stretches_in_key": (TRIADS, 12),  # log odds on top, by semitones above the home
    "struck": (STRUCK, len(KINDS), 12),
    "struck_in_key": (TRIADS, 12),
    "likeness": (LAG_FIGURES,),  # log odds of a place to recall
    "lags": (LAG_KINDS,),
    "mix": (PLACES, len(EXPERTS)),  # powers of the experts' odds
    "late_mix": (PLACES, len(EXPERTS) - 1),  # the same without the brain
    "ear_mix": (PLACES, len(EXPERTS) - 2),  # the same without the phrase: what a constant mixes
    "key_heard": (2, STRETCHES, 12),  # log odds of a mode, by pitch class above the home
    "key_steps": (2, 12, 12),  # the same of a step from one pitch class to another
    "key_moves": (2, 2, 12),  # probability of a mode after another, the home so much higher
    "key_start": (2,),  # of the modes
    **array_shapes(PHRASE_CONFIG),
}


@dataclass(frozen=True)
class MixTables:
    """The tables, ready to be asked; shapes as in SHAPES where nothing else is said."""

    moves: Floats
    heard: Floats  # (STRETCHES * 12, TRIADS)
    struck: Floats  # (STRUCK * 12, TRIADS)
    likeness: Floats
    lags: Floats
    mix: Floats
    late_mix: Floats
    ear_mix: Floats
    key_heard: Floats  # (STRETCHES * 12, KEYS)
    key_steps: Floats  # (KEYS, 12, 12), by pitch class before and then
    key_moves: Floats  # (KEYS, KEYS)
    key_start: Floats  # (KEYS,)
    phrase: PhraseGru

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]]) -> "MixTables":
        """The tables of a file; raises BadInputError where one has another shape."""
        for name, shape in SHAPES.items():
            if name not in tensors or tensors[name].shape != shape:
                raise BadInputError(f"the weights {WEIGHTS} have no {name} of shape {shape}")
        t = {name: tensors[name].astype(np.float64) for name in SHAPES}
        return cls(
            moves=t["moves"],
            heard=laid_out(t["stretches"], t["stretches_in_key"]),
            struck=laid_out(t["struck"], t["struck_in_key"]),
            likeness=t["likeness"],
            lags=t["lags"],
            mix=t["mix"],
            late_mix=t["late_mix"],
            ear_mix=t["ear_mix"],
            key_heard=heard_in_every_key(t["key_heard"]),
            key_steps=steps_in_every_key(t["key_steps"]),
            key_moves=moves_between_keys(t["key_moves"]),
            key_start=start_in_every_key(t["key_start"]),
            phrase=PhraseGru(PHRASE_CONFIG, t),
        )


def laid_out(above_root: Floats, in_key: Floats) -> Floats:
    """Log odds of every triad by kind of stretch and pitch class: (kinds * 12, TRIADS)."""
    intervals = (np.arange(12)[None] - np.arange(12)[:, None]) % 12  # (root, pitch class)
    by_triad = above_root[:, :, intervals].transpose(2, 1, 0, 3)  # root, kind, stretch, pc
    every = by_triad.reshape(TRIADS, len(above_root), 12) + in_key[:, None]
    return np.ascontiguousarray(every.reshape(TRIADS, -1).T)


@cache
def load_tables(name_or_path: str = WEIGHTS) -> MixTables:
    """The tables that ship with muse, or those of a path.

    Raises:
        BadInputError: they are not there, damaged or of another shape.
    """
    return MixTables.of(load_trained_weights(name_or_path).tensors)
