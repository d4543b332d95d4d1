"""Inputs of the phrase nets: what each reads at a beat, and the distribution that it corrects.

The melody listener's belief (melody_listener.py) looks from one beat to the next; where a phrase is
and where it leads takes a longer view, which the recurrent nets of muse.models.phrase_gru have. At
each beat a net reads what was played in the beat before, what sounds as this one begins, its place
in the bar, three expectations of the triad, and how many notes sound at once, which separates a
melody from playing with both hands. It corrects a mix of the three expectations.

Conventions: triads and pitch classes are counted from the home of the key.
"""

import numpy as np
from numpy.typing import NDArray

from muse.models.numpy_layers import log_softmax
from muse.models.phrase_gru.config import PhraseGruConfig
from muse.tools.jam.harmony.beat_features import PLACES, STRETCHES, STRUCK, TRIADS

Floats = NDArray[np.float64]
Halves = NDArray[np.float32]

READ = STRETCHES * 12 + STRUCK * 12 + PLACES + 3 * TRIADS + 1  # figures that are read at a beat
BASE_POWERS = (0.45, 0.8, 0.45)  # of moves, struck and recalled, in the mix that is corrected
SCALE = 3.0  # of probabilities among the counts
KEPT = 0.9  # of how full the playing was, from beat to beat
CONFIG = PhraseGruConfig(features=READ, classes=TRIADS)


def base_of(moves: Floats, struck: Floats, recalled: Floats) -> Floats:
    """Log probability of each triad in a plain mix of the three expectations' log odds."""
    powers = BASE_POWERS
    mixed: Floats = log_softmax(powers[0] * moves + powers[1] * struck + powers[2] * recalled)
    return mixed


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
    expected = [SCALE * np.exp(log_softmax(odds)) for odds in (moves, base, recalled)]
    full = [np.log1p(fullness)]
    read = np.concatenate([before, struck, np.eye(PLACES)[place], *expected, full])
    return read.astype(np.float32)


def filled(fullness: float, struck: Floats) -> float:
    """How full the playing is, with what sounds as a beat begins."""
    return KEPT * fullness + (1 - KEPT) * float(struck.sum())
