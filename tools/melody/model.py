"""What the engine asks of a model of melodies: note by note, given the chords.

Conventions: pitches are those of the common key (song_arrays.py); advances and durations are
classes, places in columns.ADVANCES and columns.DURATIONS.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.melody_songs import MelodyContext

Floats = NDArray[np.float64]


class NotePrediction(Protocol):
    """A song as far as it has been told, up to where the next note begins; it never changes."""

    def pitches(self) -> Floats:
        """Probability of each pitch of the common key, (128,)."""

    def advances(self, pitch: int) -> Floats:
        """Probability of each class of the time to the next note, for a note of that pitch."""

    def durations(self, pitch: int, advance: int) -> Floats:
        """Probability of each class of duration, given the pitch and the class of the advance."""

    def after(
        self, note: Mapping[str, int], place: Mapping[str, int], bar: int
    ) -> "NotePrediction":
        """The prediction one note later.

        Args:
            note: columns.note_ids of the note that came.
            place: columns.place_ids and harmony_ids where the next one begins.
            bar: number of the bar in which that is, from the first note's bar.
        """


class MelodyModel(Protocol):
    """A model of melodies over chords."""

    @property
    def name(self) -> str:
        """As --model takes it."""

    @property
    def hash(self) -> str | None:
        """SHA-256 of its weights; None without any."""

    @property
    def card(self) -> Mapping[str, Any]:
        """What is told of its weights; empty without any."""

    def start(self, context: MelodyContext, place: Mapping[str, int]) -> NotePrediction:
        """Before the first note of a song, which begins at the place."""
