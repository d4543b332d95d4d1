"""How brain and ear come to one distribution over chords.

Learnt: every part's odds to a power of its own, by the place in the bar (a product of experts),
p ~ moves^a struck^b recalled^c phrase^d brain^e; the powers were fitted to the chords of songs.
With a constant w, as other systems have it: p = (1 - w) brain + w ear.

Source: Hinton, "Training products of experts by minimizing contrastive divergence", Neural
Computation 14(8), 2002, for the product; here the powers are fitted by maximum likelihood.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import ParameterError
from muse.tools.jam.events import Who
from muse.tools.jam.harmony.melody_listener import Expected, normalised
from muse.tools.jam.harmony.parameters import MixTables

Floats = NDArray[np.float64]

LEAST_BRAIN = 1e-3  # the net is surer of what it rules out than the ear can afford


@dataclass(frozen=True)
class Merged:
    """What is played is chosen from `triads`; each is (TRIADS,) and sums to 1."""

    triads: Floats
    ear: Floats
    brain: Floats | None
    who: Who


class Mix:
    """The weights, learnt or constant."""

    def __init__(self, tables: MixTables, constant: float | None = None) -> None:
        """Take the tables, or the share of the ear; raises ParameterError where it is none."""
        if constant is not None and not 0 <= constant <= 1:
            raise ParameterError(f"--mix is auto or a share of the ear from 0 to 1, not {constant}")
        self.tables = tables
        self.constant = constant

    def late(self, expected: Expected, place: int) -> Floats:
        """All that was learnt but the brain."""
        return normalised(expected.together(self.tables.late_mix[place]))

    def merged(
        self, expected: Expected, brain: Floats | None, place: int, has_heard: bool
    ) -> Merged:
        """Brain and ear together.

        Args:
            expected: by the ear.
            brain: probability of each triad; None where it is not ready.
            place: of the beat in its bar.
            has_heard: whether anything was played so far; without, the brain is alone.
        """
        ear = normalised(expected.together(self.tables.ear_mix[place]))
        if brain is None:
            late = ear if self.constant is not None else self.late(expected, place)
            return Merged(late, ear, None, "ear")
        if not has_heard or self.constant == 0:
            return Merged(brain, ear, brain, "brain")
        if self.constant is not None:
            both = (1 - self.constant) * brain + self.constant * ear
            return Merged(both / both.sum(), ear, brain, "ear" if self.constant == 1 else "both")
        powers = self.tables.mix[place]
        log_odds = expected.together(powers) + powers[-1] * np.log(brain + LEAST_BRAIN)
        return Merged(normalised(log_odds), ear, brain, "both")
