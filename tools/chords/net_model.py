"""The nets as models of chords: numpy only, a step at a time, so that a command starts fast."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np

from muse.models.chord_nets.config import read_config
from muse.models.chord_nets.inference import ChordInference, ChordState, NextChord
from muse.tools.chords.columns import chord_ids, context_ids, place_ids, start_ids
from muse.tools.chords.events import (
    FIRST_TARGET_ID,
    Context,
    duration_class,
    transposition,
)
from muse.tools.chords.model import Floats, Step
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, NO_ROOT
from muse.tools.errors import BadInputError
from muse.tools.weights import load_trained_weights

WEIGHTS = {"transformer": "chord-transformer", "lstm": "chord-lstm"}  # by the name --model takes


@dataclass(frozen=True)
class NetPrediction:
    """What a net says of the next chord, in absolute ids."""

    read: NextChord
    context: Context

    @property
    def chords(self) -> Floats:
        """Probability of each id; the special tokens, which a net seldom means, have none."""
        absolute = self.read.chords[transposition(-self.context.home_pc)].astype(np.float64)
        absolute[:FIRST_TARGET_ID] = 0.0
        told: Floats = absolute / absolute.sum()
        return told

    def durations(self, chord_id: int) -> Floats:
        """Probability of each class of duration for that chord."""
        return self.read.lengths(self.common(chord_id)).astype(np.float64)

    def basses(self, chord_id: int) -> Floats:
        """Probability of each bass under that chord, in semitones above its root."""
        told = self.read.basses(self.common(chord_id))[:NO_ROOT].astype(np.float64)
        total = told.sum()
        basses: Floats = told / total if total else np.eye(NO_ROOT)[0]
        return basses

    def common(self, chord_id: int) -> int:
        """The id of a chord in the common key."""
        return int(transposition(-self.context.home_pc)[chord_id])


@dataclass
class Trail:
    """A progression as far as a net has read it: what it knew before each step."""

    context: Context
    steps: list[Step] = field(default_factory=list)
    states: list[ChordState] = field(default_factory=list)
    reads: list[NextChord] = field(default_factory=list)


class NetModel:
    """A net that tells what may follow; it remembers the progression that it was asked last."""

    def __init__(self, reader: ChordInference, name: str, digest: str | None) -> None:
        """Take a net, the name it goes by, and the SHA-256 of its weights."""
        self.reader = reader
        self.name = name
        self.hash = digest
        self.trail: Trail | None = None

    def predict(self, past: Sequence[Step], context: Context) -> NetPrediction:
        """What may follow the chords of the past; a chord that repeats counts as one."""
        steps = merged(past)
        if self.trail is None or self.trail.context != context:
            self.trail = self.begin(context)
        trail = self.trail
        pairs = zip(trail.steps, steps, strict=False)
        known = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        del trail.steps[known:], trail.states[known + 1 :], trail.reads[known + 1 :]
        for step in steps[known:]:
            self.go_on(trail, step)
        return NetPrediction(trail.reads[-1], context)

    def begin(self, context: Context) -> Trail:
        """A progression of no chords."""
        state = self.reader.start(context_ids(context))
        read = self.reader.step(state, {**start_ids(context.mode), **place_ids(0.0, 0.0)}, 0)
        return Trail(context, states=[state], reads=[read])

    def go_on(self, trail: Trail, step: Step) -> None:
        """Read one chord more."""
        trail.steps.append(step)
        context = trail.context
        onset = sum(each.duration_beats for each in trail.steps)
        common = int(transposition(-context.home_pc)[step.chord_id])
        ids = {
            **chord_ids(common, step.bass, context.mode),
            **place_ids(onset % context.bar_beats, onset),
            "length": duration_class(step.duration_beats),
        }
        state = self.reader.fork(trail.states[-1])
        trail.reads.append(self.reader.step(state, ids, int(onset)))
        trail.states.append(state)


def merged(past: Sequence[Step]) -> list[Step]:
    """The chords with repeats as one, as long as they were together, over the first one's bass."""
    found: list[Step] = []
    for step in past:
        if found and found[-1].chord_id == step.chord_id:
            last = found.pop()
            step = Step(last.chord_id, last.bass, last.duration_beats + step.duration_beats)
        found.append(step)
    return found


def load_net(name_or_path: str) -> NetModel:
    """A net that ships with muse, or one that was trained and exported.

    Args:
        name_or_path: "transformer", "lstm", or a path as load_trained_weights takes it.

    Raises:
        BadInputError: it is not there, damaged, or of another vocabulary or kind.
    """
    config, tensors, card = load_trained_weights(
        WEIGHTS.get(name_or_path, name_or_path), CHORD_VOCABULARY.hash
    )
    try:
        reader = ChordInference(read_config(config), tensors)
    except ValueError as error:
        raise BadInputError(f"{name_or_path}: {error}") from error
    return NetModel(reader, str(card["name"]), card.get("sha256"))
