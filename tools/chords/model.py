"""The interface of chord models, which n-grams and nets implement.

Conventions: chord ids are those of harmony_columns.CHORD_VOCABULARY with absolute roots; durations
are in beats (quarter notes), and a duration class is an index in chord_events.DURATIONS; a bass is
in semitones above the root.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_events import Context

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """One chord of a progression; the first one starts on a bar line.

    Attributes:
        chord_id: id in the vocabulary.
        bass: semitones from the root up to the bass, 0 to 11.
        duration_beats: above 0.
    """

    chord_id: int
    bass: int
    duration_beats: float


class Prediction(Protocol):
    """Probabilities of the next chord."""

    @property
    def chords(self) -> Floats:
        """Probability of each id, shape (VOCABULARY_SIZE,), 0 for the special tokens."""

    def durations(self, chord_id: int) -> Floats:
        """Return the probability of each duration class for a chord, (len(DURATIONS),)."""

    def basses(self, chord_id: int) -> Floats:
        """Return the probability of each bass under a chord, (12,)."""


class ChordModel(Protocol):
    """A model of chord progressions."""

    @property
    def name(self) -> str:
        """Name as --model takes it."""

    @property
    def hash(self) -> str | None:
        """SHA-256 of the weights; None without any."""

    def predict(self, past: Sequence[Step], context: Context) -> Prediction:
        """Predict the next chord; models may merge repeated chords of the past."""
