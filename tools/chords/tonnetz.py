"""How far two chords lie apart on the Tonnetz, as buckets that a net can look up.

A chord counts as the triad of its root and third, whatever its fifth and what stands above: one
with a minor third is minor. Two triads are as far apart as the least number of steps that lead
from one to the other, each of which keeps two tones: P, the other third on the same root (C - Cm),
L, the leading-tone exchange (C - Em), and R, the relative (C - Am). See Cohn, "Neo-Riemannian
operations, parsimonious trichords, and their Tonnetz representations", Journal of Music Theory 41
(1997), and for distances between chords in general Lerdahl, "Tonal Pitch Space" (2001).
"""

from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.qualities import QUALITIES

Third = Literal[3, 4]  # semitones: minor, major
Triad = tuple[int, Third]  # pitch class of the root, third

OCTAVE = 12  # semitones
FARTHEST: Final = 3  # steps; what lies farther (up to 5) counts as this
NO_DISTANCE: Final = 4  # one of the two has no third, or is no chord
BUCKETS: Final = 5
THIRDS: tuple[Third, ...] = (4, 3)  # a chord with both, such as 7#9, is major

# semitones that P, L and R move the root of a triad with such a third by
ROOT_MOVES: dict[Third, tuple[int, int, int]] = {4: (0, 4, 9), 3: (0, 8, 3)}


@cache
def steps_from(start: Triad) -> dict[Triad, int]:
    """Least number of P, L and R steps from a triad to each of the 24."""
    found = {start: 0}
    edge = [start]
    while edge:
        reached = {triad for place in edge for triad in neighbours(place)}
        edge = [triad for triad in reached if triad not in found]
        found |= dict.fromkeys(edge, max(found.values()) + 1)
    return found


def neighbours(triad: Triad) -> list[Triad]:
    """The triads one step away, by P, L and R."""
    root, third = triad
    other: Third = 3 if third == 4 else 4
    return [((root + move) % OCTAVE, other) for move in ROOT_MOVES[third]]


def third_of(quality_code: int) -> Third | None:
    """The third of a quality; None without, and for codes that are not of the table."""
    if not 0 <= quality_code < len(QUALITIES):
        return None
    tones = QUALITIES[quality_code].semitones
    return next((third for third in THIRDS if third in tones), None)


def distance(first: int, second: int, interval: int) -> int:
    """The bucket of two chords.

    Args:
        first: quality code of one chord.
        second: quality code of the other.
        interval: semitones from the second's root up to the first's.

    Returns:
        0 to FARTHEST steps, or NO_DISTANCE.
    """
    one, other = third_of(first), third_of(second)
    if one is None or other is None:
        return NO_DISTANCE
    return min(steps_from((0, other))[interval % OCTAVE, one], FARTHEST)


def distance_table(codes: int = len(QUALITIES)) -> NDArray[np.int64]:
    """All buckets, [first, second, interval]: shape (codes, codes, 12), below BUCKETS.

    Args:
        codes: how many; what a caller adds to those of the table, such as a start, has no third.
    """
    every = range(codes)
    rows = [[[distance(a, b, k) for k in range(OCTAVE)] for b in every] for a in every]
    return np.array(rows, np.int64)
