"""The chord nets as chord models, in numpy: importing torch would delay a command by a second."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np

from muse.models.chord_nets.config import read_config
from muse.models.chord_nets.inference import ChordInference, ChordState, NextChord
from muse.tools.chords.columns import chord_ids, context_ids, place_ids, start_ids
from muse.tools.chords.model import Floats, Step
from muse.tools.datasets.chord_events import (
    FIRST_TARGET_ID,
    Context,
    duration_class,
    transposition,
)
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, NO_ROOT
from muse.tools.errors import BadInputError
from muse.tools.weights import load_trained_weights

WEIGHTS = {"transformer": "chord-transformer", "lstm": "chord-lstm"}  # by --model name


@dataclass(frozen=True)
class NetPrediction:
    """A net's prediction of the next chord, converted from the common key to absolute ids."""

    read: NextChord
    context: Context

    @property
    def chords(self) -> Floats:
        """Probability of each id, (VOCABULARY_SIZE,); 0 for the special tokens."""
        absolute = self.read.chords[transposition(-self.context.home_pc)].astype(np.float64)
        absolute[:FIRST_TARGET_ID] = 0.0
        predicted: Floats = absolute / absolute.sum()
        return predicted

    def durations(self, chord_id: int) -> Floats:
        """Return the probability of each duration class for a chord, (len(DURATIONS),)."""
        return self.read.lengths(self.common(chord_id)).astype(np.float64)

    def basses(self, chord_id: int) -> Floats:
        """Return the probability of each bass under a chord, semitones above its root, (12,)."""
        predicted = self.read.basses(self.common(chord_id))[:NO_ROOT].astype(np.float64)
        total = predicted.sum()
        basses: Floats = predicted / total if total else np.eye(NO_ROOT)[0]
        return basses

    def common(self, chord_id: int) -> int:
        """Return the id of a chord in the common key."""
        return int(transposition(-self.context.home_pc)[chord_id])


@dataclass
class NetMemory:
    """The chords that a net has processed, with its states.

    Attributes:
        context: key, meter and style.
        steps: chords processed so far.
        states: the net's state before each step and after the last, one more than `steps`.
        reads: the net's output in each of these states.
    """

    context: Context
    steps: list[Step] = field(default_factory=list)
    states: list[ChordState] = field(default_factory=list)
    reads: list[NextChord] = field(default_factory=list)


class NetModel:
    """A net as chord model; it caches the last progression, so that extending it is fast."""

    def __init__(self, net: ChordInference, name: str, digest: str | None) -> None:
        """Wrap a net with its name and the SHA-256 of its weights."""
        self.net = net
        self.name = name
        self.hash = digest
        self.memory: NetMemory | None = None

    def predict(self, past: Sequence[Step], context: Context) -> NetPrediction:
        """Predict the next chord; repeated chords of the past count as one."""
        steps = merge_repeats(past)
        if self.memory is None or self.memory.context != context:
            self.memory = self.start(context)
        memory = self.memory
        pairs = zip(memory.steps, steps, strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        del memory.steps[shared:], memory.states[shared + 1 :], memory.reads[shared + 1 :]
        for step in steps[shared:]:
            self.read_step(memory, step)
        return NetPrediction(memory.reads[-1], context)

    def start(self, context: Context) -> NetMemory:
        """Return the memory of a progression without chords."""
        state = self.net.start(context_ids(context))
        read = self.net.step(state, {**start_ids(context.mode), **place_ids(0.0, 0.0)}, 0)
        return NetMemory(context, states=[state], reads=[read])

    def read_step(self, memory: NetMemory, step: Step) -> None:
        """Process one more chord and add it to the memory."""
        memory.steps.append(step)
        context = memory.context
        onset = sum(chord.duration_beats for chord in memory.steps)
        common = int(transposition(-context.home_pc)[step.chord_id])
        ids = {
            **chord_ids(common, step.bass, context.mode),
            **place_ids(onset % context.bar_beats, onset),
            "length": duration_class(step.duration_beats),
        }
        state = self.net.fork(memory.states[-1])
        memory.reads.append(self.net.step(state, ids, int(onset)))
        memory.states.append(state)


def merge_repeats(past: Sequence[Step]) -> list[Step]:
    """Merge repeated chords into one with the first bass and the total duration."""
    merged: list[Step] = []
    for step in past:
        if merged and merged[-1].chord_id == step.chord_id:
            last = merged.pop()
            step = Step(last.chord_id, last.bass, last.duration_beats + step.duration_beats)
        merged.append(step)
    return merged


def load_net(name_or_path: str) -> NetModel:
    """Load a net that ships with muse, or one that was trained and exported.

    Args:
        name_or_path: "transformer", "lstm", or a path as for load_trained_weights.

    Raises:
        BadInputError: it is missing, damaged, or of another vocabulary or kind.
    """
    config, tensors, card = load_trained_weights(
        WEIGHTS.get(name_or_path, name_or_path), CHORD_VOCABULARY.hash
    )
    try:
        net = ChordInference(read_config(config), tensors)
    except ValueError as error:
        raise BadInputError(f"{name_or_path}: {error}") from error
    return NetModel(net, str(card["name"]), card.get("sha256"))
