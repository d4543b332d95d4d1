"""The melody net as a melody model, in numpy: importing torch would delay a command by a second.

Predictions are immutable: several melodies may continue from one.
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
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.melody.columns import (
    ADVANCES,
    COLUMN_SIZES,
    CONTEXT_SIZES,
    DURATIONS,
    INTERVALS,
    context_ids,
    start_ids,
)
from muse.tools.weights import SHIPPED_FOLDER, load_trained_weights

Floats = NDArray[np.float64]

MODEL = "melody-xl"  # the weights that ship


@dataclass(frozen=True)
class NotePrediction:
    """A net's prediction of the next note.

    Attributes:
        net: the net.
        read: its output after the notes so far.
    """

    net: MelodyInference
    read: NextNote

    def pitches(self) -> Floats:
        """Return the probability of each pitch of the common key, (128,)."""
        return probabilities(self.read.pitches)

    def advances(self, pitch: int) -> Floats:
        """Return the probability of each of columns.ADVANCES for a note of that pitch."""
        return probabilities(self.net.advances(self.read, pitch))

    def durations(self, pitch: int, advance: int) -> Floats:
        """Return the probability of each of columns.DURATIONS, given pitch and advance class."""
        return probabilities(self.net.durations(self.read, pitch, advance))

    def after(
        self, note: Mapping[str, int], place: Mapping[str, int], bar: int
    ) -> "NotePrediction":
        """Return the prediction one note later.

        Args:
            note: columns.note_ids of the note.
            place: columns.place_ids and harmony_ids where the next note begins.
            bar: bar of that position, counted from the first note's bar.
        """
        return predict_next(self.net, self.read.state, {**note, **place}, bar)


@dataclass(frozen=True)
class NetModel:
    """A trained net as a melody model.

    Attributes:
        name: of the model.
        hash: SHA-256 of its weights.
        net: the net.
        card: the card of its weights.
    """

    name: str
    hash: str
    net: MelodyInference
    card: dict[str, Any]

    def start(self, context: MelodyContext, place: Mapping[str, int]) -> NotePrediction:
        """Predict the first note of a song; see start_prediction."""
        return start_prediction(self.net, context, place)


def start_prediction(
    net: MelodyInference, context: MelodyContext, place: Mapping[str, int]
) -> NotePrediction:
    """Predict the first note of a song.

    Args:
        net: trained.
        context: of the song.
        place: columns.place_ids and harmony_ids where the first note begins.
    """
    state = net.start(context_ids(context))
    return predict_next(net, state, {**start_ids(), **place}, 0)


def predict_next(
    net: MelodyInference, state: MelodyState, ids: Mapping[str, int], bar: int
) -> NotePrediction:
    """Return the prediction after one more row of input ids."""
    return NotePrediction(net, net.step(state, ids, bar))


def probabilities(float32_p: NDArray[np.float32]) -> Floats:
    """Convert probabilities to 64 bits, all above 0, with a sum of 1."""
    weights = float32_p.astype(np.float64) + LEAST_PROBABILITY
    p: Floats = weights / weights.sum()
    return p


def load_melody_model(name_or_path: str | Path) -> NetModel:
    """Load a net that ships with muse, or one that was trained and exported, without torch.

    Args:
        name_or_path: as for load_trained_weights.

    Raises:
        ParameterError: no model has this name.
        BadInputError: it is missing, damaged, or of another vocabulary or kind.
    """
    path = Path(name_or_path)
    is_name = not path.suffix and len(path.parts) == 1
    if is_name and not (SHIPPED_FOLDER / f"{path}.json").is_file():
        raise ParameterError(f"--model must be {MODEL} or a path to weights, not '{path}'")
    values, tensors, card = load_trained_weights(name_or_path, CHORD_VOCABULARY.hash)
    try:
        config = read_melody_config(values)
        check_ids(config, card)
        net = MelodyInference(config, tensors)
    except ValueError as error:
        raise BadInputError(f"{name_or_path}: {error}") from error
    name = str(card.get("name", Path(name_or_path).stem))
    return NetModel(name, str(card["sha256"]), net, card)


def check_ids(config: MelodyConfig, card: Mapping[str, Any]) -> None:
    """Check that a net was trained with the ids of columns.py.

    Raises:
        ValueError: the numbers of ids, or the classes of advances or durations, differ.
    """
    sizes: dict[str, int] = COLUMN_SIZES | CONTEXT_SIZES
    different = [
        name
        for name, count in {**config.columns, **config.contexts}.items()
        if sizes.get(name) != count
    ]
    counts = (config.pitches, config.intervals, config.advances, config.durations)
    if different or counts != (PITCHES, INTERVALS, len(ADVANCES), len(DURATIONS)):
        raise ValueError(
            f"the net has other ids ({', '.join(different) or counts}); train it again"
        )
    for name, lengths in (("advances", ADVANCES), ("durations", DURATIONS)):
        if card.get(name, list(lengths)) != list(lengths):
            raise ValueError(f"the net was trained with other {name}; train it again")
