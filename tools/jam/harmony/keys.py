"""The key that the player is in, heard beat by beat.

Krumhansl's and Schmuckler's way with other profiles: how likely each degree is in melodies of pop
songs, and how likely after the one before, so that a leading tone tells more where it leads home. A
key is as likely as its notes; what was played long ago counts less; another key is taken over only
when it has been the likelier one by a margin.

Conventions: keys are numbered as in theory.key_profiles.
Sources: Krumhansl, "Cognitive Foundations of Musical Pitch", 1990, ch. 4; Temperley, "Music and
Probability", 2007, ch. 4, for keys as sources of notes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.events import HeardKey, SoloNote
from muse.tools.jam.harmony.ear_beats import MOST_NOTES, ends_at, on_grid, sounds_in
from muse.tools.jam.harmony.mix_tables import MixTables
from muse.tools.theory.key_profiles import KEYS, MODES
from muse.tools.theory.keys import C_MAJOR, Tonality, tonality

Floats = NDArray[np.float64]

NOTE_POWER, STEP_POWER = 1.0, 0.3  # of a beat of a note, and of a step to a note
MOST_IN_BEAT = 8.0  # notes and steps of a beat that count in full
HALF_LIFE_BEATS = 128.0  # after which a note counts half
MARGIN = 2.0  # log odds by which another key must be the likelier
CALIBRATION = 0.3  # power of the odds for a confidence: notes of one phrase are not independent
MODE_SHARES = (0.57, 0.43)  # of songs, in the order of MODES


class KeyEar:
    """The odds of the 24 keys so far, and the one that is taken for the player's."""

    def __init__(self, tables: MixTables, given: Tonality | None = None) -> None:
        """Begin in C major without confidence, or in the key given, which stays."""
        self.tables = tables
        self.given = given
        self.log_odds = np.repeat(np.log(MODE_SHARES), KEYS // len(MODES))
        self.number = number_of(given or C_MAJOR)
        self.last_pitch_class: int | None = None
        self.has_heard = False

    @property
    def heard(self) -> HeardKey:
        """The key, with the share of its odds among all."""
        if self.given is not None:
            return HeardKey(self.given, 1.0)
        odds = np.exp(CALIBRATION * (self.log_odds - self.log_odds.max()))
        confidence = float(odds[self.number] / odds.sum())
        return HeardKey(tonality(self.number % 12, MODES[self.number // 12]), round(confidence, 3))

    def hear(self, notes: Sequence[SoloNote], beat: int) -> None:
        """Take in a beat that is over."""
        self.log_odds *= 0.5 ** (1 / HALF_LIFE_BEATS)
        sounding = [note for note in notes if sounds_in(note, beat)][-MOST_NOTES:]
        said = np.zeros(KEYS)
        count = 0.0
        for note in sounding:
            begin, pc = on_grid(note.start_beat), note.pitch % 12
            length = ends_at(note, beat) - max(begin, beat)
            said += NOTE_POWER * length * self.tables.key_notes[:, pc]
            count += length
            if begin >= beat:
                said += self.step_to(pc)
                count += 1
        self.log_odds += said * min(1.0, MOST_IN_BEAT / max(count, 1.0))
        self.has_heard = self.has_heard or bool(sounding)
        self.settle()

    def step_to(self, pc: int) -> Floats:
        """What the step from the note before to a pitch class says of each key."""
        before, self.last_pitch_class = self.last_pitch_class, pc
        if before is None:
            return np.zeros(KEYS)
        said: Floats = STEP_POWER * self.tables.key_steps[:, before, pc]
        return said

    def settle(self) -> None:
        """Go over to another key where it is the likelier by the margin."""
        best = int(self.log_odds.argmax())
        margin = MARGIN if self.has_heard else 0.0
        if self.log_odds[best] > self.log_odds[self.number] + margin:
            self.number = best


def number_of(key: Tonality) -> int:
    """The number of a key."""
    return key.tonic_pc + KEYS // len(MODES) * MODES.index(key.mode)
