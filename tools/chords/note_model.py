"""The net over notes as a model: tokens, their pitches and lengths, and what the next one is.

The net, note-lstm, is trained by `muse train note-lstm`; its tokens are those of
datasets/forms/notes.py in C major or A minor. It runs in numpy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.config import read_config
from muse.models.chord_nets.inference import ChordInference, ChordState
from muse.tools.datasets.forms.notes import (
    MODE_CONTEXT,
    MODES,
    NOTE_COLUMN,
    VOCABULARY_NAME,
    parse_token,
)
from muse.tools.datasets.melody_events import STEPS
from muse.tools.datasets.vocabulary import SPECIALS, START_ID, UNKNOWN_ID, Vocabulary
from muse.tools.errors import BadInputError
from muse.tools.theory.keys import Mode
from muse.tools.weights import load_trained_weights

TASK = "notes"  # on the card of a net over notes
NAME = "note-lstm"  # of the weights that ship with muse

Floats = NDArray[np.float64]


@dataclass
class NoteState:
    """The net after the notes so far: its state, and the probability of each next token."""

    state: ChordState
    predicted: Floats


class NoteModel:
    """A net over notes with its vocabulary."""

    def __init__(
        self, net: ChordInference, vocabulary: Vocabulary, name: str, digest: str | None
    ) -> None:
        """Take the net, its vocabulary, its name and the SHA-256 of its weights.

        Raises:
            BadInputError: a token of the vocabulary is not one of notes.
        """
        self.net, self.vocabulary, self.name, self.hash = net, vocabulary, name, digest
        parsed = [((), 0) if t in SPECIALS else parse_token(t) for t in vocabulary.tokens]
        self.pitches = [tuple(pitches) for pitches, _ in parsed]
        self.steps = np.array([round(beats * STEPS) for _, beats in parsed], np.int64)

    @cached_property
    def is_rest(self) -> NDArray[np.bool_]:
        """Which tokens have no pitches, (tokens,): rests and special tokens."""
        return np.array([not pitches for pitches in self.pitches])

    @cached_property
    def pitch_classes(self) -> list[frozenset[int]]:
        """The pitch classes of each token; none of rests and special tokens."""
        return [frozenset(pitch % 12 for pitch in pitches) for pitches in self.pitches]

    def start(self, mode: Mode) -> NoteState:
        """Return the state before the first token of a song in a mode."""
        ids = {MODE_CONTEXT: MODES.index(mode)} if self.net.config.contexts else {}
        return self.after(NoteState(self.net.start(ids), np.empty(0)), START_ID)

    def after(self, before: NoteState, token: int) -> NoteState:
        """Return the state after one more token; probabilities of special tokens are 0."""
        state = self.net.fork(before.state)
        predicted = self.net.step(state, {NOTE_COLUMN: token}).chords.astype(np.float64)
        predicted[: UNKNOWN_ID + 1] = 0.0
        return NoteState(state, predicted)


def is_note_card(card: Mapping[str, Any]) -> bool:
    """Return whether the card of some weights is that of a net over notes."""
    return card.get("task") == TASK


def load_note_model(name_or_path: str) -> NoteModel:
    """Load a net over notes.

    Args:
        name_or_path: as for load_trained_weights.

    Raises:
        BadInputError: it is missing, damaged, or not a net over notes.
    """
    config, tensors, card = load_trained_weights(name_or_path)
    tokens = card.get("tokens")
    vocabulary = Vocabulary(VOCABULARY_NAME, tuple(map(str, tokens or ())))
    if not is_note_card(card) or vocabulary.hash != card.get("vocabulary_hash"):
        raise BadInputError(f"{name_or_path}: its card has no vocabulary of notes")
    try:
        net = ChordInference(read_config(config), tensors)
        if net.config.chords != len(vocabulary) or set(net.config.contexts) - {MODE_CONTEXT}:
            raise ValueError("the config does not fit its vocabulary")
    except ValueError as error:
        raise BadInputError(f"{name_or_path}: {error}") from error
    return NoteModel(net, vocabulary, str(card.get("name", NAME)), card.get("sha256"))
