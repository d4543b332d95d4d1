"""The interface of melody models, which predict note by note, given the chords.

Conventions: pitches are in the common key (melody_songs.py); advances and durations are classes,
indices in columns.ADVANCES and columns.DURATIONS.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.melody_songs import MelodyContext

Floats = NDArray[np.float64]


class NotePrediction(Protocol):
    """Immutable prediction of the note after the notes so far."""

    def pitches(self) -> Floats:
        """Return the probability of each pitch of the common key, (128,)."""

    def advances(self, pitch: int) -> Floats:
        """Return the probability of each advance class for a note of that pitch."""

    def durations(self, pitch: int, advance: int) -> Floats:
        """Return the probability of each duration class, given pitch and advance class."""

    def after(
        self, note: Mapping[str, int], place: Mapping[str, int], bar: int
    ) -> "NotePrediction":
        """Return the prediction one note later.

        Args:
            note: columns.note_ids of the note.
            place: columns.place_ids and harmony_ids where the next note begins.
            bar: bar of that position, counted from the first note's bar.
        """


class MelodyModel(Protocol):
    """A model of melodies over chords."""

    @property
    def name(self) -> str:
        """Name as --model takes it."""

    @property
    def hash(self) -> str | None:
        """SHA-256 of the weights; None without any."""

    @property
    def card(self) -> Mapping[str, Any]:
        """The card of the weights; empty without any."""

    def start(self, context: MelodyContext, place: Mapping[str, int]) -> NotePrediction:
        """Predict the first note of a song; `place` are the columns where it begins."""
