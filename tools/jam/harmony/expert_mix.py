"""Combines the melody listener and the chord model into one distribution over chords.

By default the combination is fitted: a product of experts, p ~ transition^a on_beat^b recalled^c
phrase^d chord_model^e, with exponents that depend on the metrical position and were fitted to the
chords of songs by maximum likelihood. With a constant weight w it is linear, as in other systems:
p = (1 - w) chord_model + w melody.

Source: Hinton, "Training products of experts by minimizing contrastive divergence", Neural
Computation 14(8), 2002, for the product.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import ParameterError
from muse.tools.jam.events import DecidedBy
from muse.tools.jam.harmony.melody_listener import MelodyPrediction, normalize
from muse.tools.jam.harmony.parameters import HarmonyParameters

Floats = NDArray[np.float64]

MODEL_FLOOR = 1e-3  # keeps a chord possible that the chord model rules out


@dataclass(frozen=True)
class MixResult:
    """Distributions over triads for one beat; each is (TRIADS,) and sums to 1.

    Attributes:
        triads: the combination, from which the chord is chosen.
        melody: by the melody alone.
        chord_model: by the chord model alone; None where it was late.
        decided_by: whose predictions are in `triads`.
    """

    triads: Floats
    melody: Floats
    chord_model: Floats | None
    decided_by: DecidedBy


class ExpertMix:
    """The combination rule: fitted exponents, or a constant weight."""

    def __init__(self, parameters: HarmonyParameters, constant: float | None = None) -> None:
        """Set up the rule.

        Args:
            parameters: with the fitted exponents.
            constant: weight of the melody, 0 to 1; None uses the fitted exponents.

        Raises:
            ParameterError: the weight is outside 0 to 1.
        """
        if constant is not None and not 0 <= constant <= 1:
            raise ParameterError(f"--mix must be auto or from 0 to 1, not {constant}")
        self.parameters = parameters
        self.constant = constant

    def without_chord_model(self, prediction: MelodyPrediction, position: int) -> Floats:
        """Return the fitted combination of all experts but the chord model."""
        exponents = self.parameters.exponents_without_model[position]
        return normalize(prediction.weighted_sum(exponents))

    def combine(
        self,
        prediction: MelodyPrediction,
        chord_model: Floats | None,
        position: int,
        has_notes: bool,
    ) -> MixResult:
        """Combine the predictions for one beat.

        Args:
            prediction: from the melody.
            chord_model: (TRIADS,) probabilities; None where they are not ready.
            position: metrical position of the beat.
            has_notes: whether the player has played at all; until then the chord model decides
                alone.
        """
        exponents = self.parameters.melody_exponents[position]
        melody = normalize(prediction.weighted_sum(exponents))
        if chord_model is None:
            alone = melody
            if self.constant is None:
                alone = self.without_chord_model(prediction, position)
            return MixResult(alone, melody, None, "melody listener")
        if not has_notes or self.constant == 0:
            return MixResult(chord_model, melody, chord_model, "chord model")
        if self.constant is not None:
            both = (1 - self.constant) * chord_model + self.constant * melody
            decided_by: DecidedBy = "melody listener" if self.constant == 1 else "both"
            return MixResult(both / both.sum(), melody, chord_model, decided_by)
        exponents = self.parameters.exponents[position]
        log_model = np.log(chord_model + MODEL_FLOOR)
        log_odds = prediction.weighted_sum(exponents) + exponents[-1] * log_model
        return MixResult(normalize(log_odds), melody, chord_model, "both")
