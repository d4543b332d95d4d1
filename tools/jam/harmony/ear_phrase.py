"""The ear's sense of phrase: a small recurrent net that goes on from what belief and recall expect.

The belief (ear.py) sees from one beat to the next; where a phrase is and where it leads takes a
longer view. At each beat the net reads what was played in the beat before, what sounds as this one
begins, its place, and the three expectations of the ear; it corrects their mix.

Conventions: figures by triad and pitch class are told from the home of the key. The layers
are those of the net in mix_phrase.py, which is trained with torch; here they are numpy, float32.
Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, for the
gated unit, in the form that torch computes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.ear_beats import PLACES, STRETCHES, STRUCK, TRIADS

Floats = NDArray[np.float64]
Halves = NDArray[np.float32]

READ = STRETCHES * 12 + STRUCK * 12 + PLACES + 3 * TRIADS  # figures that are read at a beat
BASE_POWERS = (0.45, 0.8, 0.45)  # of moves, struck and recalled, in the mix that is corrected
SCALE = 3.0  # of probabilities among the counts
HIDDEN = 192

# the shape of each of the net's tables
SHAPES = {
    "phrase_in": (HIDDEN, READ),
    "phrase_in_bias": (HIDDEN,),
    "phrase_reads": (3 * HIDDEN, HIDDEN),  # gates: reset, update, new
    "phrase_reads_bias": (3 * HIDDEN,),
    "phrase_keeps": (3 * HIDDEN, HIDDEN),
    "phrase_keeps_bias": (3 * HIDDEN,),
    "phrase_out": (TRIADS, 2 * HIDDEN),
    "phrase_out_bias": (TRIADS,),
    "phrase_base": (1,),  # power of the mix that is corrected
}


def base_of(moves: Floats, struck: Floats, recalled: Floats) -> Floats:
    """Log probability of each triad in a plain mix of the three expectations' log odds."""
    powers = BASE_POWERS
    return log_shares(powers[0] * moves + powers[1] * struck + powers[2] * recalled)


def figures_of(
    before: Floats, struck: Floats, place: int, moves: Floats, base: Floats, recalled: Floats
) -> Halves:
    """What the net reads at a beat, (READ,).

    Args:
        before: (STRETCHES * 12,) of the beat before.
        struck: (STRUCK * 12,) as the beat begins.
        place: of the beat.
        moves: log odds (TRIADS,).
        base: log odds as base_of has them.
        recalled: log odds.
    """
    expected = [SCALE * np.exp(log_shares(odds)) for odds in (moves, base, recalled)]
    return np.concatenate([before, struck, np.eye(PLACES)[place], *expected]).astype(np.float32)


def log_shares(log_odds: Floats) -> Floats:
    """Log odds as log probabilities."""
    top = log_odds - log_odds.max()
    shares: Floats = top - np.log(np.exp(top).sum())
    return shares


class Phrase:
    """The net; what it remembers is handed in and out, so that asking changes nothing."""

    def __init__(self, tables: Mapping[str, NDArray[Any]]) -> None:
        """Take the tables of SHAPES."""
        self.t = {name: np.ascontiguousarray(tables[name], np.float32) for name in SHAPES}

    @staticmethod
    def start() -> Halves:
        """What is remembered before the first beat."""
        return np.zeros(HIDDEN, np.float32)

    def step(self, memory: Halves, figures: Halves, base: Floats) -> tuple[Halves, Floats]:
        """One beat on.

        Returns:
            what is remembered then, and the log probability of each triad.
        """
        t = self.t
        read = np.maximum(t["phrase_in"] @ figures + t["phrase_in_bias"], 0.0)
        reads = t["phrase_reads"] @ read + t["phrase_reads_bias"]
        keeps = t["phrase_keeps"] @ memory + t["phrase_keeps_bias"]
        reset, update = sigmoid((reads + keeps)[: 2 * HIDDEN]).reshape(2, HIDDEN)
        new = np.tanh(reads[2 * HIDDEN :] + reset * keeps[2 * HIDDEN :])
        memory = (1 - update) * new + update * memory
        out = t["phrase_out"] @ np.concatenate([memory, read]) + t["phrase_out_bias"]
        return memory, log_shares(float(t["phrase_base"][0]) * base + out)


def sigmoid(x: Halves) -> Halves:
    """The logistic function, without overflow."""
    halved: Halves = 0.5 * (1 + np.tanh(0.5 * x))
    return halved
