"""Conversion between beats and seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.song.tempo_map import TempoMap

tempos = st.lists(st.tuples(st.floats(0, 500), st.floats(20, 400)), max_size=8)


def test_seconds_add_up_over_tempo_changes() -> None:
    time = TempoMap([(0, 120), (8, 60)])
    assert [time.seconds_at(beat) for beat in (0, 4, 8, 9)] == [0, 2, 4, 5]
    assert [time.bpm_at(beat) for beat in (0, 7.99, 8)] == [120, 120, 60]


def test_the_default_tempo_is_120_bpm() -> None:
    assert TempoMap().seconds_at(2) == 1.0


def test_the_first_tempo_holds_from_the_start() -> None:
    assert TempoMap([(4, 60)]).seconds_at(4) == 4.0


@given(tempos, st.floats(0, 1000))
def test_seconds_and_beats_are_inverse(pairs: list[tuple[float, float]], beat: float) -> None:
    time = TempoMap(pairs)
    assert time.beat_at(time.seconds_at(beat)) == pytest.approx(beat, abs=1e-6)


@given(tempos, st.floats(0, 1000), st.floats(1e-3, 10))
def test_time_moves_forward(pairs: list[tuple[float, float]], beat: float, step: float) -> None:
    time = TempoMap(pairs)
    assert time.seconds_at(beat + step) > time.seconds_at(beat)


@pytest.mark.parametrize("tempo", [(0, 0), (0, -1), (-1, 120)])
def test_impossible_tempos_are_refused(tempo: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="tempo"):
        TempoMap([tempo])
