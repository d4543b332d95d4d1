"""Distances between chords on the Tonnetz, as buckets that a net can embed.

A chord counts as the triad of its root and third, whatever its fifth and extensions. The distance
of two triads is the least number of steps between them, each of which keeps two tones: P, the other
third on the same root (C - Cm), L, the leading-tone exchange (C - Em), and R, the relative
(C - Am). See Cohn, "Neo-Riemannian operations, parsimonious trichords, and their Tonnetz
representations", Journal of Music Theory 41 (1997), and for distances between chords in general
Lerdahl, "Tonal Pitch Space" (2001).
"""

from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.pitch import OCTAVE
from muse.tools.theory.qualities import QUALITIES

Third = Literal[3, 4]  # semitones: minor, major
Triad = tuple[int, Third]  # pitch class of the root, third

MAX_DISTANCE: Final = 3  # steps; larger distances (up to 5) count as this
NO_DISTANCE: Final = 4  # one of the two has no third, or is not a chord
BUCKETS: Final = 5
THIRDS: tuple[Third, ...] = (4, 3)  # a chord with both, such as 7#9, is major

# semitones by which P, L and R move the root of a triad with this third
ROOT_MOVES: dict[Third, tuple[int, int, int]] = {4: (0, 4, 9), 3: (0, 8, 3)}


@cache
def steps_from(start: Triad) -> dict[Triad, int]:
    """Return the least number of P, L and R steps from a triad to each of the 24 triads."""
    steps = {start: 0}
    frontier = [start]
    while frontier:
        reached = {neighbor for triad in frontier for neighbor in neighbors(triad)}
        frontier = [triad for triad in reached if triad not in steps]
        steps |= dict.fromkeys(frontier, max(steps.values()) + 1)
    return steps


def neighbors(triad: Triad) -> list[Triad]:
    """Return the triads one P, L or R step away."""
    root, third = triad
    other: Third = 3 if third == 4 else 4
    return [((root + move) % OCTAVE, other) for move in ROOT_MOVES[third]]


def third_of(quality_code: int) -> Third | None:
    """Return the third of a quality; None without one, and for codes outside the table."""
    if not 0 <= quality_code < len(QUALITIES):
        return None
    tones = QUALITIES[quality_code].semitones
    return next((third for third in THIRDS if third in tones), None)


def distance(first: int, second: int, interval: int) -> int:
    """Return the distance bucket of two chords.

    Args:
        first: quality code of one chord.
        second: quality code of the other.
        interval: semitones from the second's root up to the first's.

    Returns:
        0 to MAX_DISTANCE steps, or NO_DISTANCE.
    """
    one, other = third_of(first), third_of(second)
    if one is None or other is None:
        return NO_DISTANCE
    return min(steps_from((0, other))[interval % OCTAVE, one], MAX_DISTANCE)


def distance_table(codes: int = len(QUALITIES)) -> NDArray[np.int64]:
    """Return the distance buckets of all pairs of qualities, (codes, codes, 12).

    Args:
        codes: number of quality codes; codes beyond the table of qualities have no third.

    Returns:
        Buckets by first quality, second quality and interval between the roots; see `distance`.
    """
    numbers = range(codes)
    rows = [[[distance(a, b, k) for k in range(OCTAVE)] for b in numbers] for a in numbers]
    return np.array(rows, np.int64)
