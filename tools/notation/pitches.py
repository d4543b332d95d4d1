"""MIDI pitches as a score spells them: letter, alteration and octave."""

from muse.tools.theory.pitch import LETTERS, spell

SCALE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # semitones above C


def step_of(fifths: int) -> tuple[str, int]:
    """Return the letter of a place on the line of fifths, and its alteration (flats negative)."""
    alteration, letter = divmod(fifths + 1, len(LETTERS))
    return LETTERS[letter], alteration


def spelled(pitch: int, tonic_fifths: int) -> tuple[str, int, int]:
    """Return (letter, alteration, octave) of a MIDI pitch in a key; 60 is ("C", 0, 4).

    The octave of pitches below 12, lower than any instrument, is -1; MusicXML's schema begins at 0.
    """
    step, alteration = step_of(spell(pitch % 12, tonic_fifths))
    return step, alteration, (pitch - alteration - SCALE[step]) // 12 - 1
