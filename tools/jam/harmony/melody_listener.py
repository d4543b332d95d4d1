"""The ear: from the notes played, what chord is meant, beat by beat.

A belief over triads goes from beat to beat: where chords go from each other, by the place in the
bar, then what the notes of the beat say of each. What came later corrects what was believed of the
beats before (hindsight), and where the melody does what it did before, the chords that stood there
are recalled (repetition.py); where that leads in the phrase, a small net tells (phrase_gru.py). The
recent notes weigh most, by what kind of beat they fall on and how long they are: older ones reach a
chord only through the moves between.

Conventions: figures by triad are (TRIADS,), told from the home of the key the ear listens in.
Source: Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77(2), 1989, for the belief and
its correction; here the tables are fitted so that the belief at each beat tells the chord then.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import STRETCHES, TRIADS, BeatSound, moved_home
from muse.tools.jam.harmony.parameters import MixTables
from muse.tools.jam.harmony.phrase_gru import Halves, base_of, figures_of, filled
from muse.tools.jam.harmony.repetition import REACH_BEATS, Recall

Floats = NDArray[np.float64]

HINDSIGHT_BEATS = 8  # beats that what is heard now can still correct
LEAST = 1e-6  # no triad is less likely than this
LEAST_RECALLED = 1e-4


@dataclass(frozen=True)
class Expected:
    """What the ear expects of a beat before it is over, each the log odds of every triad.

    Attributes:
        moves: from where the belief was.
        struck: from what sounds as the beat begins.
        recalled: from places like this one.
        phrase: from all of these, and where the phrase is.
        memory: of the phrase, once this beat is over.
    """

    moves: Floats
    struck: Floats
    recalled: Floats
    phrase: Floats
    memory: Halves

    def together(self, powers: Floats) -> Floats:
        """Log odds of every triad, each part to a power, in the order of mix_tables.EXPERTS."""
        parts = np.array((self.moves, self.struck, self.recalled, self.phrase))
        used = min(len(powers), len(parts))
        total: Floats = powers[:used] @ parts[:used]
        return total


class Ear:
    """The beats so far as they sound in one key; forgets what is REACH_BEATS old."""

    def __init__(self, tables: MixTables) -> None:
        """Begin with an open mind."""
        self.tables = tables
        self.home = 0
        self.beats = 0  # that were heard to their end
        self.recall = Recall(tables)
        self.memory = tables.phrase.start()
        self.fullness = 1.0  # notes that sound as beats begin
        self.sounds: list[BeatSound] = []
        self.places: list[int] = []
        self.evidence = np.zeros((0, TRIADS))
        self.beliefs = np.zeros((0, TRIADS))
        self.hindsight = np.zeros((0, TRIADS))

    def expect(self, sound: BeatSound, place: int) -> Expected:
        """What to expect of the beat that begins, of which only the beginning is known."""
        moves = self.prior(place)
        recalled = self.recall.told(sound.slots, self.hindsight, moves)
        begins = self.rolled(sound.struck)
        struck = begins @ self.tables.struck
        moves, recalled = np.log(moves + LEAST), np.log(recalled + LEAST_RECALLED)
        base = base_of(moves, struck, recalled)
        fullness = filled(self.fullness, begins)
        figures = figures_of(self.before(), begins, place, moves, base, recalled, fullness)
        memory, phrase = self.tables.phrase.step(self.memory, figures, base)
        return Expected(moves, struck, recalled, phrase, memory)

    def before(self) -> Floats:
        """The stretches of the last beat, flat."""
        return self.rolled(self.sounds[-1].stretches) if self.sounds else np.zeros(STRETCHES * 12)

    def hear(self, sound: BeatSound, place: int) -> None:
        """Take in a beat that is over.

        What was recalled is left out of the belief, or it would confirm itself from place to place.
        """
        self.memory = self.expect(sound, place).memory
        self.fullness = filled(self.fullness, sound.struck)
        evidence = self.rolled(sound.stretches) @ self.tables.heard
        belief = normalised(np.log(self.prior(place) + LEAST) + evidence)
        self.recall.hear(sound.slots)
        self.keep(sound, place, evidence, belief)
        self.look_back()

    def prior(self, place: int) -> Floats:
        """The belief of the last beat, moved on to one at a place."""
        if not len(self.beliefs):
            usual = self.tables.moves[place].mean(axis=0)
            shares: Floats = usual / usual.sum()
            return shares
        moved: Floats = self.beliefs[-1] @ self.tables.moves[place]
        return moved

    def rolled(self, counts: Floats) -> Floats:
        """Counts by absolute pitch class as the tables have them, flat."""
        return np.roll(counts, -self.home, axis=1).ravel()

    def keep(self, sound: BeatSound, place: int, evidence: Floats, belief: Floats) -> None:
        """Remember a beat, and forget the oldest."""
        self.beats += 1
        self.sounds = [*self.sounds, sound][-REACH_BEATS:]
        self.places = [*self.places, place][-REACH_BEATS:]
        weights = np.exp(evidence - evidence.max())
        self.evidence = np.vstack([self.evidence, weights])[-REACH_BEATS:]
        self.beliefs = np.vstack([self.beliefs, belief])[-REACH_BEATS:]
        self.hindsight = np.vstack([self.hindsight, belief])[-REACH_BEATS:]

    def look_back(self) -> None:
        """Correct what is believed of the last beats by what was heard since."""
        since = np.ones(TRIADS)
        last = len(self.beliefs) - 1
        for place in range(last - 1, max(last - 1 - HINDSIGHT_BEATS, -1), -1):
            since = self.tables.moves[self.places[place + 1]] @ (self.evidence[place + 1] * since)
            since /= since.sum()
            corrected = self.beliefs[place] * since
            self.hindsight[place] = corrected / corrected.sum()

    def listen_in(self, home: int) -> None:
        """Go over to another home: what was believed stays, as it sounds from there."""
        if home == self.home:
            return
        step = home - self.home
        self.home = home
        self.beliefs = moved_home(self.beliefs, step)
        self.hindsight = moved_home(self.hindsight, step)
        self.evidence = moved_home(self.evidence, step)


def normalised(log_odds: Floats) -> Floats:
    """Log odds as shares that sum to 1."""
    weights = np.exp(log_odds - log_odds.max())
    shares: Floats = weights / weights.sum()
    return shares
