"""Estimates the chord that the player's melody implies, beat by beat, with a hidden Markov model.

States are triads. From one beat to the next the distribution over triads is moved by transition
probabilities, which depend on the metrical position, and multiplied by how likely each triad makes
the notes of the beat (filtering). Later notes correct the last SMOOTHING_BEATS beats (smoothing).
Two more predictors use the result: repetition.py recalls chords at earlier beats whose melody
matches the current one, and phrase_gru.py is a recurrent net over the whole phrase.

Conventions: arrays over triads are (TRIADS,), with roots relative to the home of the current key.
Source: Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77(2), 1989, for filtering and
smoothing. Here the parameters are fitted discriminatively, to the annotated chord of each beat.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import SEGMENT_KINDS, TRIADS, BeatFeatures, shift_home
from muse.tools.jam.harmony.parameters import HarmonyParameters
from muse.tools.jam.harmony.phrase_gru import (
    Float32s,
    base_log_probabilities,
    phrase_inputs,
    update_polyphony,
)
from muse.tools.jam.harmony.repetition import MAX_LAG_BEATS, RepetitionModel

Floats = NDArray[np.float64]

SMOOTHING_BEATS = 8  # past beats that later notes can still correct
PROBABILITY_FLOOR = 1e-6  # added to transition probabilities before their logarithm
RECALLED_FLOOR = 1e-4  # the same for recalled probabilities


@dataclass(frozen=True)
class MelodyPrediction:
    """Triads predicted from the melody as a beat begins: log odds, (TRIADS,) each.

    Attributes:
        transition: from the chords of the beats before.
        on_beat: from the notes that sound as the beat begins.
        recalled: from earlier beats with a similar melody.
        phrase: from the recurrent nets, which read the three others.
        state: of the recurrent nets after this beat.
    """

    transition: Floats
    on_beat: Floats
    recalled: Floats
    phrase: Floats
    state: Float32s

    def weighted_sum(self, exponents: Floats) -> Floats:
        """Return log odds of every triad: a weighted sum of the parts, in the order of EXPERTS.

        Args:
            exponents: a weight for each expert; fewer than four leave the last ones out, more are
                ignored.
        """
        parts = np.array((self.transition, self.on_beat, self.recalled, self.phrase))
        used = min(len(exponents), len(parts))
        total: Floats = exponents[:used] @ parts[:used]
        return total


class MelodyListener:
    """Distribution over triads for each of the last MAX_LAG_BEATS beats, from the melody alone.

    Attributes:
        home: pitch class that triads are relative to; see `set_home`.
        filtered: (beats, TRIADS), probabilities given the notes up to each beat.
        smoothed: (beats, TRIADS), probabilities given later notes as well.
        polyphony: mean number of notes that sound as a beat begins.
    """

    def __init__(self, parameters: HarmonyParameters) -> None:
        """Start without any beats, in C major."""
        self.parameters = parameters
        self.home = 0
        self.repetition = RepetitionModel(parameters)
        self.state = parameters.phrase.start()
        self.polyphony = 1.0
        self.features: list[BeatFeatures] = []
        self.positions: list[int] = []
        self.likelihoods = np.zeros((0, TRIADS))
        self.filtered = np.zeros((0, TRIADS))
        self.smoothed = np.zeros((0, TRIADS))

    def predict(self, features: BeatFeatures, position: int) -> MelodyPrediction:
        """Predict the chord of the beat that begins now.

        Args:
            features: of this beat; only its beginning is used.
            position: metrical position of the beat.
        """
        prior = self.prior(position)
        recalled = self.repetition.predict(features.slots, self.smoothed, prior)
        sounding = self.relative_to_home(features.on_beat)
        on_beat = sounding @ self.parameters.on_beat_log_odds
        transition = np.log(prior + PROBABILITY_FLOOR)
        recalled = np.log(recalled + RECALLED_FLOOR)
        base = base_log_probabilities(transition, on_beat, recalled)
        inputs = phrase_inputs(
            self.previous_segments(),
            sounding,
            position,
            transition,
            base,
            recalled,
            update_polyphony(self.polyphony, sounding),
        )
        state, phrase = self.parameters.phrase.step(self.state, inputs, base)
        return MelodyPrediction(transition, on_beat, recalled, phrase, state)

    def previous_segments(self) -> Floats:
        """Return the segment counts of the last beat, (SEGMENT_KINDS * 12,)."""
        if not self.features:
            return np.zeros(SEGMENT_KINDS * 12)
        return self.relative_to_home(self.features[-1].segments)

    def add_beat(self, features: BeatFeatures, position: int) -> None:
        """Add a complete beat.

        Recalled chords do not enter the filtered distribution: they would confirm themselves at
        every later repetition.
        """
        self.state = self.predict(features, position).state
        self.polyphony = update_polyphony(self.polyphony, features.on_beat)
        log_odds = self.relative_to_home(features.segments) @ self.parameters.segment_log_odds
        posterior = normalize(np.log(self.prior(position) + PROBABILITY_FLOOR) + log_odds)
        self.repetition.add_beat(features.slots)
        self.append(features, position, log_odds, posterior)
        self.smooth()

    def prior(self, position: int) -> Floats:
        """Return the probability of each triad on the next beat, before its notes are known."""
        if not len(self.filtered):
            usual = self.parameters.transitions[position].mean(axis=0)
            probabilities: Floats = usual / usual.sum()
            return probabilities
        moved: Floats = self.filtered[-1] @ self.parameters.transitions[position]
        return moved

    def relative_to_home(self, counts: Floats) -> Floats:
        """Return counts (kinds, 12) by absolute pitch class as a flat array above the home."""
        return np.roll(counts, -self.home, axis=1).ravel()

    def append(
        self, features: BeatFeatures, position: int, log_odds: Floats, posterior: Floats
    ) -> None:
        """Store a beat, and drop what is older than MAX_LAG_BEATS."""
        self.features = [*self.features, features][-MAX_LAG_BEATS:]
        self.positions = [*self.positions, position][-MAX_LAG_BEATS:]
        likelihoods = np.exp(log_odds - log_odds.max())
        self.likelihoods = np.vstack([self.likelihoods, likelihoods])[-MAX_LAG_BEATS:]
        self.filtered = np.vstack([self.filtered, posterior])[-MAX_LAG_BEATS:]
        self.smoothed = np.vstack([self.smoothed, posterior])[-MAX_LAG_BEATS:]

    def smooth(self) -> None:
        """Update the smoothed distribution of the last beats (the backward pass)."""
        backward = np.ones(TRIADS)
        last = len(self.filtered) - 1
        for beat in range(last - 1, max(last - 1 - SMOOTHING_BEATS, -1), -1):
            transitions = self.parameters.transitions[self.positions[beat + 1]]
            backward = transitions @ (self.likelihoods[beat + 1] * backward)
            backward /= backward.sum()
            corrected = self.filtered[beat] * backward
            self.smoothed[beat] = corrected / corrected.sum()

    def set_home(self, home: int) -> None:
        """Re-express all distributions relative to another home pitch class."""
        if home == self.home:
            return
        step = home - self.home
        self.home = home
        self.filtered = shift_home(self.filtered, step)
        self.smoothed = shift_home(self.smoothed, step)
        self.likelihoods = shift_home(self.likelihoods, step)


def normalize(log_odds: Floats) -> Floats:
    """Return probabilities that sum to 1 from log odds (softmax)."""
    weights = np.exp(log_odds - log_odds.max())
    probabilities: Floats = weights / weights.sum()
    return probabilities
