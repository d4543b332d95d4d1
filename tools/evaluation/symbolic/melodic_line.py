"""Figures of the melodic line: leaps, repeated notes, and the longest repeated pattern.

The line is the highest pitch that starts on each sixteenth: the melody itself if the passage has
one voice. Each function takes a Passage; None if the line has too few notes.
"""

from dataclasses import dataclass

import numpy as np

from muse.tools.evaluation.symbolic.passage import Integers, Passage

LEAP_SEMITONES = 5  # semitones: a perfect fourth and wider


@dataclass(frozen=True)
class Line:
    """One voice: positions in sixteenths from the start, ascending, and pitches; both (N,)."""

    position: Integers
    pitch: Integers

    def __len__(self) -> int:
        """Number of notes."""
        return len(self.pitch)


def top_line(passage: Passage) -> Line:
    """Return the highest pitch that starts on each sixteenth."""
    position = passage.position[passage.pitched]
    pitch = passage.pitch[passage.pitched]
    order = np.lexsort((pitch, position))
    last = np.flatnonzero(np.diff(position[order], append=-1))
    return Line(position[order][last], pitch[order][last])


def leaps(passage: Passage) -> float | None:
    """Return the share of intervals of a fourth or more, in [0, 1]."""
    line = top_line(passage)
    if len(line) < 2:
        return None
    return float((np.abs(np.diff(line.pitch)) >= LEAP_SEMITONES).mean())


def longest_same_pitch(passage: Passage) -> float | None:
    """Return the largest number of consecutive notes with the same pitch."""
    line = top_line(passage)
    if not len(line):
        return None
    changes = np.flatnonzero(np.diff(line.pitch))
    edges = np.concatenate(([-1], changes, [len(line) - 1]))
    return float(np.diff(edges).max())


def longest_repeat(passage: Passage) -> float | None:
    """Return the number of notes of the longest pattern that occurs twice; 0 if there is none.

    A pattern is a run of intervals and of inter-onset distances in sixteenths, so that transposed
    repetitions count. The two places do not overlap, except that the last note of one may be the
    first of the other.
    """
    line = top_line(passage)
    if len(line) < 2:
        return None
    moves = np.stack([np.diff(line.pitch), np.diff(line.position)], axis=1)
    ids = np.unique(moves, axis=0, return_inverse=True)[1].reshape(-1)
    moves_repeated = longest_repeated_run(ids)
    return float(moves_repeated + 1 if moves_repeated else 0)


def repeat_share(passage: Passage) -> float | None:
    """Return `longest_repeat` as a share of the line's notes, in [0, 2/3]."""
    found = longest_repeat(passage)
    return None if found is None else found / len(top_line(passage))


def longest_repeated_run(ids: Integers) -> int:
    """Return the length of the longest run of ids, (N,), at two places that do not overlap.

    A run of length n implies one of length n - 1, so the length is found by bisection. Runs of any
    length are identified by the names of two runs of a power of two that cover them (Karp, Miller
    and Rosenberg, 1972). O(N log N) sorts.
    """
    names = [ids]  # names[k][i] identifies the run of length 2**k that starts at i
    while 2 ** len(names) <= len(ids):
        half = 2 ** (len(names) - 1)
        names.append(name_pairs(names[-1][:-half], names[-1][half:]))
    low, high = 0, len(ids) // 2
    while low < high:
        middle = (low + high + 1) // 2
        if occurs_twice(names, middle):
            low = middle
        else:
            high = middle - 1
    return low


def name_pairs(first: Integers, second: Integers) -> Integers:
    """Return a name for each pair of names, from 0 on."""
    width = int(second.max(initial=0)) + 1
    names: Integers = np.unique(first * width + second, return_inverse=True)[1].reshape(-1)
    return names


def occurs_twice(names: list[Integers], length: int) -> bool:
    """Return whether some run of a length is at two places at least that far apart."""
    level = length.bit_length() - 1
    count = len(names[0]) - length + 1
    shift = length - 2**level
    runs = name_pairs(names[level][:count], names[level][shift : shift + count])
    order = np.argsort(runs, kind="stable")  # positions of equal runs, ascending
    starts = np.flatnonzero(np.diff(runs[order], prepend=-1))
    ends = np.append(starts[1:], count) - 1
    return bool((order[ends] - order[starts] >= length).any())
