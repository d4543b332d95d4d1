"""Recalls the chords at earlier beats whose melody matches the current one, since songs repeat.

For every distance back (a lag) there is a decaying count of how similar the last beats are to those
one lag earlier: onsets at the same time with the same pitch, with another pitch, and onsets in one
of them only. This and the lag itself (phrases have 4, 8 and 16 bars) give the probability that the
chord one lag ago is the chord now.

Conventions: lags are in beats; `smoothed` is (beats, TRIADS), the melody listener's probabilities.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import SILENT_SLOT, SLOTS
from muse.tools.jam.harmony.parameters import SIMILARITY_FEATURES, HarmonyParameters

Floats = NDArray[np.float64]
Slots = NDArray[np.int64]

MAX_LAG_BEATS = 256  # the longest lag
LAGS = np.arange(2, MAX_LAG_BEATS + 1, 2)
DECAYS = (0.7, 0.88)  # weight of a similarity one beat later
BEFORE_FIRST = -2  # the slots of beats before the first


def lag_features() -> Floats:
    """Return the features of each lag by itself, (LAGS, LAG_FEATURES)."""
    multiples = [LAGS % beats == 0 for beats in (4, 8, 16, 32)]
    exactly = [beats == LAGS for beats in (4, 8, 16, 32, 64)]
    return np.stack([*multiples, np.log(LAGS), *exactly], axis=1).astype(np.float64)


class RepetitionModel:
    """Similarity of the current beat to each earlier one, updated beat by beat."""

    def __init__(self, parameters: HarmonyParameters) -> None:
        """Start without any beats."""
        self.parameters = parameters
        self.lag_log_odds = lag_features() @ parameters.lag_weights
        self.past_slots = np.full((MAX_LAG_BEATS, SLOTS), BEFORE_FIRST)
        self.similarity = np.zeros((len(DECAYS), len(LAGS), 3))

    def add_beat(self, slots: Slots) -> None:
        """Add a complete beat.

        Args:
            slots: (SLOTS,), the pitch that begins in each sixteenth.
        """
        decays = np.array(DECAYS)[:, None, None]
        self.similarity = self.similarity * decays + compare_beats(
            slots, self.past_slots[-LAGS]
        ).sum(axis=1)
        self.past_slots = np.concatenate([self.past_slots[1:], slots[None]])

    def similarity_features(self, slots: Slots) -> Floats:
        """Return the similarity at each lag, (LAGS, SIMILARITY_FEATURES).

        It includes the first sixteenth of the beat that begins.
        """
        begins = compare_beats(slots, self.past_slots[-LAGS])[:, 0]
        features: Floats = (
            (self.similarity + begins).transpose(1, 0, 2).reshape(len(LAGS), SIMILARITY_FEATURES)
        )
        return features

    def lag_posterior(self, slots: Slots, beats: int) -> Floats:
        """Return the probability that the chord repeats at each lag, and last at none, (LAGS + 1,).

        Args:
            slots: of the beat that begins.
            beats: number of beats so far; longer lags have probability 0.
        """
        odds = (
            self.similarity_features(slots) @ self.parameters.similarity_weights + self.lag_log_odds
        )
        odds = np.append(np.where(beats >= LAGS, odds, -np.inf), 0.0)
        weights = np.exp(odds - odds.max())
        lag_posterior: Floats = weights / weights.sum()
        return lag_posterior

    def predict(self, slots: Slots, smoothed: Floats, fallback: Floats) -> Floats:
        """Return the recalled distribution over triads, (TRIADS,).

        Args:
            slots: of the beat that begins; only the first sixteenth is used.
            smoothed: (beats, TRIADS), of the beats so far.
            fallback: (TRIADS,), used as far as nothing repeats.
        """
        lag_posterior = self.lag_posterior(slots, len(smoothed))
        near = LAGS[: np.searchsorted(LAGS, len(smoothed), side="right")]
        recalled: Floats = lag_posterior[: len(near)] @ smoothed[len(smoothed) - near]
        recalled += lag_posterior[-1] * fallback
        return recalled


def compare_beats(slots: Slots, others: Slots) -> Floats:
    """Compare a beat with others, sixteenth by sixteenth.

    Args:
        slots: (SLOTS,).
        others: (beats, SLOTS).

    Returns:
        (beats, SLOTS, 3) of 0 and 1: the same pitch begins in both, another pitch does, or a note
        begins in only one of them.
    """
    begins, began = slots > SILENT_SLOT, others > SILENT_SLOT
    same = begins & (others == slots)
    together = begins & began & ~same
    alone = (begins ^ began) & (others > BEFORE_FIRST)
    return np.stack([same, together, alone], axis=-1).astype(np.float64)
