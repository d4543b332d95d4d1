"""Tests of encoding and decoding melody events."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from muse.tools.datasets.melody_events import (
    STEPS,
    StepNote,
    decode_melody,
    encode_melody,
    quantize_melody,
    step_bars,
)
from muse.tools.song.document import Meter, Note

meters = st.lists(
    st.tuples(st.integers(1, 13), st.sampled_from([1, 2, 4, 8, 16])), min_size=1, max_size=4
)
steps = st.lists(
    st.tuples(st.integers(0, 900), st.integers(1, 400), st.integers(0, 127)), max_size=30
)


def timed(kinds: list[tuple[int, int]]) -> list[Meter]:
    """Return meter changes two bars apart."""
    beat, made = 0.0, []
    for above, below in kinds:
        made.append(Meter(beat, above, below))
        beat += 2 * above * 4 / below
    return made


def as_notes(steps: list[tuple[int, int, int]]) -> list[Note]:
    return [Note(start / STEPS, length / STEPS, pitch, 80) for start, length, pitch in steps]


@given(meters, steps)
def test_melody_round_trip(kinds: list[tuple[int, int]], raw: list[tuple[int, int, int]]) -> None:
    notes = quantize_melody(as_notes(raw))
    end = max((note.start + 1 for note in notes), default=1) / STEPS
    events = encode_melody(notes, step_bars(timed(kinds), end))
    assert quantize_melody(decode_melody([event.id for event in events])) == notes


@given(meters, st.floats(0.1, 60))
def test_bars_have_no_gaps(kinds: list[tuple[int, int]], end: float) -> None:
    bars = step_bars(timed(kinds), end)
    assert bars[0].start == 0
    assert all(a.start + a.length == b.start for a, b in itertools.pairwise(bars))
    assert bars[-1].start + bars[-1].length >= round(end * STEPS) - 1
    assert all(1 <= bar.length <= 96 for bar in bars)


@given(st.lists(st.integers(-5, 500)))
def test_any_ids_decode(ids: list[int]) -> None:
    notes = decode_melody(ids)
    for one, following in itertools.pairwise(notes):
        assert one.start_beats + one.duration_beats <= following.start_beats + 1e-9


def test_the_highest_note_is_the_melody() -> None:
    chord = [Note(0, 4, 60, 80), Note(0.01, 2, 67, 80), Note(1, 1, 64, 80)]
    assert quantize_melody(chord) == [StepNote(0, 12, 67), StepNote(12, 12, 64)]


def test_triplets_and_sixteenths_are_exact() -> None:
    notes = [Note(1 / 3, 1 / 3, 60, 80), Note(2 / 3, 1 / 3, 62, 80), Note(1.25, 0.25, 64, 80)]
    events = encode_melody(quantize_melody(notes), step_bars([], 4))
    back = decode_melody([event.id for event in events])
    assert [(n.start_beats, n.duration_beats) for n in back] == [
        (n.start_beats, n.duration_beats) for n in notes
    ]


def test_a_pickup_before_a_change_of_meter() -> None:
    bars = step_bars([Meter(0, 4, 4), Meter(6, 3, 4)], 9)
    assert [(bar.start, bar.length) for bar in bars] == [(0, 48), (48, 24), (72, 36)]
