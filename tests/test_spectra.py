"""Semitone spectra, tuning and velocity: units and limits."""

import numpy as np
import pytest

from muse.models.basic_pitch import HOP_LENGTH, LOWEST_PITCH, SAMPLE_RATE
from muse.tools.audio.spectra import (
    LONG_WINDOW,
    POWER_FLOOR,
    ROWS,
    SHORT_WINDOW,
    partial_power,
    pitch_to_hz,
    power_to_db,
    semitone_power,
)
from muse.tools.audio.tuning import estimate_tuning
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.velocity import LeveledNote, with_velocities


def sine(hz: float, seconds: float = 1.0, gain: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (gain * np.sin(2 * np.pi * hz * time)).astype(np.float32)


@pytest.mark.parametrize("pitch", [48, 57, 69, 84, 100])
def test_a_sine_lies_in_its_row_at_full_scale(pitch: int) -> None:
    hz = float(pitch_to_hz(np.array([pitch]))[0])
    power = semitone_power(sine(hz), LONG_WINDOW)
    middle = power[len(power) // 2]
    assert int(middle.argmax()) == pitch - LOWEST_PITCH
    assert 0.5 < middle.max() < 2.0


@pytest.mark.parametrize("window", [SHORT_WINDOW, LONG_WINDOW])
@pytest.mark.parametrize("samples", [1, HOP_LENGTH, 5 * HOP_LENGTH + 1])
def test_one_frame_for_each_hop(window: int, samples: int) -> None:
    power = semitone_power(np.zeros(samples, np.float32), window)
    assert power.shape == (-(-samples // HOP_LENGTH), ROWS)
    assert power.max() == 0.0


def test_silence_is_at_the_floor() -> None:
    assert power_to_db(np.zeros((1, 1), np.float32)).item() == pytest.approx(
        10 * np.log10(POWER_FLOOR), abs=0.01
    )


def test_partials_count_for_their_fundamental() -> None:
    power = np.zeros((1, ROWS), np.float32)
    for shift in (0, 12, 19):
        power[0, 40 + shift] = 1.0
    assert int(partial_power(power, partials=3)[0].argmax()) == 40


@pytest.mark.parametrize("cents", [-45.0, -12.0, 0.0, 30.0])
def test_tuning_of_a_chord(cents: float) -> None:
    pitches = np.array([57, 64, 69, 73])
    hz = pitch_to_hz(pitches) * 2 ** (cents / 1200)
    audio = np.sum([sine(each, 3.0, 0.2) for each in hz], axis=0)
    assert estimate_tuning(audio.astype(np.float32)) == pytest.approx(cents, abs=1.0)


def test_noise_and_silence_have_no_tuning() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE * 3).astype(np.float32)
    assert estimate_tuning(noise) == 0.0
    assert estimate_tuning(np.zeros(100, np.float32)) == 0.0
    assert estimate_tuning(np.zeros(0, np.float32)) == 0.0


def test_velocities_follow_levels_about_the_median() -> None:
    levels = [-60.0, -40.0, -30.0, -29.0, -20.0]
    notes = [LeveledNote(i, i + 0.5, 60, 64, 0.9, level) for i, level in enumerate(levels)]
    velocities = [note.velocity for note in with_velocities(notes)]
    assert velocities == sorted(velocities)
    assert velocities[2] == 84
    assert min(velocities) >= 1
    assert max(velocities) <= 127
    assert all(type(note) is NoteEvent for note in with_velocities(notes))
    assert with_velocities([]) == []
