"""Predicts the chord of the next beat with the chord net, from the chords so far.

The net predicts which chord follows and how long each one lasts. For a single beat that means:
either the current chord continues, as likely as it lasts longer than it has so far, or another one
begins.

Conventions: chord ids are those of harmony_columns.CHORD_VOCABULARY with absolute roots; triads are
relative to C (see beat_features.py); beats are quarter notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.model import ChordModel, Step
from muse.tools.chords.sampler import playable_ids
from muse.tools.datasets.chord_events import DURATIONS, VOCABULARY_SIZE, Context, symbol_of_id
from muse.tools.datasets.harmony_columns import chord_of_id
from muse.tools.jam.events import ChordCandidate
from muse.tools.jam.harmony.beat_features import TRIADS, triad_of

Floats = NDArray[np.float64]
RollOutInputs = tuple[tuple[Step, ...], Context, float, int]  # arguments of `roll_out`

NO_TRIAD = -1
TRIAD_OF_ID = np.array(
    [
        NO_TRIAD if (triad := triad_of(*chord_of_id(number))) is None else triad
        for number in range(VOCABULARY_SIZE)
    ]
)
EPSILON = 1e-6  # beats, or probability
LENGTHS = np.array(DURATIONS)


@dataclass(frozen=True)
class ChordPrediction:
    """What the chord model predicts for a beat.

    Attributes:
        triads: (TRIADS,), probability of each triad on this beat.
        chords: (VOCABULARY_SIZE,), probability of each chord id if a new chord begins now.
        upcoming: likely next chords, with the beats on which they are expected.
    """

    triads: Floats
    chords: Floats
    upcoming: tuple[ChordCandidate, ...]

    def likeliest_id(self, triad: int) -> int | None:
        """Return the likeliest playable chord id on a triad; None where all have probability 0."""
        probabilities = np.where((triad == TRIAD_OF_ID) & playable_ids(), self.chords, 0.0)
        best = int(probabilities.argmax())
        return best if probabilities[best] > 0 else None


class ChordPredictor:
    """Beat-by-beat predictions of a chord model."""

    def __init__(self, model: ChordModel, ahead: int) -> None:
        """Set the model, and the number of upcoming chords to predict."""
        self.model = model
        self.ahead = ahead
        self.cached: tuple[RollOutInputs, tuple[ChordCandidate, ...]] | None = None
        self.lock = Lock()  # the model caches its last input, and a late forecast still runs

    def predict(
        self, chords: Sequence[int], context: Context, beat: float, tonic: int
    ) -> ChordPrediction:
        """Predict the chord of a beat.

        Args:
            chords: the id on each beat before it, the first of them on a bar line.
            context: key, style and meter.
            beat: the number of the beat.
            tonic: of the key, on the line of fifths, for spelling.
        """
        with self.lock:
            steps = steps_from_beats(chords)
            stay, lengths = self.continuation(steps, context)
            probabilities = self.model.predict(steps, context).chords
            triads = (1 - stay) * sum_by_triad(probabilities)
            if steps:
                triads[TRIAD_OF_ID[steps[-1].chord_id]] += stay
            upcoming = self.upcoming_chords(steps, lengths, context, beat, tonic)
        return ChordPrediction(triads, probabilities, upcoming)

    def continuation(self, steps: Sequence[Step], context: Context) -> tuple[float, Floats]:
        """Return how likely the last chord continues, and the probability of each longer duration.

        Returns:
            the probability to continue, and unnormalized probabilities of the durations beyond the
            present one, (len(LENGTHS),).
        """
        if not steps:
            return 0.0, np.zeros(len(LENGTHS))
        last = steps[-1]
        lengths = self.model.predict(steps[:-1], context).durations(last.chord_id)
        reached = np.where(last.duration_beats - EPSILON <= LENGTHS, lengths, 0.0)
        beyond = np.where(last.duration_beats + EPSILON < LENGTHS, lengths, 0.0)
        return (float(beyond.sum() / reached.sum()) if reached.any() else 0.0), beyond

    def upcoming_chords(
        self, steps: list[Step], lengths: Floats, context: Context, beat: float, tonic: int
    ) -> tuple[ChordCandidate, ...]:
        """Return the likeliest chords to follow, each with its likeliest duration."""
        if steps and lengths.any():
            length = float(LENGTHS[lengths.argmax()])
            beat += length - steps[-1].duration_beats
            steps = [*steps[:-1], replace(steps[-1], duration_beats=length)]
        inputs = (tuple(steps), context, beat, tonic)
        if self.cached is None or self.cached[0] != inputs:  # mostly unchanged
            self.cached = inputs, self.roll_out(steps, context, beat, tonic)
        return self.cached[1]

    def roll_out(
        self, steps: list[Step], context: Context, beat: float, tonic: int
    ) -> tuple[ChordCandidate, ...]:
        """Return the chords that follow the steps from a beat on, decoded greedily."""
        chords: list[ChordCandidate] = []
        while len(chords) < self.ahead:
            following = self.model.predict(steps, context)
            probabilities = np.where(playable_ids(), following.chords, 0.0)
            number = int(probabilities.argmax())
            symbol = symbol_of_id(number, 0, tonic)
            chords.append(ChordCandidate(symbol, float(probabilities[number]), beat))
            length = float(LENGTHS[following.durations(number).argmax()])
            beat += length
            steps = [*steps, Step(number, 0, length)]
        return tuple(chords)


def steps_from_beats(chords: Sequence[int]) -> list[Step]:
    """Group the chord ids of beats into steps with durations."""
    return [Step(number, 0, float(len(list(same)))) for number, same in groupby(chords)]


def sum_by_triad(probabilities: Floats) -> Floats:
    """Return probabilities of triads, summed over chord ids; ids without a triad are left out."""
    has_triad = TRIAD_OF_ID != NO_TRIAD
    triads = np.bincount(TRIAD_OF_ID[has_triad], probabilities[has_triad], TRIADS)
    refine_tempo: Floats = triads / max(triads.sum(), EPSILON)
    return refine_tempo
