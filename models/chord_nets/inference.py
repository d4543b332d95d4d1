"""Run the nets over chords chord by chord, in numpy; probabilities equal torch's.

The state of a song grows by one step at a time, so that a step costs little however long the song
is, and can be forked to continue a song in several ways. The formulas are in chord_transformer/
net.py and chord_lstm/net.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.chord_nets.columns import LEAST_PROBABILITY
from muse.models.chord_nets.config import ChordConfig, read_config
from muse.models.chord_nets.copied import Copied
from muse.models.numpy_layers import Floats, Ids, gelu, linear, sigmoid, softmax, sum_by_id
from muse.models.weight_files import load_weights

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class NextChord:
    """Predictions of the chord after the steps so far.

    Attributes:
        chords: (chords,) probabilities.
        state: (width,) hidden state, from which length and bass are predicted.
        copied: steps that the pointer may copy from; None without a pointer or earlier steps.
        inference: the net.
    """

    chords: Floats
    state: Floats
    copied: Copied | None
    inference: "ChordInference"

    def lengths(self, chord: int) -> Floats:
        """Return the probability of each length class, given the chord: (lengths,)."""
        copied = self.copied
        return self.inference.detail("length", self, chord, copied.lengths if copied else None)

    def basses(self, chord: int) -> Floats:
        """Return the probability of each bass, given the chord: (ids of the column bass,)."""
        copied = self.copied
        return self.inference.detail("bass", self, chord, copied.basses if copied else None)


class ChordState(Protocol):
    """A net's state after the steps of a song so far."""

    def fork(self) -> "ChordState":
        """Return a state that can go on independently; costs almost nothing."""


class NetInference(Protocol):
    """What differs between the nets; implemented in their inference.py."""

    def start(self, context: Floats) -> ChordState:
        """Return the state before the first step, with the contexts' embedding."""

    def step(
        self, state: Any, embedded: Floats, ids: Mapping[str, int], onset: int
    ) -> tuple[Floats, Floats, Copied | None]:
        """Read a step; returns probabilities of the next chord, hidden state and copies."""


class ChordInference:
    """Either net, run step by step."""

    def __init__(self, config: ChordConfig, tensors: Tensors) -> None:
        """Take a net's config and its weights by their names in torch.

        Raises:
            ValueError: weights are missing, or have other sizes than the config says.
        """
        self.config = config
        self.weights = as_floats(tensors)
        try:
            check_sizes(config, self.weights)
            self.net = net_inference(config, self.weights, tensors)
        except KeyError as error:
            raise ValueError(f"the weights lack {error}, which the config needs") from error

    def start(self, contexts: Mapping[str, int] | None = None) -> ChordState:
        """Return the state before the first step.

        Args:
            contexts: an id for each of the config's contexts.

        Raises:
            ValueError: an id is out of range.
        """
        ids = contexts or {}
        rows = [self.embedding(name, ids[name]) for name in self.config.contexts]
        return self.net.start(np.sum(rows, axis=0) if rows else np.zeros(1, np.float32))

    def step(self, state: ChordState, columns: Mapping[str, int], onset: int = 0) -> NextChord:
        """Read the next step of the song, beginning with the start; changes the state.

        Args:
            state: after the steps before.
            columns: an id for each of the config's columns.
            onset: whole beats from the song's start to the onset of the chord after this step.

        Raises:
            ValueError: an id is out of range; the state is unchanged.
        """
        rows = [self.embedding(name, columns[name]) for name in self.config.columns]
        return NextChord(*self.net.step(state, np.sum(rows, axis=0), columns, onset), self)

    def fork(self, state: ChordState) -> ChordState:
        """Return a state that can go on independently; costs almost nothing."""
        return state.fork()

    def embedding(self, name: str, number: int) -> Floats:
        """Return the embedding of an id of a column or context, (width,)."""
        table = self.weights[f"tables.{name}.weight"]
        if not 0 <= number < len(table):  # numpy would take -1 for the last
            raise ValueError(f"{number} is not an id of {name}, which has {len(table)}")
        row: Floats = table[number]
        return row

    def detail(self, name: str, predicted: NextChord, chord: int, ids: Ids | None) -> Floats:
        """Return the probabilities of a property of the next chord.

        Args:
            name: "length" or "bass".
            predicted: result of the last step.
            chord: the next chord.
            ids: (earlier,) the property of the chord after each step that may be copied from.
        """
        both = np.concatenate([predicted.state, self.embedding("chord", chord)])
        hidden = gelu(linear(self.weights, f"{name}.hidden", both))
        fresh = softmax(linear(self.weights, f"{name}.out", hidden))
        if predicted.copied is None or ids is None:
            return fresh
        same_chord = predicted.copied.chords == chord
        weights = predicted.copied.weights[same_chord]
        weight = weights.sum()
        if weight <= LEAST_PROBABILITY:
            return fresh
        gate = sigmoid(linear(self.weights, f"{name}.gate", hidden)[0])
        copied = sum_by_id(weights, ids[same_chord], len(fresh)) / weight
        p: Floats = gate * copied + (1 - gate) * fresh
        return p


def net_inference(
    config: ChordConfig, weights: dict[str, Floats], tensors: Tensors
) -> NetInference:
    """Make the inference of the config's net."""
    if isinstance(config, ChordLstmConfig):
        from muse.models.chord_lstm.inference import LstmInference

        return LstmInference(config, weights)
    from muse.models.chord_transformer.inference import TransformerInference

    return TransformerInference(config, weights, np.asarray(tensors["distances"], np.int64))


def load_chord_inference(
    name_or_path: str | Path, vocabulary_hash: str | None = None
) -> tuple[ChordInference, dict[str, Any]]:
    """Load a net and its card from the weights that ship with muse, or from a path.

    Args:
        name_or_path: as in weight_files.load_weights.
        vocabulary_hash: of the vocabulary that makes the ids; None accepts any.

    Raises:
        FileNotFoundError: there are no such weights.
        ValueError: they are damaged, of another vocabulary or of another net.
    """
    config, tensors, card = load_weights(name_or_path, vocabulary_hash)
    try:
        return ChordInference(read_config(config), tensors), card
    except ValueError as error:
        raise ValueError(f"{name_or_path}: {error}") from error


def as_floats(tensors: Tensors) -> dict[str, Floats]:
    """Return the arrays of floats as contiguous float32; arrays of integers are left out."""
    return {
        name: np.ascontiguousarray(array, np.float32)
        for name, array in tensors.items()
        if array.dtype.kind == "f"
    }


def check_sizes(config: ChordConfig, weights: Mapping[str, Floats]) -> None:
    """Check that embeddings and output have the sizes of the config.

    Raises:
        KeyError: weights are missing.
        ValueError: weights have other sizes.
    """
    shapes = {
        f"tables.{name}.weight": (count, config.width)
        for name, count in {**config.columns, **config.contexts}.items()
    }
    for name, shape in {**shapes, "chords.weight": (config.chords, config.width)}.items():
        if weights[name].shape != shape:
            raise ValueError(f"{name} is {weights[name].shape}; the config says {shape}")
