"""The net note by note, as generation needs it: what may come next, given the song so far.

Numpy only, so that a command starts fast. Predictions never change: several songs may go on
from one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.columns import LEAST_PROBABILITY
from muse.models.melody_xl.config import MelodyConfig, read_melody_config
from muse.models.melody_xl.inference import MelodyInference, NextNote
from muse.models.melody_xl.inference_state import MelodyState
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.melody_events import PITCHES
from muse.tools.datasets.melody_songs import MelodyContext
from muse.tools.errors import BadInputError
from muse.tools.melody.columns import (
    ADVANCES,
    COLUMN_SIZES,
    CONTEXT_SIZES,
    DURATIONS,
    INTERVALS,
    context_ids,
    start_ids,
)
from muse.tools.weights import load_trained_weights

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NotePrediction:
    """A song as far as a net has read it, up to where the next note begins.

    Attributes:
        net: that reads it.
        read: what the net says of the next note.
    """

    net: MelodyInference
    read: NextNote

    def pitches(self) -> Floats:
        """Probability of each pitch of the common key, (128,)."""
        return probabilities(self.read.pitches)

    def advances(self, pitch: int) -> Floats:
        """Probability of each of columns.ADVANCES for a note of that pitch."""
        return probabilities(self.net.advances(self.read, pitch))

    def durations(self, pitch: int, advance: int) -> Floats:
        """Probability of each of columns.DURATIONS, given pitch and class of the advance."""
        return probabilities(self.net.durations(self.read, pitch, advance))

    def after(
        self, note: Mapping[str, int], place: Mapping[str, int], bar: int
    ) -> "NotePrediction":
        """The prediction one note later.

        Args:
            note: columns.note_ids of the note that came.
            place: columns.place_ids and harmony_ids where the next one begins.
            bar: number of the bar in which that is, from the first note's bar.
        """
        return moment_behind(self.net, self.read.state, {**note, **place}, bar)


@dataclass(frozen=True)
class NetModel:
    """A trained net as a model of melodies.

    Attributes:
        name: that it goes by.
        hash: SHA-256 of its weights.
        reader: the net.
        card: what is told beside the weights.
    """

    name: str
    hash: str
    reader: MelodyInference
    card: dict[str, Any]

    def start(self, context: MelodyContext, place: Mapping[str, int]) -> NotePrediction:
        """Before the first note of a song; see start_prediction."""
        return start_prediction(self.reader, context, place)


def start_prediction(
    net: MelodyInference, context: MelodyContext, place: Mapping[str, int]
) -> NotePrediction:
    """Before the first note of a song.

    Args:
        net: trained.
        context: of the song.
        place: columns.place_ids and harmony_ids where the first note begins.
    """
    state = net.start(context_ids(context))
    return moment_behind(net, state, {**start_ids(), **place}, 0)


def moment_behind(
    net: MelodyInference, state: MelodyState, ids: Mapping[str, int], bar: int
) -> NotePrediction:
    """Let the net read one row more."""
    return NotePrediction(net, net.step(state, ids, bar))


def probabilities(told: NDArray[np.float32]) -> Floats:
    """The same in 64 bits, none of them zero, with a sum of 1."""
    likely = told.astype(np.float64) + LEAST_PROBABILITY
    each: Floats = likely / likely.sum()
    return each


def load_melody_reader(name_or_path: str | Path) -> NetModel:
    """A net that ships with muse, or one that was trained and exported; imports no torch.

    Args:
        name_or_path: as load_trained_weights takes it.

    Raises:
        BadInputError: it is not there, damaged, or of another vocabulary or kind.
    """
    values, tensors, card = load_trained_weights(name_or_path, CHORD_VOCABULARY.hash)
    try:
        config = read_melody_config(values)
        check_meaning(config, card)
        reader = MelodyInference(config, tensors)
    except ValueError as error:
        raise BadInputError(f"{name_or_path}: {error}") from error
    name = str(card.get("name", Path(name_or_path).stem))
    return NetModel(name, str(card["sha256"]), reader, card)


def check_meaning(config: MelodyConfig, card: Mapping[str, Any]) -> None:
    """See that the net's ids mean what columns.py tells.

    Raises:
        ValueError: there are more or fewer of some, or the lengths are others.
    """
    known: dict[str, int] = COLUMN_SIZES | CONTEXT_SIZES
    strange = [
        name
        for name, count in {**config.columns, **config.contexts}.items()
        if known.get(name) != count
    ]
    counts = (config.pitches, config.intervals, config.advances, config.durations)
    if strange or counts != (PITCHES, INTERVALS, len(ADVANCES), len(DURATIONS)):
        raise ValueError(f"the net has other ids ({', '.join(strange) or counts}); train it again")
    for name, lengths in (("advances", ADVANCES), ("durations", DURATIONS)):
        if card.get(name, list(lengths)) != list(lengths):
            raise ValueError(f"the net was taught other {name}; train it again")
