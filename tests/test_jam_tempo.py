"""Estimation of tempo and beat from onsets, and the beat clock that follows it."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.models.tempo_nets.config import BEAT_OUTPUTS
from muse.tools.datasets.pop909 import BEATS, read_beats
from muse.tools.errors import ParameterError
from muse.tools.jam.tempo.beat_clock import BeatClock
from muse.tools.jam.tempo.beat_phase import estimate_beat_phases
from muse.tools.jam.tempo.follower import CHORD_S, TempoEstimate, TempoFollower, follow
from muse.tools.jam.tempo.onset_features import FEATURES as BEAT_FEATURES
from muse.tools.jam.tempo.onset_features import describe_onsets
from muse.tools.jam.tempo.onset_intervals import FEATURES, TEMPOS, OnsetIntervals
from muse.tools.jam.tempo.onsets import MAX_ONSETS, Onset, OnsetArrays
from muse.tools.jam.tempo.tempo_nets import score_tempos, tempo_weights
from muse.tools.song.midi import load_song

PATTERN = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)  # beats of a bar of four
BUSY = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.25, 3.5)
PITCHES = (60, 62, 64, 65, 67, 69, 71, 72)

Notes = Iterator[tuple[float, int, int]]


def played(
    bpms: Sequence[tuple[float, int]], pattern: Sequence[float] = PATTERN, seed: int = 0
) -> Notes:
    """Return onsets of bars, given as (tempo, number), with a deviation of 8 ms."""
    rng = np.random.default_rng(seed)
    begin_s = 1.0
    for bpm, bars in bpms:
        for _ in range(bars):
            for beat in pattern:
                late_s = rng.normal(0.0, 0.008)
                velocity = 90 if beat == 0 else 70
                yield begin_s + beat * 60 / bpm + late_s, velocity, int(rng.choice(PITCHES))
            begin_s += 240 / bpm


def estimates_of(follower: TempoFollower, notes: Notes) -> list[tuple[float, TempoEstimate]]:
    """Return all estimates, each with its time."""
    given = [(note[0], follower.add_note(*note)) for note in notes]
    return [(time_s, estimate) for time_s, estimate in given if estimate is not None]


@pytest.mark.parametrize("bpm", [85, 100, 115, 128, 160, 200])
def test_a_steady_player_is_found(bpm) -> None:
    """Slower ones are not in the list: eighths at 70 are the same onsets as quarters at 140."""
    follower = TempoFollower()
    estimates_of(follower, played([(bpm, 8)]))
    assert follower.bpm == pytest.approx(bpm, rel=0.01)
    assert follower.estimate is not None
    assert follower.estimate.confidence > 0.3


@pytest.mark.parametrize("bpm", [75, 100, 120])
def test_the_beat_is_found(bpm) -> None:
    follower = TempoFollower()
    estimates_of(follower, played([(bpm, 8)]))
    assert follower.estimate is not None
    beat = (follower.estimate.next_beat_s(40.0) - 1.0) * bpm / 60
    assert abs(beat - round(beat)) < 0.1


def test_a_drift_is_followed_smoothly() -> None:
    tempos = [(100.0 * 1.004**bar, 1) for bar in range(40)]
    estimates = estimates_of(TempoFollower(), played(tempos))
    late = [estimate.bpm for time_s, estimate in estimates if time_s > 20]
    assert max(abs(b / a - 1) for a, b in pairwise(late)) < 0.03
    assert late[-1] == pytest.approx(tempos[-1][0], rel=0.03)


@pytest.mark.parametrize(
    ("before", "after", "pattern"),
    [(100, 120, PATTERN), (100, 120, BUSY), (60, 180, BUSY), (60, 180, PATTERN), (100, 110, BUSY)],
)
def test_lasting_tempo_jump_is_accepted(before, after, pattern) -> None:
    follower = TempoFollower(before)
    estimates = estimates_of(follower, played([(before, 12), (after, 12)], pattern))
    jump_s = 1.0 + 12 * 240 / before
    assert [e.bpm for t, e in estimates if t < jump_s][-1] == pytest.approx(before, rel=0.02)
    assert follower.bpm == pytest.approx(after, rel=0.02)


def test_no_beat_is_skipped_while_the_tempo_jumps() -> None:
    beat_clock, follower = BeatClock(60, count_in_bars=0), TempoFollower(60)
    last_beat, beats = 0.0, []
    for note in played([(60, 12), (180, 20), (60, 10)]):
        now = beat_clock.beat_at(note[0])
        assert now >= last_beat
        beats += range(math.ceil(last_beat), math.ceil(now))
        last_beat = now
        estimate = follower.add_note(*note)
        if estimate is not None:
            follow(beat_clock, estimate, note[0])
            assert beat_clock.beat_at(note[0]) == pytest.approx(now, abs=1e-9)
    assert beats == list(range(len(beats)))


def test_beat_clock_aligns_with_the_player() -> None:
    beat_clock, follower = BeatClock(90, count_in_bars=0), TempoFollower(100)
    for note in played([(100, 16)]):
        estimate = follower.add_note(*note)
        if estimate is not None:
            follow(beat_clock, estimate, note[0])
    assert beat_clock.bpm == pytest.approx(100, rel=0.01)
    beat = beat_clock.beat_at(1.0 + 16 * 2.4)
    assert abs(beat - round(beat)) < 0.1


def test_a_long_rest_and_a_few_notes_leave_the_tempo() -> None:
    follower = TempoFollower()
    estimates_of(follower, played([(100, 16)]))
    before = follower.bpm
    rest_s = 1.0 + 16 * 2.4 + 60.0
    for number in range(3):
        follower.add_note(rest_s + number * 0.31, 80, 60)
    assert follower.bpm == pytest.approx(before, rel=0.001)


def test_notes_of_a_chord_are_one_onset() -> None:
    single, chords = TempoFollower(), TempoFollower()
    for time_s, velocity, pitch in played([(100, 8)]):
        single.add_note(time_s, velocity)
        chords.add_note(time_s, velocity)
        chords.add_note(time_s + CHORD_S * 0.5, velocity, pitch)
        chords.add_note(time_s - 0.001, velocity, pitch + 4)
    assert chords.bpm == pytest.approx(single.bpm, rel=0.01)


def test_the_same_notes_give_the_same_estimates() -> None:
    runs = [estimates_of(TempoFollower(), played([(93, 6)])) for _ in range(2)]
    assert runs[0] == runs[1]


def test_few_notes_give_no_tempo() -> None:
    follower = TempoFollower()
    assert follower.bpm is None
    assert [follower.add_note(time_s, 64) for time_s in (0.0, 0.5, 1.0)] == [None] * 3
    assert follower.add_note(math.nan, 64) is None
    assert follower.add_note(math.inf, 64) is None
    assert follower.estimate is None


@pytest.mark.parametrize("bpm", [0, 19, 500, math.nan])
def test_start_tempo_out_of_range_is_an_error(bpm) -> None:
    with pytest.raises(ParameterError, match="give 20 to 400"):
        TempoFollower(bpm)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 3), st.integers(0, 127), st.integers(0, 127)), max_size=60))
def test_any_notes_give_valid_tempos(steps) -> None:
    follower, beat_clock, now_s = TempoFollower(), BeatClock(100), 0.0
    for step_s, velocity, pitch in steps:
        now_s += step_s
        estimate = follower.add_note(now_s, velocity, pitch)
        if estimate is not None:
            assert 30 < estimate.bpm < 320
            assert 0 <= estimate.confidence <= 1
            assert estimate.beat_s <= now_s + 1
            follow(beat_clock, estimate, now_s)


def test_a_thousand_notes_a_second_keep_memory_flat() -> None:
    follower, memory = TempoFollower(), OnsetIntervals()
    for number in range(3000):
        follower.add_note(number / 1000, 64, number % 128)
        memory.add(Onset(number * 0.04, 64.0, 1))
    assert len(memory.recent_onsets().times_s) == MAX_ONSETS
    assert memory.features().shape == (len(TEMPOS), FEATURES)


def test_long_silence_decays_all_counts() -> None:
    memory = OnsetIntervals()
    for time_s in (0.0, 0.5, 1.0, 1e6, 1e6 + 0.5):
        memory.add(Onset(time_s, 64.0, 1))
    assert memory.onset_count == pytest.approx(1 + math.exp(-0.05))
    assert np.isfinite(score_tempos(memory.features())).all()


def test_log_odds_are_log_probabilities() -> None:
    memory = OnsetIntervals()
    for time_s, velocity, pitch in played([(100, 4)]):
        memory.add(Onset(time_s, velocity, 1 << (pitch % 64)))
    odds = score_tempos(memory.features())
    assert np.exp(odds).sum() == pytest.approx(1.0, abs=1e-5)
    assert tempo_weights()["hidden"].shape[1] == FEATURES
    assert tempo_weights()["beat.0"].shape[2] == BEAT_FEATURES
    assert tempo_weights()["beat.2"].shape[1] == BEAT_OUTPUTS


def tail_of(times_s: Sequence[float], velocities: Sequence[float], pitch: int = 60) -> OnsetArrays:
    """Return onsets as arrays, as RecentOnsets does."""
    memory = OnsetIntervals()
    for time_s, velocity in zip(times_s, velocities, strict=True):
        memory.add(Onset(time_s, velocity, 1 << (pitch % 64), pitch))
    return memory.recent_onsets()


def test_tempo_is_refined() -> None:
    times_s = 5.0 + np.arange(32) * 0.5
    (pulse,) = estimate_beat_phases([122.0], tail_of(times_s, [80.0] * 32))
    assert pulse.bpm == pytest.approx(120.0, rel=0.003)
    assert abs(math.remainder(pulse.beat_s - times_s[-1], 0.5)) < 0.03
    assert -0.53 < pulse.beat_s - times_s[-1] < 0.03  # the last one; at most a beat ago


def test_the_beat_is_the_same_whenever_and_however_high_it_is_played() -> None:
    times_s = np.array([bar * 2.0 + 0.5 * beat for bar in range(6) for beat in PATTERN])
    velocities = [90.0, 70, 70, 70, 70, 70] * 6
    here, exists = (
        estimate_beat_phases([120.0, 60.0], tail_of(times_s + later, velocities, pitch))
        for later, pitch in ((0.0, 60), (7.0, 67))
    )
    for one, other in zip(here, exists, strict=True):
        assert other.bpm == pytest.approx(one.bpm)
        assert other.beat_s - 7.0 == pytest.approx(one.beat_s, abs=1e-6)
        assert other.log_odds == pytest.approx(one.log_odds, abs=1e-2)


def test_onsets_are_described_alike_at_half_the_tempo() -> None:
    """Check that features do not depend on tempo, except for ages and speed."""
    times_s = np.cumsum([0.5, 0.25, 0.25, 1.0, 0.5, 0.5, 0.25, 0.75])
    fast, slow = (
        describe_onsets(tail_of(times_s * longer, [80.0] * 8), np.array([0.5 * longer]))
        for longer in (1.0, 2.0)
    )
    assert fast.shape == (1, 8, BEAT_FEATURES)
    assert np.allclose(fast[..., :-10], slow[..., :-10], atol=1e-5)


def test_most_melodies_of_songs_are_followed(shared_data) -> None:
    right = []
    for number in ("005", "015", "025", "035", "045", "055", "065", "075"):
        folder = shared_data / "pop909" / number
        if not folder.is_dir():
            continue
        song = load_song(folder / f"{number}.mid")
        at = song.tempo_map().seconds_at
        melody = next(track for track in song.tracks if track.name == "MELODY")
        notes = sorted((at(n.start_beats), n.velocity, n.pitch) for n in melody.notes)
        beats_s = np.array([beat.seconds for beat in read_beats(folder / BEATS)])
        follower, until_s = TempoFollower(), notes[0][0] + 25.0
        estimates_of(follower, iter([note for note in notes if note[0] < until_s]))
        true_bpm = 60 / float(np.median(np.diff(beats_s)))
        right.append(follower.bpm == pytest.approx(true_bpm, rel=0.04))
    assert sum(right) >= 0.7 * len(right)
