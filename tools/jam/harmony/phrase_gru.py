"""The ear's sense of phrase: small recurrent nets that go on from what belief and recall expect.

The belief (melody_listener.py) sees from one beat to the next; where a phrase is and where it leads
takes a longer view. At each beat a net reads what was played in the beat before, what sounds as
this one begins, its place, the three expectations of the ear, and how full the playing is: who
plays with both hands means every note as a part of the chord. It corrects the mix of the three.
Several nets, each trained by itself, are asked, and the mean of their log odds is taken.

Conventions: figures by triad and pitch class are told from the home of the key. The layers
are those of the net in phrase_gru.py, which is trained with torch; here they are numpy, float32,
all nets at once.
Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, for the
gated unit, in the form that torch computes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import PLACES, STRETCHES, STRUCK, TRIADS

Floats = NDArray[np.float64]
Halves = NDArray[np.float32]

READ = STRETCHES * 12 + STRUCK * 12 + PLACES + 3 * TRIADS + 1  # figures that are read at a beat
BASE_POWERS = (0.45, 0.8, 0.45)  # of moves, struck and recalled, in the mix that is corrected
SCALE = 3.0  # of probabilities among the counts
KEPT = 0.9  # of how full the playing was, from beat to beat
HIDDEN = 256
NETS = 3

# the shape of each table
SHAPES = {
    "phrase_in": (NETS, HIDDEN, READ),
    "phrase_in_bias": (NETS, HIDDEN),
    "phrase_reads": (NETS, 3 * HIDDEN, HIDDEN),  # gates: reset, update, new
    "phrase_reads_bias": (NETS, 3 * HIDDEN),
    "phrase_keeps": (NETS, 3 * HIDDEN, HIDDEN),
    "phrase_keeps_bias": (NETS, 3 * HIDDEN),
    "phrase_out": (NETS, TRIADS, 2 * HIDDEN),
    "phrase_out_bias": (NETS, TRIADS),
    "phrase_base": (NETS, 1),  # power of the mix that is corrected
}


def base_of(moves: Floats, struck: Floats, recalled: Floats) -> Floats:
    """Log probability of each triad in a plain mix of the three expectations' log odds."""
    powers = BASE_POWERS
    return log_shares(powers[0] * moves + powers[1] * struck + powers[2] * recalled)


def figures_of(
    before: Floats,
    struck: Floats,
    place: int,
    moves: Floats,
    base: Floats,
    recalled: Floats,
    fullness: float,
) -> Halves:
    """What the net reads at a beat, (READ,).

    Args:
        before: (STRETCHES * 12,) of the beat before.
        struck: (STRUCK * 12,) as the beat begins.
        place: of the beat.
        moves: log odds (TRIADS,).
        base: log odds as base_of has them.
        recalled: log odds.
        fullness: notes that sound as beats begin, in the mean of the last.
    """
    expected = [SCALE * np.exp(log_shares(odds)) for odds in (moves, base, recalled)]
    full = [np.log1p(fullness)]
    read = np.concatenate([before, struck, np.eye(PLACES)[place], *expected, full])
    return read.astype(np.float32)


def filled(fullness: float, struck: Floats) -> float:
    """How full the playing is, with what sounds as a beat begins."""
    return KEPT * fullness + (1 - KEPT) * float(struck.sum())


def log_shares(log_odds: Floats) -> Floats:
    """Log odds as log probabilities."""
    top = log_odds - log_odds.max()
    shares: Floats = top - np.log(np.exp(top).sum())
    return shares


class Phrase:
    """The nets; what they remember is handed in and out, so that asking changes nothing."""

    def __init__(self, tables: Mapping[str, NDArray[Any]]) -> None:
        """Take the tables of SHAPES."""
        self.t = {name: np.ascontiguousarray(tables[name], np.float32) for name in SHAPES}

    @staticmethod
    def start() -> Halves:
        """What is remembered before the first beat."""
        return np.zeros((NETS, HIDDEN), np.float32)

    def step(self, memory: Halves, figures: Halves, base: Floats) -> tuple[Halves, Floats]:
        """One beat on.

        Returns:
            what is remembered then, and the log probability of each triad.
        """
        t = self.t
        read = np.maximum(t["phrase_in"] @ figures + t["phrase_in_bias"], 0.0)
        reads = each(t["phrase_reads"], read) + t["phrase_reads_bias"]
        keeps = each(t["phrase_keeps"], memory) + t["phrase_keeps_bias"]
        reset, update = np.split(sigmoid((reads + keeps)[:, : 2 * HIDDEN]), 2, axis=1)
        new = np.tanh(reads[:, 2 * HIDDEN :] + reset * keeps[:, 2 * HIDDEN :])
        memory = (1 - update) * new + update * memory
        out = each(t["phrase_out"], np.hstack([memory, read])) + t["phrase_out_bias"]
        told = [log_shares(odds) for odds in t["phrase_base"] * base + out]
        return memory, log_shares(np.mean(told, axis=0))


def each(layers: Halves, figures: Halves) -> Halves:
    """A layer of every net, (NETS, out, in), on what it is given, (NETS, in)."""
    out: Halves = (layers @ figures[..., None])[..., 0]
    return out


def sigmoid(x: Halves) -> Halves:
    """The logistic function, without overflow."""
    halved: Halves = 0.5 * (1 + np.tanh(0.5 * x))
    return halved
