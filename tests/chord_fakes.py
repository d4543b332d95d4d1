"""A tiny chord model for tests: random probabilities that depend on the last chord only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.model import Step
from muse.tools.datasets.chord_events import DURATIONS, VOCABULARY_SIZE, Context
from muse.tools.datasets.harmony_columns import FIRST_CHORD_ID

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FakePrediction:
    """Random probabilities from a seed, or a fixed bass."""

    chords: Floats
    seed: int
    bass: int | None = None

    def durations(self, chord_id: int) -> Floats:
        return np.random.default_rng([self.seed, chord_id]).dirichlet(np.ones(len(DURATIONS)))

    def basses(self, chord_id: int) -> Floats:
        if self.bass is not None:
            return np.eye(12)[self.bass]
        return np.random.default_rng([self.seed, chord_id, 1]).dirichlet(np.full(12, 0.3))


class FakeModel:
    """Chord model with random probabilities, or with some chords only, or one bass."""

    name = "fake"
    hash = None

    def __init__(self, only: Sequence[int] = (), bass: int | None = None) -> None:
        self.only = list(only)
        self.bass = bass

    def predict(self, past: Sequence[Step], context: Context) -> FakePrediction:
        seed = past[-1].chord_id if past else 0
        p = np.zeros(VOCABULARY_SIZE)
        p[FIRST_CHORD_ID:] = np.random.default_rng(seed).dirichlet(
            np.full(VOCABULARY_SIZE - FIRST_CHORD_ID, 0.1)
        )
        if self.only:
            p[:] = 0
            p[self.only] = 1 / len(self.only)
        return FakePrediction(p, seed, self.bass)
