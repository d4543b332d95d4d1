"""Tracks the player's key beat by beat, with a hidden Markov model over the 24 keys.

Keys seldom change, with fitted transition probabilities. The notes of a beat make each key more or
less likely by their scale degree, metrical kind and length, and by the step from the note before:
a leading tone says more where it resolves. The reported key changes only when another one is more
likely by MARGIN.

Conventions: keys are numbered as in theory.key_profiles. The home of a key is the tonic of the
major key with its signature.
Sources: Temperley, "Music and Probability", 2007, ch. 4, for keys as the hidden cause of notes;
Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77(2), 1989, for filtering. The parameters
are fitted discriminatively, to the annotated keys of songs (tools/training/jam/keys.py).
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.events import DetectedKey
from muse.tools.jam.harmony.beat_features import BeatFeatures
from muse.tools.jam.harmony.key_parameters import RELATIVES, key_number
from muse.tools.jam.harmony.parameters import HarmonyParameters
from muse.tools.theory.key_profiles import MODES
from muse.tools.theory.keys import C_MAJOR, Tonality, tonality

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
        """Start in C major with low confidence, or stay in the key that is given."""
        self.parameters = parameters
        self.given = given
        self.posterior = parameters.key_prior
        self.number = key_number(given or C_MAJOR)
        self.last_pitch_class: int | None = None
        self.has_notes = False

    @property
    def key(self) -> DetectedKey:
        """The reported key with its probability; a given key has confidence 1."""
        if self.given is not None:
            return DetectedKey(self.given, 1.0)
        key = tonality(self.number % 12, MODES[self.number // 12])
        return DetectedKey(key, round(float(self.posterior[self.number]), 3))

    def add_beat(self, features: BeatFeatures) -> None:
        """Update the probabilities with the notes of a complete beat."""
        self.has_notes = self.has_notes or bool(features.segments.any())
        if not self.has_notes:
            return
        log_likelihood = features.segments.ravel() @ self.parameters.key_segment_log_odds
        log_likelihood += self.step_log_likelihood(features.line)
        prior = self.posterior @ self.parameters.key_transitions
        log_odds = np.log(prior + PROBABILITY_FLOOR) + log_likelihood
        odds = np.exp(log_odds - log_odds.max())
        self.posterior = odds / odds.sum()
        self.update_key()

    def step_log_likelihood(self, line: tuple[int, ...]) -> Floats:
        """Return what the melodic steps of a beat add to the log odds of each key, (KEYS,)."""
        total = np.zeros(len(self.posterior))
        for pc in line:
            before, self.last_pitch_class = self.last_pitch_class, pc
            if before is not None:
                total += self.parameters.key_step_log_odds[:, before, pc]
        return total

    def update_key(self) -> None:
        """Change the reported key where another signature or mode is more likely by MARGIN."""
        log_odds = np.log(self.posterior + PROBABILITY_FLOOR)
        signatures = np.log(self.posterior + self.posterior[RELATIVES] + PROBABILITY_FLOOR)
        best = int(signatures.argmax())
        if signatures[best] > signatures[self.number] + MARGIN:
            self.number = max(best, int(RELATIVES[best]), key=lambda number: log_odds[number])
        other = int(RELATIVES[self.number])
        if log_odds[other] > log_odds[self.number] + MARGIN:
            self.number = other
