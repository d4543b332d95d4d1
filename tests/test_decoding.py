"""Decoders: notes in clear posteriors, and properties that hold for any posteriors."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from muse.tools.transcription.decoding import (
    ChordRules,
    Matrix,
    VoiceRules,
    close_gaps,
    decode_chords,
    decode_voice,
)

Notes = list[tuple[int, int, int]]  # (start, end, row)


def evidence(notes: Notes, frames: int = 100, rows: int = 20) -> tuple[Matrix, Matrix]:
    """Return frame and onset posteriors of exactly these notes."""
    held = np.full((frames, rows), 0.02, np.float32)
    onset = np.full((frames, rows), 0.01, np.float32)
    for start, end, row in notes:
        held[start:end, row] = 0.95
        onset[start, row] = 0.9
        onset[start + 1, row] = max(onset[start + 1, row], 0.4)
    return held, onset


def spans(notes: list) -> Notes:
    return [(n.start, n.end, n.row) for n in notes]


MELODY = [(5, 20, 3), (20, 35, 3), (35, 50, 7), (60, 64, 5), (70, 99, 12)]
CHORDS = [(5, 40, 2), (5, 40, 6), (5, 20, 9), (20, 40, 9), (50, 70, 2), (50, 90, 6)]


def test_voice_is_read_back_repeats_and_rests_too() -> None:
    assert spans(decode_voice(*evidence(MELODY), VoiceRules())) == MELODY


def test_chords_are_read_back() -> None:
    assert sorted(spans(decode_chords(*evidence(CHORDS), ChordRules()))) == sorted(CHORDS)


def test_voice_takes_the_stronger_of_two() -> None:
    held, onset = evidence([(10, 40, 3), (10, 40, 15)])
    held[:, 15] *= 0.7
    onset[:, 15] *= 0.5
    assert spans(decode_voice(held, onset, VoiceRules())) == [(10, 40, 3)]


def test_voice_sustains_a_note_over_a_short_dip() -> None:
    held, onset = evidence([(10, 40, 3)])
    held[25, 3] = 0.3
    assert spans(decode_voice(held, onset, VoiceRules())) == [(10, 40, 3)]


def test_short_blips_are_dropped() -> None:
    held, onset = evidence([(10, 12, 3)])
    assert decode_voice(held, onset, VoiceRules(min_frames=3)) == []
    assert decode_chords(held, onset, ChordRules(min_frames=3)) == []


def test_chords_need_an_onset_or_much_evidence() -> None:
    held, onset = evidence([])
    held[10:40, 3] = 0.5
    held[10:40, 8] = 0.9
    assert spans(decode_chords(held, onset, ChordRules())) == [(10, 40, 8)]


def test_empty_evidence_has_no_notes() -> None:
    nothing = np.zeros((0, 20), np.float32)
    assert decode_voice(nothing, nothing, VoiceRules()) == []
    assert decode_chords(nothing, nothing, ChordRules()) == []


def test_gaps_close_up_to_their_width() -> None:
    row = np.array([1, 0, 0, 1, 0, 0, 0, 1], bool)[:, None]
    assert close_gaps(row, 2)[:, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 1]


anything = arrays(np.float32, (40, 6), elements=st.floats(0, 1, width=32))


@settings(max_examples=60, deadline=None)
@given(anything, anything)
def test_a_voice_is_one_voice(held: Matrix, onset: Matrix) -> None:
    notes = decode_voice(held, onset, VoiceRules(min_frames=1))
    assert all(a.end <= b.start for a, b in pairwise(notes))
    assert all(0 <= n.start < n.end <= 40 and 0 <= n.strength <= 1 for n in notes)


@settings(max_examples=60, deadline=None)
@given(anything, anything)
def test_a_pitch_sounds_once_at_a_time(held: Matrix, onset: Matrix) -> None:
    notes = decode_chords(held, onset, ChordRules(min_frames=1))
    for row in range(6):
        mine = [n for n in notes if n.row == row]
        assert all(a.end <= b.start for a, b in pairwise(mine))
