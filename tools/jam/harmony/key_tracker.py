"""The key that the player is in, heard beat by beat.

A belief over the 24 keys goes from beat to beat: keys seldom change, and where they go is learnt;
what the notes of the beat say of each key is learnt too, by degree, by how they lie in the bar and
how long they are, and by the step from the note before, for a leading tone tells more where it
leads home. Another key is taken over only when it is the likelier one by a margin.

Conventions: keys are numbered as in theory.key_profiles. The home of a key is the tonic of the
major key with its signature.
Sources: Temperley, "Music and Probability", 2007, ch. 4, for keys as what lies behind notes;
Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77(2), 1989, for the belief. The tables
are fitted so that the belief tells the key (keys.py).
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.events import HeardKey
from muse.tools.jam.harmony.beat_features import BeatSound
from muse.tools.jam.harmony.key_parameters import RELATIVES, number_of
from muse.tools.jam.harmony.parameters import MixTables
from muse.tools.theory.key_profiles import MODES
from muse.tools.theory.keys import C_MAJOR, Tonality, tonality

Floats = NDArray[np.float64]

MARGIN = 0.5  # log odds by which another signature, or the other mode, must be the likelier
LEAST = 1e-12  # no key is less likely than this


class KeyEar:
    """How likely each key is by now, and the one that is taken for the player's."""

    def __init__(self, tables: MixTables, given: Tonality | None = None) -> None:
        """Begin in C major without confidence, or in the key given, which stays."""
        self.tables = tables
        self.given = given
        self.odds = tables.key_start
        self.number = number_of(given or C_MAJOR)
        self.last_pitch_class: int | None = None
        self.has_heard = False

    @property
    def heard(self) -> HeardKey:
        """The key, with its share of the belief."""
        if self.given is not None:
            return HeardKey(self.given, 1.0)
        key = tonality(self.number % 12, MODES[self.number // 12])
        return HeardKey(key, round(float(self.odds[self.number]), 3))

    def hear(self, sound: BeatSound) -> None:
        """Take in a beat that is over."""
        self.has_heard = self.has_heard or bool(sound.stretches.any())
        if not self.has_heard:
            return
        said = sound.stretches.ravel() @ self.tables.key_heard + self.said_by(sound.line)
        log_odds = np.log(self.odds @ self.tables.key_moves + LEAST) + said
        odds = np.exp(log_odds - log_odds.max())
        self.odds = odds / odds.sum()
        self.settle()

    def said_by(self, line: tuple[int, ...]) -> Floats:
        """What the steps of a line, from the note before it on, say of each key."""
        said = np.zeros(len(self.odds))
        for pc in line:
            before, self.last_pitch_class = self.last_pitch_class, pc
            if before is not None:
                said += self.tables.key_steps[:, before, pc]
        return said

    def settle(self) -> None:
        """Go over to another signature, or to the other mode, where the margin is there."""
        log_odds = np.log(self.odds + LEAST)
        signatures = np.log(self.odds + self.odds[RELATIVES] + LEAST)
        best = int(signatures.argmax())
        if signatures[best] > signatures[self.number] + MARGIN:
            self.number = max(best, int(RELATIVES[best]), key=lambda number: log_odds[number])
        other = int(RELATIVES[self.number])
        if log_odds[other] > log_odds[self.number] + MARGIN:
            self.number = other
