"""Intervals by arithmetic: exact on pure tones, and how well they do on richer sounds."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.audio.yin import interval_by_yin, note_pitch
from muse.tools.intervals.arithmetic import (
    cut_notes,
    halves,
    interval_by_peaks,
    interval_by_series,
    peak_hz,
    strongest_pitches,
    together_by_peaks,
    together_by_series,
)
from muse.tools.intervals.clip_settings import ClipSettings, frequency_of, pitch_of
from muse.tools.intervals.generate import clips
from tests.sounds import tone

RATE = 22_050


def accuracies(clip_settings: ClipSettings, count: int, **methods) -> dict[str, float]:
    """Return the share of clips whose interval each method names correctly."""
    sounds, labels = clips(clip_settings, count, seed=5)
    right = {
        name: [
            abs(method(*cut_notes(clip, RATE, label.onsets_s, label.durations_s), RATE))
            == label.semitones
            for clip, label in zip(sounds, labels, strict=True)
        ]
        for name, method in methods.items()
    }
    return {name: float(np.mean(answers)) for name, answers in right.items()}


def test_pure_tones_are_named_without_error() -> None:
    sounds, labels = clips(ClipSettings(sample_rate=RATE), 72, seed=1)
    found = [interval_by_peaks(*halves(clip), RATE) for clip in sounds]
    assert found == [label.semitones for label in labels]


def test_descending_is_negative() -> None:
    clip_settings = ClipSettings(sample_rate=RATE, directions=("descending",), intervals=(0, 7, 24))
    sounds, labels = clips(clip_settings, 9, seed=1)
    found = [interval_by_peaks(*halves(clip), RATE) for clip in sounds]
    assert found == [-label.semitones for label in labels]


@given(st.floats(55.0, 1760.0), st.floats(0.05, 1.0))
@settings(max_examples=30, deadline=None)
def test_peak_frequency_is_accurate_to_a_cent(hertz: float, level: float) -> None:
    found = peak_hz(tone(hertz, 0.9, RATE, level=level)[0], RATE)
    assert abs(100 * (pitch_of(found) - pitch_of(hertz))) < 1.0


def test_loud_overtones_mislead_peaks_but_not_series() -> None:
    time = np.arange(RATE) / RATE
    notes = []
    for hertz, loudest in ((220.0, 1), (330.0, 3)):
        partials = [
            (1.0 if k == loudest else 0.4) * np.sin(2 * np.pi * k * hertz * time)
            for k in range(1, 9)
        ]
        notes.append(np.sum(partials, axis=0))
    assert interval_by_peaks(*notes, RATE) == 26
    assert interval_by_series(*notes, RATE) == 7


@pytest.mark.parametrize("timbre", ["sine", "saw"])
def test_harmonic_series_name_intervals_of_synthesizers(timbre: str) -> None:
    clip_settings = ClipSettings(sample_rate=RATE, timbres=(timbre,))
    assert accuracies(clip_settings, 24, series=interval_by_series)["series"] >= 0.95


@pytest.mark.parametrize("size", [3, 4, 5, 7, 9])
@pytest.mark.parametrize("low", [45, 60, 72])
def test_two_simultaneous_sines(low: int, size: int) -> None:
    pair = sum(tone(frequency_of(pitch), 1.8, RATE, level=0.3)[0] for pitch in (low, low + size))
    assert together_by_peaks(pair, RATE) == size
    assert together_by_series(pair, RATE) == size


def test_pure_tones_in_noise_at_0_db() -> None:
    clip_settings = ClipSettings(sample_rate=RATE, snr_db=(0.0, 0.0))
    assert accuracies(clip_settings, 24, peaks=interval_by_peaks)["peaks"] == 1.0


@pytest.mark.parametrize("samples", [np.zeros(2000), np.ones(2000), np.zeros(1)])
def test_silence_and_constants_do_not_fail(samples: np.ndarray) -> None:
    assert interval_by_peaks(samples, samples, RATE) == 0
    assert len(strongest_pitches(samples, RATE, 2)) == 2
    assert interval_by_yin(samples, samples, RATE) == 0


@given(st.floats(45.0, 1760.0), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_yin_finds_periods_between_samples(hertz: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(round(0.4 * RATE)) / RATE
    partials = range(1, max(int(5000 / hertz), 1) + 1)
    # decreasing amplitudes: with a weak fundamental YIN may be an octave off
    loud = {k: rng.uniform(0.5, 1) / k for k in partials}
    note = sum(loud[k] * np.sin(2 * np.pi * k * hertz * time) for k in partials)
    pitch, periodicity = note_pitch(np.asarray(note), RATE)
    assert abs(100 * (pitch - pitch_of(hertz))) < 12.0
    assert periodicity == 1.0


def test_noise_and_silence_have_no_pitch() -> None:
    assert note_pitch(np.random.default_rng(1).standard_normal(RATE), RATE)[1] == 0.0
    assert np.isnan(note_pitch(np.zeros(RATE), RATE)[0])


@pytest.mark.parametrize("timbre", ["saw", "fm", "pluck"])
def test_yin_names_the_interval_of_every_synthesizer(timbre: str) -> None:
    clip_settings = ClipSettings(sample_rate=RATE, timbres=(timbre,))
    assert accuracies(clip_settings, 24, yin=interval_by_yin)["yin"] == 1.0


def test_yin_matches_librosa() -> None:
    sounds, _ = clips(
        ClipSettings(sample_rate=RATE, timbres=("saw", "pluck"), clip_s=1.0), 8, seed=3
    )
    for clip in sounds:
        note = clip[: round(0.35 * RATE)]
        expected = librosa.yin(note, fmin=40, fmax=2500, sr=RATE, trough_threshold=0.15)
        ours, _ = note_pitch(note, RATE)
        assert abs(ours - librosa.hz_to_midi(np.median(expected))) < 0.1
