"""Distances between chords on the Tonnetz: known values, and properties of a metric."""

import numpy as np
import pytest

from muse.tools.chords.tonnetz import (
    BUCKETS,
    MAX_DISTANCE,
    NO_DISTANCE,
    distance,
    distance_table,
    steps_from,
)
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.qualities import QUALITIES, quality

# chord, chord, smallest number of steps, counted by hand
CASES = [
    ("C", "C", 0),
    ("C", "Cm", 1),  # P
    ("C", "Em", 1),  # L
    ("C", "Am", 1),  # R
    ("C", "E", 2),  # L P
    ("C", "Eb", 2),  # P R
    ("C", "F", 2),  # R L
    ("C", "G", 2),  # L R
    ("C", "A", 2),  # R P
    ("C", "Ab", 2),  # P L
    ("C", "Fm", 3),  # R L P
    ("C", "Abm", 3),  # P L P, the hexatonic pole
    ("C", "C#m", 3),  # L P R, the slide
    ("C", "Dm", 3),  # R L R
    ("C", "F#", 4),
    ("C", "D", 4),
    ("C", "F#m", 3),  # R P R
    ("C", "Ebm", 3),  # P R P
    ("C", "Bbm", 5),
]


def bucket(first: str, second: str) -> int:
    one, other = parse_chord(first), parse_chord(second)
    roots = (one.root_pc or 0) - (other.root_pc or 0)
    return distance(one.quality_code, other.quality_code, roots)


@pytest.mark.parametrize(("first", "second", "steps"), CASES)
def test_known_distances(first: str, second: str, steps: int) -> None:
    one, other = parse_chord(first), parse_chord(second)
    assert one.root_pc is not None and other.root_pc is not None
    thirds = [3 if chord.quality == "min" else 4 for chord in (one, other)]
    assert steps_from((one.root_pc, thirds[0]))[other.root_pc, thirds[1]] == steps
    assert bucket(first, second) == bucket(second, first) == min(steps, MAX_DISTANCE)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Cmaj9", "C"), ("Cm7b5", "Cm"), ("C7alt", "C7"), ("C7#9", "C"), ("Cdim7", "Cm6")],
)
def test_tensions_do_not_count(first: str, second: str) -> None:
    assert bucket(first, second) == 0


@pytest.mark.parametrize("name", ["N", "X", "sus4", "5", "9sus4", "1"])
def test_chords_without_a_third_have_no_distance(name: str) -> None:
    table = distance_table()
    assert (table[quality(name).code] == NO_DISTANCE).all()
    assert (table[:, quality(name).code] == NO_DISTANCE).all()


def test_steps_are_a_metric_on_24_triads() -> None:
    triads = list(steps_from((0, 4)))
    assert len(triads) == 24
    steps = np.array([[steps_from(a)[b] for b in triads] for a in triads])
    assert (steps == steps.T).all()
    assert ((steps == 0) == np.eye(24, dtype=bool)).all()
    assert (steps[:, None] <= steps[:, :, None] + steps[None]).all()
    assert steps.max() == 5


def test_distance_table() -> None:
    codes = len(QUALITIES) + 1
    table = distance_table(codes)
    assert table.shape == (codes, codes, 12)
    assert table.min() == 0 and table.max() < BUCKETS
    assert (table[-1] == NO_DISTANCE).all()
    swapped = table.transpose(1, 0, 2)[:, :, -np.arange(12) % 12]
    assert (table == swapped).all()  # symmetric
