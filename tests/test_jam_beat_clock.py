"""Clocks, waiting, and the tempo map: no beat is skipped or repeated."""

import math
import os
import sys
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import ParameterError
from muse.tools.jam import clock as clocks
from muse.tools.jam.clock import SystemClock, VirtualClock, short_switch_interval
from muse.tools.jam.tempo.beat_clock import (
    FASTEST_BPM,
    MAX_NUDGE_BEATS,
    MAX_SPANS,
    NUDGE_BEATS,
    SLOWEST_BPM,
    BeatClock,
    wait_for_beat,
)

PATIENCE_S = 30.0  # longest wait for a thread before the test fails

tempos = st.floats(SLOWEST_BPM, FASTEST_BPM)
changes = st.lists(  # how much later, what, to what tempo or by how many beats
    st.one_of(
        st.tuples(st.floats(-1, 20), st.just("set_bpm"), tempos),
        st.tuples(st.floats(-1, 20), st.just("nudge"), st.floats(-1, 1)),
    ),
    max_size=12,
)


def apply_changes(beat_clock: BeatClock, changes: list[tuple[float, str, float]]) -> list[float]:
    """Make the changes, and return the times at which they were requested."""
    times, now_s = [], 0.0
    for later_s, what, value in changes:
        now_s += later_s
        getattr(beat_clock, what)(value, now_s)
        times.append(now_s)
    return times


def fine_steps(beat_clock: BeatClock) -> list[float]:
    """Return times around and between all changes."""
    starts = [span.time_s for span in beat_clock.spans]
    return sorted(start + step for start in starts for step in (-1e-6, 0.0, 1e-6, 0.3, 2.0))


@given(tempos, changes)
def test_beats_advance_within_the_tempo_limits(bpm, changes) -> None:
    beat_clock = BeatClock(bpm)
    apply_changes(beat_clock, changes)
    slowest = SLOWEST_BPM * NUDGE_BEATS / (NUDGE_BEATS + MAX_NUDGE_BEATS) / 60
    fastest = FASTEST_BPM * NUDGE_BEATS / (NUDGE_BEATS - MAX_NUDGE_BEATS) / 60
    for early, late in pairwise(fine_steps(beat_clock)):
        beats = beat_clock.beat_at(late) - beat_clock.beat_at(early)
        assert slowest * (late - early) - 1e-9 <= beats <= fastest * (late - early) + 1e-9


@given(tempos, changes, st.floats(-100, 1000))
def test_beat_at_inverts_time_of(bpm, changes, beat) -> None:
    beat_clock = BeatClock(bpm)
    apply_changes(beat_clock, changes)
    assert beat_clock.beat_at(beat_clock.time_of(beat)) == pytest.approx(beat, abs=1e-7)
    for time_s in fine_steps(beat_clock):
        assert beat_clock.time_of(beat_clock.beat_at(time_s)) == pytest.approx(time_s, abs=1e-7)


@given(tempos, changes, tempos, st.floats(-1, 10))
def test_a_change_leaves_what_was_before_it(bpm, changes, other, later_s) -> None:
    beat_clock = BeatClock(bpm)
    now_s = max([0.0, *apply_changes(beat_clock, changes)])
    times = [time_s for time_s in fine_steps(beat_clock) if 0 <= time_s <= now_s + later_s]
    before = [beat_clock.beat_at(time_s) for time_s in [*times, now_s + max(later_s, 0.0)]]
    beat_clock.set_bpm(other, now_s + later_s)
    after = [beat_clock.beat_at(time_s) for time_s in [*times, now_s + max(later_s, 0.0)]]
    assert after == pytest.approx(before, abs=1e-9)
    assert beat_clock.bpm == beat_clock.bpm_at(now_s + 100) == other


@given(tempos, st.floats(0, 50), st.floats(-2, 2))
def test_a_nudge_moves_the_beats_after_it_and_keeps_the_tempo(bpm, at_s, beats) -> None:
    plain, nudged = BeatClock(bpm), BeatClock(bpm)
    moved = nudged.nudge(beats, at_s)
    assert abs(moved) <= MAX_NUDGE_BEATS
    assert moved == beats or abs(beats) > MAX_NUDGE_BEATS
    done_s = at_s + 2 * NUDGE_BEATS * 60 / bpm
    assert nudged.beat_at(done_s) - plain.beat_at(done_s) == pytest.approx(moved, abs=1e-7)
    assert nudged.bpm_at(done_s) == nudged.bpm == bpm


def test_from_60_to_180_every_beat_comes_once() -> None:
    beat_clock, clock, stop = BeatClock(60, count_in_bars=0), VirtualClock(), threading.Event()
    times = []
    for beat in range(30):
        assert wait_for_beat(clock, beat_clock, beat, stop)
        times.append(clock.now())
        if beat == 10:
            beat_clock.set_bpm(180, clock.now() + 0.5)
    steps = [late - early for early, late in pairwise(times)]
    assert steps == pytest.approx([1.0] * 10 + [0.5 + 0.5 / 3] + [1 / 3] * 18)


def test_count_in_starts_at_the_given_time() -> None:
    beat_clock = BeatClock(120, 3, 4, count_in_bars=2)
    assert (beat_clock.first_beat, beat_clock.beats_per_bar) == (-6, 3)
    beat_clock.set_bpm(60, 0.0)
    beat_clock.start(10.0)
    assert [beat_clock.time_of(beat) for beat in (-6, -3, 0, 4)] == [10, 13, 16, 20]
    assert BeatClock(100, 6, 8).beats_per_bar == 3
    assert str(BeatClock(100, count_in_bars=0).first_beat) == "0.0"


