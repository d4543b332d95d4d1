"""MIDI pitches as a score spells them: letter, alteration and octave."""

from muse.tools.notation.accidentals import Spelling
from muse.tools.theory.pitch import LETTERS, spell

SCALE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # semitones above C


def step_of(fifths: int) -> tuple[str, int]:
    """Return the letter of a place on the line of fifths, and its alteration (flats negative)."""
    alteration, letter = divmod(fifths + 1, len(LETTERS))
    return LETTERS[letter], alteration


def spelled(pitch: int, tonic_fifths: int) -> Spelling:
    """Return the spelling of a MIDI pitch in a key; 60 is ("C", 0, 4), those below 12 are in -1."""
    step, alteration = step_of(spell(pitch % 12, tonic_fifths))
    return Spelling(step, alteration, (pitch - alteration - SCALE[step]) // 12 - 1)
