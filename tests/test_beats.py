"""Beats, bars, tempo maps and keys."""

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from muse.tools.errors import ParameterError
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription.beats import BeatTrack, track_beats, track_beats_file
from muse.tools.transcription.key import estimate_key
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.tempo import (
    fit_tempo_map,
    lead_in_beats,
    meters_of_track,
    pickup_beats,
)

RATE = 22_050
Mono = NDArray[np.float32]
Times = NDArray[np.float64]


def band(beat_times: Times, beats_of_bar: int = 4, seed: int = 0) -> Mono:
    """Synthesize a bass drum on downbeats, noise on other beats, hiss between, a chord per bar."""
    random = np.random.default_rng(seed)
    time = np.arange(int(0.3 * RATE)) / RATE
    decay = np.exp(-time * 25)
    kick = np.sin(2 * np.pi * 60 * time) * decay
    clap = random.normal(0, 0.5, len(time)) * decay
    audio = np.zeros(int((beat_times[-1] + 1) * RATE))
    roots = (220.0, 174.6, 261.6, 196.0)
    for index, start in enumerate(beat_times):
        if index + 1 < len(beat_times):
            middle = int((start + beat_times[index + 1]) / 2 * RATE)
            audio[middle : middle + len(time)] += 0.15 * np.diff(clap, prepend=0.0)
        frame = int(start * RATE)
        audio[frame : frame + len(time)] += kick if index % beats_of_bar == 0 else 0.6 * clap
        if index % beats_of_bar == 0:
            length = min(int(2 * RATE), len(audio) - frame)
            ring = np.arange(length) / RATE
            root = roots[index // beats_of_bar % 4]
            for ratio in (0.5, 1.0, 1.25, 1.5):
                audio[frame : frame + length] += (
                    0.3 * np.sin(2 * np.pi * root * ratio * ring) * np.exp(-ring)
                )
    return (0.3 * audio).astype(np.float32)


def track_of(times: Times, first_number: int = 0, numerator: int = 4) -> BeatTrack:
    numbers = (np.arange(len(times)) + first_number) % numerator
    return BeatTrack(times, numbers, numerator, 4, 1.0, 1.0)


def f_measure(truth: Times, found: Times) -> float:
    return float(mir_eval.beat.f_measure(truth, found))


@pytest.mark.parametrize("bpm", [70, 100, 128])
def test_a_steady_band(bpm: int) -> None:
    truth = 0.4 + np.arange(48) * 60 / bpm
    found = track_beats(band(truth), RATE)
    assert f_measure(truth, found.beat_times_s) > 0.95
    assert found.numerator == 4
    assert f_measure(truth[::4], found.downbeat_times_s) > 0.9
    assert np.median(found.bpm) == pytest.approx(bpm, rel=0.01)


def test_a_waltz() -> None:
    truth = 0.3 + np.arange(60) * 60 / 110
    found = track_beats(band(truth, beats_of_bar=3), RATE)
    assert found.numerator == 3
    assert f_measure(truth[::3], found.downbeat_times_s) > 0.9


def test_an_accelerando() -> None:
    truth = 0.5 + np.cumsum(60 / np.linspace(85, 130, 70))
    assert f_measure(truth, track_beats(band(truth), RATE).beat_times_s) > 0.95


def test_a_change_of_tempo() -> None:
    truth = 0.5 + np.cumsum(np.repeat([60 / 96, 60 / 118], 40))
    found = track_beats(band(truth), RATE)
    assert f_measure(truth, found.beat_times_s) > 0.93
    map_ = TempoMap(fit_tempo_map(found))
    assert map_.bpm_at(20) == pytest.approx(96, rel=0.005)
    assert map_.bpm_at(70) == pytest.approx(118, rel=0.005)


def test_windows_join(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = 0.4 + np.arange(80) * 0.55
    audio = band(truth)
    whole = track_beats(audio, RATE)
    monkeypatch.setattr("muse.tools.transcription.beats.WINDOW_S", 20.0)
    monkeypatch.setattr("muse.tools.transcription.beats.COMMIT_S", 12.0)
    assert f_measure(whole.beat_times_s, track_beats(audio, RATE).beat_times_s) > 0.98


def test_beats_follow_a_given_tempo() -> None:
    truth = 0.4 + np.arange(48) * 0.5
    for bpm in (60, 120):
        found = track_beats(band(truth), RATE, bpm=bpm)
        assert np.median(found.bpm) == pytest.approx(bpm, rel=0.02)


@pytest.mark.parametrize("bpm", [0.0, -3.0, 5.0, 1000.0])
def test_a_tempo_out_of_range_is_refused(bpm: float) -> None:
    with pytest.raises(ParameterError, match="bpm"):
        track_beats(np.zeros(100, np.float32), RATE, bpm=bpm)


@pytest.mark.parametrize("frames", [0, 1, 2205, 5 * RATE])
def test_silence_has_no_beats(frames: int) -> None:
    found = track_beats(np.zeros(frames, np.float32), RATE)
    assert len(found.beat_times_s) == 0
    assert found.confidence == 0
    assert fit_tempo_map(found) == []
    assert meters_of_track(found) == [(0.0, 4, 4)]


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_short_noise_gives_ordered_beats(rate: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, rate // 10).astype(np.float32)
    found = track_beats(noise, rate)
    assert np.all(np.diff(found.beat_times_s) > 0)


def test_music_has_more_confidence_than_noise() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 20 * RATE).astype(np.float32)
    music = band(0.4 + np.arange(36) * 0.55)
    assert track_beats(music, RATE).confidence > track_beats(noise, RATE).confidence


def test_a_file_gives_the_beats_of_its_samples(tmp_path) -> None:
    from muse.tools.audio.io import write_audio

    audio = band(0.4 + np.arange(24) * 0.5)
    write_audio(tmp_path / "a.wav", audio[None], RATE, bits="32f")
    from_file = track_beats_file(tmp_path / "a.wav").beat_times_s
    assert np.array_equal(from_file, track_beats(audio, RATE).beat_times_s)


@settings(deadline=None, max_examples=40)
@given(
    bpm=st.integers(50, 200),
    start=st.floats(0.0, 5.0),
    jitter=st.floats(0.0, 0.006),
    seed=st.integers(0, 999),
)
def test_a_steady_tempo_is_one_round_tempo(
    bpm: int, start: float, jitter: float, seed: int
) -> None:
    truth = start + np.arange(100) * 60 / bpm
    noise = np.random.default_rng(seed).normal(0, jitter, len(truth))
    track = track_of(np.maximum(truth + noise, 0.0))
    tempos = fit_tempo_map(track)
    assert len(tempos) <= 2  # a lead-in at most
    assert tempos[-1][1] == pytest.approx(bpm, rel=1e-3)
    map_ = TempoMap(tempos)
    lead_in = lead_in_beats(track)
    late = [abs(map_.seconds_at(lead_in + i) - truth[i]) for i in range(4, 100)]
    assert max(late) < 0.015


def test_a_steady_tempo_is_exact() -> None:
    noise = np.random.default_rng(1).normal(0, 0.004, 120)
    assert fit_tempo_map(track_of(1.0 + np.arange(120) * 0.5 + noise)) == [(0.0, 120.0)]


def test_outliers_do_not_change_the_tempo() -> None:
    times = 0.5 + np.arange(64) * 0.5
    times[[10, 30, 50]] += 0.04
    assert fit_tempo_map(track_of(times)) == [(0.0, 120.0)]


def test_a_tempo_change_is_at_its_beat() -> None:
    times = 0.6 + np.concatenate([[0], np.cumsum(np.repeat([60 / 100, 60 / 126], 60))])
    assert fit_tempo_map(track_of(times)) == [(0.0, 100.0), (61.0, 126.0)]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 9999), sway=st.floats(0.0, 0.02), start=st.floats(0.0, 3.0))
