"""Spell notes as the interval between them: a major third from A3 is A3 and C#4, not Db4.

Conventions: spelled pitch classes are places on the line of fifths, as in pitch.py; pitches are
MIDI; sizes are in semitones.
"""

from collections.abc import Sequence
from itertools import pairwise

from muse.tools.theory.pitch import FLATTEST, OCTAVE, SHARPEST, name_with_octave, spell

# places on the line of fifths from the lower to the higher note, by size modulo an octave
FIFTHS_OF_SIZE = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
TRITONE = 6  # semitones; an augmented fourth or a diminished fifth
ENHARMONIC = 12  # places on the line of fifths between two spellings of a pitch
MIDDLE = 2  # place on the line of fifths of D, which has as many sharps on one side as flats
LARGEST_USUAL = 7  # places between the notes of a usual interval; 7 is a chromatic semitone


def spell_pair(low: int, high: int) -> tuple[str, str]:
    """Return the names of two pitches whose letters are those of the interval's usual name.

    Of the spellings with that interval, the one with the fewest accidentals is taken; a tritone is
    an augmented fourth or a diminished fifth.
    """
    size = (high - low) % OCTAVE
    steps = (TRITONE, -TRITONE) if size == TRITONE else (FIFTHS_OF_SIZE[size],)
    usual = spell(low)
    pairs = [
        (first, first + step)
        for first in (usual, usual - ENHARMONIC, usual + ENHARMONIC)
        for step in steps
    ]
    first, second = min(pairs, key=distance_from_middle)
    return name_with_octave(low, first), name_with_octave(high, second)


def distance_from_middle(pair: tuple[int, int]) -> int:
    """Return how far two spellings are from the middle of the line of fifths."""
    return sum(abs(each - MIDDLE) for each in pair)


def tonic_of_intervals(pitches: Sequence[int]) -> int:
    """Return the tonic that spells the steps of a line as usual intervals, where no key is known.

    Of several, the one nearest to C: 0 for a line without accidentals.
    """
    steps = {(low % OCTAVE, high % OCTAVE) for low, high in pairwise(pitches)}
    tonics = sorted(range(FLATTEST, SHARPEST + 1), key=lambda tonic: (abs(tonic), -tonic))
    return min(tonics, key=lambda tonic: unusual_steps(steps, tonic))


def unusual_steps(steps: set[tuple[int, int]], tonic: int) -> int:
    """Return how many steps a tonic spells as an unusual interval, as a diminished fourth."""
    return sum(abs(spell(high, tonic) - spell(low, tonic)) > LARGEST_USUAL for low, high in steps)
