"""Stems: silence, solo recordings of sounds that the note net does not know, and engines."""

from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import write_audio
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.stem_transcription import StemTranscription
from muse.tools.transcription.stems import (
    Stem,
    is_silent,
    remove_notes,
    transcribe_stem,
    without_lead,
)
from tests.sounds import tone

RATE = 44_100  # Hz
BASS_LINE = (33, 36, 40, 31, 28, 33, 38, 35, 43, 40, 36, 33, 29, 31, 33, 45)
STEP_S, NOTE_S = 0.4, 0.36


def square_bass() -> np.ndarray:
    """Play BASS_LINE with odd partials only, as a synthesizer's square wave: (1, samples)."""
    audio = np.zeros(round((len(BASS_LINE) * STEP_S + 0.75) * RATE))
    time = np.arange(round(NOTE_S * RATE)) / RATE
    fade = np.clip(time / 0.005, 0, 1) * np.clip((NOTE_S - time) / 0.05, 0, 1)
    for number, pitch in enumerate(BASS_LINE):
        hz = 440.0 * 2 ** ((pitch - 69) / 12)
        sound = sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 40, 2))
        start = round((0.25 + number * STEP_S) * RATE)
        audio[start : start + len(time)] += 0.3 * fade * sound
    return audio.astype(np.float32)[None]


@pytest.mark.parametrize("role", [None, "bass"])
def test_auto_takes_the_engine_that_explains_the_sound(role, tmp_path: Path) -> None:
    path = tmp_path / "bass.wav"
    write_audio(path, square_bass(), RATE)
    stem = Stem("solo", path, role, "input", solo=True)
    result = transcribe_stem(stem)
    onsets = {note.pitch: [] for note in result.notes}
    for note in result.notes:
        onsets[note.pitch].append(note.onset_s)
    found = sum(
        any(abs(onset - 0.25 - number * STEP_S) < 0.05 for onset in onsets.get(pitch, ()))
        for number, pitch in enumerate(BASS_LINE)
    )
    assert (result.role, result.engine) == ("bass", "basic-pitch")
    assert found >= 14
    assert "using basic-pitch" in result.warning
    assert transcribe_stem(stem, engine="note-net").engine == "note-net"


def test_a_drum_stem_and_a_silent_stem_need_no_engine_for_pitched_notes(tmp_path: Path) -> None:
    write_audio(tmp_path / "silent.wav", np.zeros((2, RATE), np.float32), RATE)
    silent = transcribe_stem(Stem("bass", tmp_path / "silent.wav", "bass", "mix"))
    assert silent.silent
    assert not silent.notes
    write_audio(tmp_path / "tone.wav", tone(440, 1.0), RATE)
    drums = transcribe_stem(Stem("drums", tmp_path / "tone.wav", "drums", "mix"))
    assert drums.engine == "drum-net"


@pytest.mark.parametrize(("level", "silent"), [(0.01, False), (0.0005, True), (0.0, True)])
def test_silence_is_below_minus_60_dbfs(level: float, silent: bool, tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", tone(440, 0.5, level=level), RATE, bits="24")
    assert is_silent(tmp_path / "a.wav") == silent


def test_notes_found_twice_are_removed() -> None:
    notes = [NoteEvent(0.0, 1.0, 60, 80, 1.0), NoteEvent(1.0, 2.0, 60, 80, 1.0)]
    assert remove_notes(notes, [NoteEvent(1.04, 2.0, 60, 80, 1.0)]) == notes[:1]
    assert remove_notes(notes, [NoteEvent(1.0, 2.0, 61, 80, 1.0)]) == notes


def test_a_high_note_of_the_lead_is_no_bass_note() -> None:
    low, high = (NoteEvent(0.0, 1.0, pitch, 80, 1.0) for pitch in (40, 60))
    bass = StemTranscription("bass", "bass", notes=[low, high])
    assert without_lead(bass, [low, high]).notes == [low]
    assert without_lead(bass, []).notes == [low, high]