def test_a_change_before_the_last_one_waits_for_it() -> None:
    beat_clock = BeatClock(60, count_in_bars=0)
    beat_clock.set_bpm(120, 10.0)
    beat_clock.set_bpm(240, 5.0)
    assert [beat_clock.beat_at(time_s) for time_s in (5, 10, 11)] == [5, 10, 14]


def test_memory_is_flat_over_a_day() -> None:
    beat_clock = BeatClock(100)
    for step in range(20_000):
        beat_clock.set_bpm(100 + step % 7, step * 4.3)
        beat_clock.nudge(0.01, step * 4.3)
    assert len(beat_clock.spans) == MAX_SPANS
    for span in beat_clock.spans:
        assert beat_clock.time_of(beat_clock.beat_at(span.time_s)) == pytest.approx(span.time_s)


@pytest.mark.parametrize("bpm", [0, -1, 19.9, 400.1, math.nan, math.inf])
def test_tempos_out_of_range_are_errors(bpm) -> None:
    with pytest.raises(ParameterError, match="give 20 to 400"):
        BeatClock(bpm)
    beat_clock = BeatClock(100)
    with pytest.raises(ParameterError, match="give 20 to 400"):
        beat_clock.set_bpm(bpm, 0)
    assert beat_clock.bpm == 100


def test_invalid_meters_and_numbers_are_errors() -> None:
    for meter in ((0, 4), (4, 3), (-3, 4)):
        with pytest.raises(ParameterError, match="meter"):
            BeatClock(100, *meter)
    with pytest.raises(ParameterError, match="count-in"):
        BeatClock(100, count_in_bars=-1)
    beat_clock = BeatClock(100)
    with pytest.raises(ParameterError, match="nudge"):
        beat_clock.nudge(math.nan, 0)
    with pytest.raises(ParameterError, match="time"):
        beat_clock.set_bpm(100, math.inf)
    assert beat_clock.beat_at(60) == 96


def test_many_threads_may_ask_and_change() -> None:
    beat_clock = BeatClock(100)
    done = threading.Event()
    wrong: list[float] = []

    def ask() -> None:
        while not done.is_set():
            beats = [beat_clock.beat_at(time_s) for time_s in (0.0, 5.0, 10.0)]
            wrong.extend(b - a for a, b in pairwise(beats) if b <= a)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    changers = [
        threading.Thread(
            target=lambda: [beat_clock.set_bpm(60 + i, 20 + i / 10) for i in range(200)]
        )
        for _ in range(2)
    ]
    for thread in [*askers, *changers]:
        thread.start()
    for thread in changers:
        thread.join(PATIENCE_S)
    done.set()
    for thread in askers:
        thread.join(PATIENCE_S)
    assert not wrong
    assert beat_clock.bpm == 259


@pytest.mark.parametrize("coarse_s", [0.0, 0.05])
def test_the_system_clock_wakes_after_the_deadline(coarse_s) -> None:
    clock = SystemClock(coarse_s)
    for step in range(5):
        due_s = step * 0.004
        assert clock.wait_until(due_s)
        assert clock.now() >= due_s
    assert clock.wait_until(-1.0)


@pytest.mark.parametrize("coarse_s", [0.0, 1e9])
def test_an_interruption_ends_the_wait(coarse_s) -> None:
    clock, interrupt, woken = SystemClock(coarse_s), threading.Event(), []
    thread = threading.Thread(target=lambda: woken.append(clock.wait_until(1e6, interrupt)))
    thread.start()
    interrupt.set()
    thread.join(PATIENCE_S)
    assert woken == [False]
    assert not clock.wait_until(0.0, interrupt)


def test_waiting_follows_a_moved_beat() -> None:
    beat_clock, clock, stop, woken = BeatClock(20), SystemClock(), threading.Event(), []

    def wait() -> None:
        woken.append(wait_for_beat(clock, beat_clock, 5, stop))
        woken.append(wait_for_beat(clock, beat_clock, 1e9, stop))

    thread = threading.Thread(target=wait)
    thread.start()
    beat_clock.start(-1e6)  # long ago: the beat is past
    while not woken and thread.is_alive():
        pass
    stop.set()
    beat_clock.wake()
    thread.join(PATIENCE_S)
    assert woken == [True, False]


def test_the_virtual_clock_only_goes_where_it_waits() -> None:
    clock, interrupt = VirtualClock(), threading.Event()
    assert clock.wait_until(3.0, interrupt)
    assert clock.wait_until(2.0)
    assert clock.now() == 3.0
    interrupt.set()
    assert not clock.wait_until(9.0, interrupt)
    assert clock.now() == 3.0


def test_switch_interval_is_restored() -> None:
    before_s = sys.getswitchinterval()
    with short_switch_interval():
        assert sys.getswitchinterval() <= clocks.SWITCH_S + 1e-9
    assert sys.getswitchinterval() == pytest.approx(before_s)


def test_refused_priority_is_no_error(monkeypatch) -> None:
    assert isinstance(in_a_thread(clocks.raise_priority), bool)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    assert not in_a_thread(clocks.raise_priority)


def in_a_thread(ask):
    """Run a function in its own thread, and return its result."""
    given: list[object] = []
    thread = threading.Thread(target=lambda: given.append(ask()))
    thread.start()
    thread.join(PATIENCE_S)
    return given[0]
