"""Tracks the player's key beat by beat, with a hidden Markov model over 36 keys.

The keys are major, minor and blues.

Keys seldom change, with fitted transition probabilities. The notes of a beat make each key more or
less likely by their scale degree, metrical kind and length, and by the step from the note before:
a leading tone says more where it resolves. The reported key changes only when another one is more
likely by MARGIN; the first notes decide without it. A blues is reported as the major key on its
tonic.

Conventions: keys are numbered, and their homes defined, as in key_parameters.py.
Sources: Temperley, "Music and Probability", 2007, ch. 4, for keys as the hidden cause of notes;
Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77(2), 1989, for filtering. The parameters
are fitted discriminatively, to the annotated keys of songs (tools/training/jam/keys.py).
"""

from copy import copy

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.events import DetectedKey
from muse.tools.jam.harmony.beat_features import BeatFeatures
from muse.tools.jam.harmony.key_parameters import (
    ALL_KEYS,
    FIRST_BLUES,
    KEYS,
    SAME_HOME,
    SAME_TONALITY,
    key_number,
)
from muse.tools.jam.harmony.parameters import HarmonyParameters
from muse.tools.theory.keys import C_MAJOR, Tonality

Floats = NDArray[np.float64]

MARGIN = 0.5  # log odds by which another signature, or the other mode, must be more likely
PROBABILITY_FLOOR = 1e-12  # added to probabilities of keys before their logarithm


class KeyTracker:
    """Probability of each key so far, and the key that is reported.

    Attributes:
        posterior: (KEYS,), probability of each key after the beats so far.
        number: of the reported key.
        has_notes: whether any note was played so far.
    """

    def __init__(self, parameters: HarmonyParameters, given: Tonality | None = None) -> None:
        """Start in C major with low confidence, or stay in the key that is given.

        A given major key may still be a blues.
        """
        self.parameters = parameters
        self.given = given
        self.number = key_number(given or C_MAJOR)
        self.is_possible = SAME_TONALITY[self.number] if given else np.ones(KEYS, bool)
        self.posterior = parameters.key_prior * self.is_possible
        self.posterior /= self.posterior.sum()
        self.last_pitch_class: int | None = None
        self.has_notes = False

    @property
    def key(self) -> DetectedKey:
        """The reported key with its probability; a given key has confidence 1."""
        if self.given is not None:
            return DetectedKey(self.given, 1.0)
        confidence = float(self.posterior[SAME_TONALITY[self.number]].sum())
        return DetectedKey(ALL_KEYS[self.number], round(confidence, 3))

    @property
    def blues_probability(self) -> float:
        """Probability that the reported key is a blues, 0 to 1; 0 before the first note."""
        same = self.posterior[SAME_TONALITY[self.number]].sum()
        if not self.has_notes or ALL_KEYS[self.number].mode != "major" or not same:
            return 0.0
        return float(self.posterior[FIRST_BLUES + self.number % 12] / same)

    def key_with(self, features: BeatFeatures) -> DetectedKey:
        """Return the key; before the first complete beat, by the notes of the one that begins."""
        if self.has_notes:
            return self.key
        ahead = copy(self)
        ahead.add_beat(features)
        return ahead.key

    def add_beat(self, features: BeatFeatures) -> None:
        """Update the probabilities with the notes of a complete beat."""
        is_first = not self.has_notes
        self.has_notes = self.has_notes or bool(features.segments.any())
        if not self.has_notes:
            return
        log_likelihood = features.segments.ravel() @ self.parameters.key_segment_log_odds
        log_likelihood += self.step_log_likelihood(features.line)
        prior = self.posterior @ self.parameters.key_transitions
        log_odds = np.log(prior + PROBABILITY_FLOOR) + log_likelihood
        log_odds[~self.is_possible] = -np.inf
        odds = np.exp(log_odds - log_odds.max())
        self.posterior = odds / odds.sum()
        self.update_key(-np.inf if is_first else MARGIN)

    def step_log_likelihood(self, line: tuple[int, ...]) -> Floats:
        """Return what the melodic steps of a beat add to the log odds of each key, (KEYS,)."""
        total = np.zeros(len(self.posterior))
        for pc in line:
            before, self.last_pitch_class = self.last_pitch_class, pc
            if before is not None:
                total += self.parameters.key_step_log_odds[:, before, pc]
        return total

    def update_key(self, margin: float) -> None:
        """Change the reported key where another signature or mode is more likely by a margin."""
        log_odds = np.log(self.posterior + PROBABILITY_FLOOR)
        signatures = np.log(SAME_HOME @ self.posterior + PROBABILITY_FLOOR)
        best = int(signatures.argmax())
        if signatures[best] > signatures[self.number] + margin:
            self.number = likeliest_of_home(log_odds, best)
        other = likeliest_of_home(log_odds, self.number)
        if log_odds[other] > log_odds[self.number] + margin:
            self.number = other


def likeliest_of_home(log_odds: Floats, number: int) -> int:
    """Return the likeliest of the keys that share the home of a key."""
    return int(np.where(SAME_HOME[number], log_odds, -np.inf).argmax())
