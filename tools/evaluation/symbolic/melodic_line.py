"""Figures of the line: its leaps, its repeated notes, and the longest pattern that comes again.

The line is the highest pitch that starts on each sixteenth: the melody itself where the passage has
one voice. Each function takes a Passage; None where the line has too few notes.
"""

from dataclasses import dataclass

import numpy as np

from muse.tools.evaluation.symbolic.passage import Integers, Passage

LEAP = 5  # semitones: a perfect fourth and wider


@dataclass(frozen=True)
class Line:
    """One voice: sixteenths from the start, ascending, and pitches; two arrays of one length."""

    position: Integers
    pitch: Integers

    def __len__(self) -> int:
        """How many notes there are."""
        return len(self.pitch)


def line_of(passage: Passage) -> Line:
    """The highest pitch that starts on each sixteenth."""
    position = passage.position[passage.pitched]
    pitch = passage.pitch[passage.pitched]
    order = np.lexsort((pitch, position))
    last = np.flatnonzero(np.diff(position[order], append=-1))
    return Line(position[order][last], pitch[order][last])


def leaps(passage: Passage) -> float | None:
    """Share of the line's steps that are a fourth or wider, in [0, 1]."""
    line = line_of(passage)
    if len(line) < 2:
        return None
    return float((np.abs(np.diff(line.pitch)) >= LEAP).mean())


def longest_same_pitch(passage: Passage) -> float | None:
    """Most notes of the line in a row with one pitch."""
    line = line_of(passage)
    if not len(line):
        return None
    changes = np.flatnonzero(np.diff(line.pitch))
    edges = np.concatenate(([-1], changes, [len(line) - 1]))
    return float(np.diff(edges).max())


def longest_repeat(passage: Passage) -> float | None:
    """Notes of the longest pattern that the line has twice, 0 where there is none.

    A pattern is a run of intervals and of distances between starts, in sixteenths: it comes again
    when it is transposed, too. The two places do not overlap, but the last note of one may be the
    first of the other.
    """
    line = line_of(passage)
    if len(line) < 2:
        return None
    moves = np.stack([np.diff(line.pitch), np.diff(line.position)], axis=1)
    ids = np.unique(moves, axis=0, return_inverse=True)[1].reshape(-1)
    moves_repeated = longest_repeated_run(ids)
    return float(moves_repeated + 1 if moves_repeated else 0)


def repeat_share(passage: Passage) -> float | None:
    """`longest_repeat` as a share of the line's notes, in [0, 2/3]."""
    found = longest_repeat(passage)
    return None if found is None else found / len(line_of(passage))


def longest_repeated_run(ids: Integers) -> int:
    """Length of the longest run that a sequence of ids, (N,), has at two places that do not meet.

    A run of length n is there when one of n - 1 is, so the length is found by halving; runs of any
    length are told apart by the names of the two halves, powers of two long, that cover them (Karp,
    Miller and Rosenberg, 1972). O(N log N) sorts.
    """
    names = [ids]  # names[k][i] tells apart the runs of length 2**k from i on
    while 2 ** len(names) <= len(ids):
        half = 2 ** (len(names) - 1)
        names.append(paired(names[-1][:-half], names[-1][half:]))
    low, high = 0, len(ids) // 2
    while low < high:
        middle = (low + high + 1) // 2
        if comes_twice(names, middle):
            low = middle
        else:
            high = middle - 1
    return low


def paired(first: Integers, second: Integers) -> Integers:
    """A name for each pair of names, from 0 on."""
    width = int(second.max(initial=0)) + 1
    names: Integers = np.unique(first * width + second, return_inverse=True)[1].reshape(-1)
    return names


def comes_twice(names: list[Integers], length: int) -> bool:
    """Whether a run of a length is at two places at least that far apart."""
    level = length.bit_length() - 1
    count = len(names[0]) - length + 1
    shift = length - 2**level
    runs = paired(names[level][:count], names[level][shift : shift + count])
    order = np.argsort(runs, kind="stable")  # places of one run in order
    starts = np.flatnonzero(np.diff(runs[order], prepend=-1))
    ends = np.append(starts[1:], count) - 1
    return bool((order[ends] - order[starts] >= length).any())
