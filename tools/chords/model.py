"""What the engine asks of a model of chords; nets and n-grams answer alike.

Conventions: chord ids are those of forms.harmony.CHORD_VOCABULARY with absolute roots; durations
are in beats (quarter notes), a class of duration is a place in events.DURATIONS; a bass is counted
in semitones above the root.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.events import Context

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """One chord of a progression; the first one starts on a bar line.

    Attributes:
        chord_id: id of the vocabulary.
        bass: semitones from the root up to the bass, 0 to 11.
        duration_beats: above 0.
    """

    chord_id: int
    bass: int
    duration_beats: float


class Prediction(Protocol):
    """What may come next."""

    @property
    def chords(self) -> Floats:
        """Probability of each id, shape (VOCABULARY_SIZE,), 0 for the special tokens."""

    def durations(self, chord_id: int) -> Floats:
        """Probability of each class of duration for that chord, shape (len(DURATIONS),)."""

    def basses(self, chord_id: int) -> Floats:
        """Probability of each bass under that chord, shape (12,)."""


class ChordModel(Protocol):
    """A model of chord progressions."""

    @property
    def name(self) -> str:
        """As --model takes it."""

    @property
    def hash(self) -> str | None:
        """SHA-256 of its weights; None without any."""

    def predict(self, past: Sequence[Step], context: Context) -> Prediction:
        """What may follow the chords of the past; repeats in it may be merged by the model."""