def test_the_map_follows_a_swaying_tempo(seed: int, sway: float, start: float) -> None:
    drift = np.cumsum(np.random.default_rng(seed).normal(0, sway, 80))
    times = start + np.cumsum(np.concatenate([[0], 0.5 * np.exp(np.clip(drift, -0.3, 0.3))]))
    track = track_of(times)
    map_ = TempoMap(fit_tempo_map(track))
    error = [map_.seconds_at(lead_in_beats(track) + i) - time for i, time in enumerate(times)]
    assert np.median(np.abs(error)) < 0.02
    assert all(bpm > 0 for bpm in map_.bpms)


@pytest.mark.parametrize("first_number", [0, 1, 2, 3])
@pytest.mark.parametrize("start", [0.0, 0.05, 0.3, 0.5, 1.3, 2.0])
def test_downbeats_lie_on_bar_lines(first_number: int, start: float) -> None:
    track = track_of(start + np.arange(40) * 0.5, first_number)
    meters = meters_of_track(track)
    first_downbeat = lead_in_beats(track) + (4 - first_number) % 4
    assert (first_downbeat - meters[-1][0]) % 4 == 0
    assert meters[0][0] == 0
    assert pickup_beats(track) in range(4)


def scale(tonic: int, steps: tuple[int, ...]) -> list[NoteEvent]:
    """Return a scale up and down with long first, third and fifth degrees."""
    lengths = (1.0, 0.3, 0.6, 0.3, 0.8, 0.3, 0.3)
    return [
        NoteEvent(i, i + length, 60 + tonic + step, 80, 1.0)
        for i, (step, length) in enumerate(zip(steps, lengths, strict=True))
    ]


@pytest.mark.parametrize("tonic", range(12))
def test_keys_of_scales(tonic: int) -> None:
    assert estimate_key(scale(tonic, (0, 2, 4, 5, 7, 9, 11)))[:2] == (tonic, "major")
    assert estimate_key(scale(tonic, (0, 2, 3, 5, 7, 8, 11)))[:2] == (tonic, "minor")


def test_no_notes_have_a_key_of_confidence_0() -> None:
    assert estimate_key([])[2] == 0
    chromatic = [NoteEvent(i, i + 1, 60 + i, 80, 1.0) for i in range(12)]
    assert estimate_key(chromatic)[2] == 0
