"""Onsets at attacks, and notes without an attack, in solo recordings."""

from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import write_audio
from muse.tools.transcription.attacks import join_without_attack, move_to_attacks
from muse.tools.transcription.beats import track_beats_file
from muse.tools.transcription.stems import Stem, transcribe_stem
from muse.tools.transcription.velocity import LeveledNote

FRAME_S = 0.01
RATE = 44_100  # Hz
LINE = (33, 36, 40, 31, 28, 33, 38, 35)
STEP_S, NOTE_S, FIRST_S = 0.4, 0.36, 0.25


def power_of(*sounding: tuple[float, float]) -> np.ndarray:
    """Return the power of a sound that is on between given times of two seconds."""
    power = np.full((200, 3), 1e-9, np.float32)
    for start, end in sounding:
        power[round(start / FRAME_S) : round(end / FRAME_S)] = 1.0
    return power


def note(onset_s: float, offset_s: float, pitch: int = 40) -> LeveledNote:
    """Return a note."""
    return LeveledNote(onset_s, offset_s, pitch, 64, 1.0)


@pytest.mark.parametrize("found_s", [0.42, 0.48, 0.5, 0.58])
def test_an_onset_beside_an_attack_is_moved_to_it(found_s: float) -> None:
    (moved,) = move_to_attacks([note(found_s, 0.9)], power_of((0.5, 1.0)), FRAME_S)
    assert moved.onset_s == pytest.approx(0.5, abs=0.031)


def test_the_attack_of_another_note_is_left_to_it() -> None:
    legato = [note(0.5, 0.58), note(0.58, 0.9, 42)]
    assert move_to_attacks(legato, power_of((0.5, 1.0)), FRAME_S) == legato


def test_a_note_that_starts_in_silence_begins_at_the_attack_within_it() -> None:
    (moved,) = move_to_attacks([note(0.1, 0.9)], power_of((0.5, 1.0)), FRAME_S)
    assert moved.onset_s == pytest.approx(0.5, abs=0.031)


def test_a_note_without_an_attack_is_joined_to_the_same_pitch_before_it() -> None:
    power = power_of((0.2, 0.6), (0.65, 1.0))
    power[80:] *= 0.5
    notes = [note(0.2, 0.6), note(0.65, 0.8), note(0.8, 1.0), note(1.0, 1.2, 42)]
    joined = join_without_attack(notes, power, FRAME_S)
    assert [(n.onset_s, n.offset_s) for n in joined] == [(0.2, 0.6), (0.65, 1.0), (1.0, 1.2)]
    assert join_without_attack([], power, FRAME_S) == []


def bass(kind: str, level: float = 0.3) -> np.ndarray:
    """Play LINE with a sine, or with a saturated one that falls by an octave: (1, samples)."""
    audio = np.zeros(round((len(LINE) * STEP_S + 0.75) * RATE))
    time = np.arange(round(NOTE_S * RATE)) / RATE
    fade = np.clip(time / 0.005, 0, 1) * np.clip((NOTE_S - time) / 0.05, 0, 1)
    glide = np.exp(-40.0 * time) if kind == "808" else 0.0
    for number, pitch in enumerate(LINE):
        hz = 440.0 * 2 ** ((pitch - 69) / 12) * (1.0 + glide * np.ones_like(time))
        sound = np.sin(2 * np.pi * np.cumsum(hz) / RATE)
        if kind == "808":
            sound = np.tanh(1.5 * sound) * np.exp(-1.5 * time)
        start = round((FIRST_S + number * STEP_S) * RATE)
        audio[start : start + len(time)] += level * fade * sound
    return audio.astype(np.float32)[None]


@pytest.mark.parametrize(("kind", "role"), [("808", None), ("sine", None), ("sine", "bass")])
def test_every_note_of_a_synthetic_bass_is_found_in_time(
    kind: str, role: str | None, tmp_path: Path
) -> None:
    write_audio(tmp_path / "bass.wav", bass(kind), RATE)
    result = transcribe_stem(Stem("solo", tmp_path / "bass.wav", role, "input", solo=True))
    found = [(n.pitch, n.onset_s) for n in result.notes]
    late = [
        min((abs(at - FIRST_S - number * STEP_S) for key, at in found if key == pitch), default=1)
        for number, pitch in enumerate(LINE)
    ]
    assert result.role == "bass"
    assert max(late) < 0.05
    assert len(found) <= len(LINE) + 1


def test_a_very_soft_recording_has_notes_and_a_tempo(tmp_path: Path) -> None:
    write_audio(tmp_path / "soft.wav", bass("808", level=1e-3), RATE, bits="24")
    stem = Stem("solo", tmp_path / "soft.wav", "bass", "input", solo=True)
    assert len(transcribe_stem(stem).notes) >= len(LINE) - 1
    assert len(track_beats_file(tmp_path / "soft.wav").beat_times_s) > 0
    write_audio(tmp_path / "silent.wav", np.zeros((1, RATE), np.float32), RATE)
    assert len(track_beats_file(tmp_path / "silent.wav").beat_times_s) == 0
