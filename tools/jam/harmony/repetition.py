"""Songs repeat: the chords of places where the melody did what it does now.

Every distance back in the song (a lag) has a running count of how alike the last beats are to those
so many beats earlier: notes that begin together on the same pitch, together on another, and alone.
From that, and from the length of the lag itself (phrases have 4, 8 and 16 bars), comes how likely
the chord there is to be the chord here.

Conventions: lags are in beats; hindsight is (beats, TRIADS), what is believed of each beat so far.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import SILENT_SLOT, SLOTS
from muse.tools.jam.harmony.parameters import LAG_FIGURES, MixTables

Floats = NDArray[np.float64]
Slots = NDArray[np.int64]

REACH_BEATS = 256  # the longest lag
LAGS = np.arange(2, REACH_BEATS + 1, 2)
FADES = (0.7, 0.88)  # what a likeness still counts a beat later
BEFORE_ALL = -2  # the slots of beats before the first


def lag_kinds() -> Floats:
    """What is told of each lag alone: (LAGS, LAG_KINDS)."""
    multiples = [LAGS % beats == 0 for beats in (4, 8, 16, 32)]
    exactly = [beats == LAGS for beats in (4, 8, 16, 32, 64)]
    return np.stack([*multiples, np.log(LAGS), *exactly], axis=1).astype(np.float64)


class Recall:
    """The likeness of now to each earlier place, kept up to date from beat to beat."""

    def __init__(self, tables: MixTables) -> None:
        """Begin: nothing to recall."""
        self.tables = tables
        self.by_lag = lag_kinds() @ tables.lags
        self.past = np.full((REACH_BEATS, SLOTS), BEFORE_ALL)
        self.alike = np.zeros((len(FADES), len(LAGS), 3))

    def hear(self, slots: Slots) -> None:
        """Take in the rhythm and the pitches of a beat that is over."""
        fades = np.array(FADES)[:, None, None]
        self.alike = self.alike * fades + compared(slots, self.past[-LAGS]).sum(axis=1)
        self.past = np.concatenate([self.past[1:], slots[None]])

    def figures(self, slots: Slots) -> Floats:
        """How alike each lag is, with the first sixteenth of the beat that begins: (LAGS, 6)."""
        begins = compared(slots, self.past[-LAGS])[:, 0]
        by_lag: Floats = (self.alike + begins).transpose(1, 0, 2).reshape(len(LAGS), LAG_FIGURES)
        return by_lag

    def shares(self, slots: Slots, beats: int) -> Floats:
        """How likely each lag is the one to recall by, and last that none is: (LAGS + 1,)."""
        odds = self.figures(slots) @ self.tables.likeness + self.by_lag
        odds = np.append(np.where(beats >= LAGS, odds, -np.inf), 0.0)
        weights = np.exp(odds - odds.max())
        shares: Floats = weights / weights.sum()
        return shares

    def told(self, slots: Slots, hindsight: Floats, otherwise: Floats) -> Floats:
        """The chords of the places recalled, by how likely each is.

        Args:
            slots: of the beat that begins; only its first sixteenth is looked at.
            hindsight: of the beats so far.
            otherwise: what to expect where nothing is to be recalled.
        """
        shares = self.shares(slots, len(hindsight))
        near = LAGS[: np.searchsorted(LAGS, len(hindsight), side="right")]
        recalled: Floats = shares[: len(near)] @ hindsight[len(hindsight) - near]
        recalled += shares[-1] * otherwise
        return recalled


def compared(slots: Slots, others: Slots) -> Floats:
    """Beats against one, by sixteenth: same pitch, together on another, and one alone.

    Args:
        slots: (SLOTS,).
        others: (beats, SLOTS).

    Returns:
        (beats, SLOTS, 3) of 0 and 1.
    """
    begins, began = slots > SILENT_SLOT, others > SILENT_SLOT
    same = begins & (others == slots)
    together = begins & began & ~same
    alone = (begins ^ began) & (others > BEFORE_ALL)
    return np.stack([same, together, alone], axis=-1).astype(np.float64)
