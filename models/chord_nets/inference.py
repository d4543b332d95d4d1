"""The nets over chords run forward chord by chord, in numpy: the same figures as in torch.

A reader takes the steps of a song one at a time and remembers what it needs of them, so that each
costs little however long the song is; a song can be forked, to be continued in several ways. The
formulas stand in net.py and net.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.config import (
    TINY,
    ChordConfig,
    ChordLstmConfig,
    read_config,
)
from muse.models.numpy_layers import (
    Copied,
    Floats,
    Ids,
    gelu,
    linear,
    sigmoid,
    softmax,
    spread,
)
from muse.models.weight_files import load_weights

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Read:
    """What follows the steps so far.

    Attributes:
        chords: (chords,) probabilities.
        state: (width,), what lengths and basses are told from.
        copied: what the pointer looks at; None without one, and at the first step.
        reader: whose weights are asked for the rest.
    """

    chords: Floats
    state: Floats
    copied: Copied | None
    reader: "ChordReader"

    def lengths(self, chord: int) -> Floats:
        """Probabilities of each class of length if that chord follows, (lengths,)."""
        copied = self.copied
        return self.reader.detail("length", self, chord, copied.lengths if copied else None)

    def basses(self, chord: int) -> Floats:
        """Probabilities of each bass if that chord follows, (ids of the column,)."""
        copied = self.copied
        return self.reader.detail("bass", self, chord, copied.basses if copied else None)


class ChordState(Protocol):
    """A song so far, as its net remembers it."""

    def fork(self) -> "ChordState":
        """The same song, to be continued in another way; costs next to nothing."""


class NetReader(Protocol):
    """One kind of net; implemented in chord_reader_*.py."""

    def start(self, context: Floats) -> ChordState:
        """A song of no steps, with what holds for all of it embedded."""

    def step(
        self, state: Any, embedded: Floats, ids: Mapping[str, int], onset: int
    ) -> tuple[Floats, Floats, Copied | None]:
        """One step on: probabilities of chords, the hidden state, and what the pointer sees."""


class ChordReader:
    """Either net, to be read step by step."""

    def __init__(self, config: ChordConfig, tensors: Tensors) -> None:
        """Take a net's config and its weights by their names in torch.

        Raises:
            ValueError: weights are missing, or of other sizes than the config tells.
        """
        self.config = config
        self.weights = as_floats(tensors)
        try:
            check_sizes(config, self.weights)
            self.net = net_reader(config, self.weights, tensors)
        except KeyError as error:
            raise ValueError(f"the weights have no {error}, which the config asks for") from error

    def start(self, contexts: Mapping[str, int] | None = None) -> ChordState:
        """A song of no steps.

        Args:
            contexts: an id for each of the config's contexts.

        Raises:
            ValueError: an id is not one.
        """
        given = contexts or {}
        rows = [self.embedded(name, given[name]) for name in self.config.contexts]
        return self.net.start(np.sum(rows, axis=0) if rows else np.zeros(1, np.float32))

    def step(self, state: ChordState, columns: Mapping[str, int], onset: int = 0) -> Read:
        """Take one step of the song, the first one the start; the state grows by it.

        Args:
            state: of the steps before; changed.
            columns: an id for each of the config's columns.
            onset: whole beats from the song's start at which the chord after this step starts.

        Raises:
            ValueError: an id is not one; the state is as before.
        """
        rows = [self.embedded(name, columns[name]) for name in self.config.columns]
        return Read(*self.net.step(state, np.sum(rows, axis=0), columns, onset), self)

    def fork(self, state: ChordState) -> ChordState:
        """The same song, to be continued in another way; costs next to nothing."""
        return state.fork()

    def embedded(self, name: str, number: int) -> Floats:
        """The embedding of an id of a column or a context, (width,)."""
        table = self.weights[f"tables.{name}.weight"]
        if not 0 <= number < len(table):  # numpy would take -1 for the last
            raise ValueError(f"{number} is no id of {name}: there are {len(table)}")
        row: Floats = table[number]
        return row

    def detail(self, name: str, read: Read, chord: int, ids: Ids | None) -> Floats:
        """Probabilities of a property of a chord, if that follows.

        Args:
            name: "length" or "bass".
            read: what follows.
            chord: the one that is asked about.
            ids: (earlier,) the property of what followed each step that can be copied.
        """
        both = np.concatenate([read.state, self.embedded("chord", chord)])
        hidden = gelu(self.linear(f"{name}.hidden", both))
        fresh = softmax(self.linear(f"{name}.out", hidden))
        if read.copied is None or ids is None:
            return fresh
        chosen = read.copied.chords == chord
        weights = read.copied.weights[chosen]
        weight = weights.sum()
        if weight <= TINY:
            return fresh
        gate = sigmoid(self.linear(f"{name}.gate", hidden)[0])
        copied = spread(weights, ids[chosen], len(fresh)) / weight
        p: Floats = gate * copied + (1 - gate) * fresh
        return p

    def linear(self, name: str, x: Floats) -> Floats:
        """A linear layer of the net."""
        return linear(self.weights, name, x)


def net_reader(config: ChordConfig, weights: dict[str, Floats], tensors: Tensors) -> NetReader:
    """The reader of the config's kind of net."""
    if isinstance(config, ChordLstmConfig):
        from muse.models.chord_lstm.inference import LstmReader

        return LstmReader(config, weights)
    from muse.models.chord_transformer.inference import TransformerReader

    return TransformerReader(config, weights, np.asarray(tensors["distances"], np.int64))


def load_chord_reader(
    name_or_path: str | Path, vocabulary_hash: str | None = None
) -> tuple[ChordReader, dict[str, Any]]:
    """A net with its card, from the weights that ship with muse or from a path.

    Args:
        name_or_path: as weight_files.load_weights takes it.
        vocabulary_hash: of the vocabulary that ids will be made with; None takes any.

    Raises:
        FileNotFoundError: there are none.
        ValueError: they are damaged, want another vocabulary, or are of another net.
    """
    config, tensors, card = load_weights(name_or_path, vocabulary_hash)
    try:
        return ChordReader(read_config(config), tensors), card
    except ValueError as error:
        raise ValueError(f"{name_or_path}: {error}") from error


def as_floats(tensors: Tensors) -> dict[str, Floats]:
    """All weights as contiguous 32-bit floats; what is counted in whole numbers is left out."""
    return {
        name: np.ascontiguousarray(array, np.float32)
        for name, array in tensors.items()
        if array.dtype.kind == "f"
    }


def check_sizes(config: ChordConfig, weights: Mapping[str, Floats]) -> None:
    """See that embeddings and output are as large as the config tells.

    Raises:
        KeyError: weights are missing.
        ValueError: weights are of other sizes.
    """
    wanted = {
        f"tables.{name}.weight": (count, config.width)
        for name, count in {**config.columns, **config.contexts}.items()
    }
    for name, shape in {**wanted, "chords.weight": (config.chords, config.width)}.items():
        if weights[name].shape != shape:
            raise ValueError(
                f"{name} is {weights[name].shape}, and not {shape} as the config tells"
            )
