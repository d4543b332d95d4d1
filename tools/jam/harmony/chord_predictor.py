"""The brain: what the chord net expects of a beat, after the chords up to there.

The net tells which chord follows and how long each lasts. For one beat that is: the chord stays, as
likely as it lasts beyond what it has lasted so far, or another one begins.

Conventions: chord ids are those of forms.harmony.CHORD_VOCABULARY with absolute roots; figures by
triad are told from C (ear_beats); beats are quarter notes.
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
from muse.tools.jam.events import Choice
from muse.tools.jam.harmony.beat_features import TRIADS, triad_of

Floats = NDArray[np.float64]
Asked = tuple[tuple[Step, ...], Context, float, int]  # what a plan depends on

NO_TRIAD = -1
TRIAD_OF_ID = np.array(
    [
        NO_TRIAD if (triad := triad_of(*chord_of_id(number))) is None else triad
        for number in range(VOCABULARY_SIZE)
    ]
)
MOMENT = 1e-6  # beats
LENGTHS = np.array(DURATIONS)


@dataclass(frozen=True)
class Outlook:
    """What the brain expects of a beat.

    Attributes:
        triads: probability of each, (TRIADS,).
        chords: probability of each id, (VOCABULARY_SIZE,), were it to begin now.
        coming: chords likely to follow, with the beats at which they are expected.
    """

    triads: Floats
    chords: Floats
    coming: tuple[Choice, ...]

    def id_of(self, triad: int) -> int | None:
        """The likeliest chord upon a triad that players play; None where it sees none."""
        shares = np.where((triad == TRIAD_OF_ID) & playable_ids(), self.chords, 0.0)
        best = int(shares.argmax())
        return best if shares[best] > 0 else None


class Brain:
    """A model of chords that is asked one beat at a time."""

    def __init__(self, model: ChordModel, ahead: int) -> None:
        """Take the model, and how many chords are planned."""
        self.model = model
        self.ahead = ahead
        self.planned: tuple[Asked, tuple[Choice, ...]] | None = None
        self.lock = Lock()  # the model remembers what it was asked last, and a late thought goes on

    def outlook(self, chords: Sequence[int], context: Context, beat: float, tonic: int) -> Outlook:
        """What to expect of a beat.

        Args:
            chords: the id in each beat before it, the first of them on a bar line.
            context: key, style and metre.
            beat: the number of the beat.
            tonic: of the key, on the line of fifths, for spelling.
        """
        with self.lock:
            steps = steps_of(chords)
            stay, lengths = self.staying(steps, context)
            shares = self.model.predict(steps, context).chords
            triads = (1 - stay) * by_triad(shares)
            if steps:
                triads[TRIAD_OF_ID[steps[-1].chord_id]] += stay
            coming = self.plan(steps, lengths, context, beat, tonic)
        return Outlook(triads, shares, coming)

    def staying(self, steps: Sequence[Step], context: Context) -> tuple[float, Floats]:
        """How likely the last chord goes on, and how likely each of its lengths is from here."""
        if not steps:
            return 0.0, np.zeros(len(LENGTHS))
        last = steps[-1]
        lengths = self.model.predict(steps[:-1], context).durations(last.chord_id)
        reached = np.where(last.duration_beats - MOMENT <= LENGTHS, lengths, 0.0)
        beyond = np.where(last.duration_beats + MOMENT < LENGTHS, lengths, 0.0)
        return (float(beyond.sum() / reached.sum()) if reached.any() else 0.0), beyond

    def plan(
        self, steps: list[Step], lengths: Floats, context: Context, beat: float, tonic: int
    ) -> tuple[Choice, ...]:
        """The likeliest chords to follow, each for its likeliest length."""
        if steps and lengths.any():
            length = float(LENGTHS[lengths.argmax()])
            beat += length - steps[-1].duration_beats
            steps = [*steps[:-1], replace(steps[-1], duration_beats=length)]
        asked = (tuple(steps), context, beat, tonic)
        if self.planned is None or self.planned[0] != asked:  # mostly the chord just goes on
            self.planned = asked, self.rolled(steps, context, beat, tonic)
        return self.planned[1]

    def rolled(
        self, steps: list[Step], context: Context, beat: float, tonic: int
    ) -> tuple[Choice, ...]:
        """The chords that follow steps, from a beat on."""
        found: list[Choice] = []
        while len(found) < self.ahead:
            following = self.model.predict(steps, context)
            shares = np.where(playable_ids(), following.chords, 0.0)
            number = int(shares.argmax())
            symbol = symbol_of_id(number, 0, tonic)
            found.append(Choice(symbol, float(shares[number]), beat))
            length = float(LENGTHS[following.durations(number).argmax()])
            beat += length
            steps = [*steps, Step(number, 0, length)]
        return tuple(found)


def steps_of(chords: Sequence[int]) -> list[Step]:
    """The chords of beats as steps."""
    return [Step(number, 0, float(len(list(same)))) for number, same in groupby(chords)]


def by_triad(shares: Floats) -> Floats:
    """Probabilities by id, gathered by triad; what has none is left out."""
    has_triad = TRIAD_OF_ID != NO_TRIAD
    triads = np.bincount(TRIAD_OF_ID[has_triad], shares[has_triad], TRIADS)
    gathered: Floats = triads / max(triads.sum(), MOMENT)
    return gathered
