"""The role of a solo recording, detected from its sound and its notes."""

from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import write_audio
from muse.tools.audio.render import render
from muse.tools.song.document import Song
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitched import PitchedTranscription
from muse.tools.transcription.role_detection import (
    ANALYSIS_RATE,
    choose_role,
    excerpt,
    is_drums_file,
    polyphonic_share,
    role_of_notes,
)
from tests.sounds import tone


@pytest.mark.needs_fluidsynth
@pytest.mark.parametrize("name", ["Lead", "Keys", "Bass", "Drums"])
def test_drums_are_distinguished_from_the_other_instruments(
    name: str, example_song: Song, tmp_path: Path
) -> None:
    example_song.tracks = [track for track in example_song.tracks if track.name == name]
    write_audio(tmp_path / "a.wav", render(example_song), 44_100)
    assert is_drums_file(tmp_path / "a.wav") == (name == "Drums")


def test_noise_bursts_are_drums_and_a_tone_is_not(tmp_path: Path) -> None:
    burst = np.random.default_rng(1).normal(0, 0.3, 2000) * np.exp(-np.arange(2000) / 300)
    audio = np.tile(np.pad(burst, (0, 9000)), 12).astype(np.float32)[None]
    write_audio(tmp_path / "hits.wav", audio, 44_100)
    write_audio(tmp_path / "tone.wav", tone(440, 3), 44_100)
    assert is_drums_file(tmp_path / "hits.wav")
    assert not is_drums_file(tmp_path / "tone.wav")


def test_the_excerpt_begins_with_the_sound(tmp_path: Path) -> None:
    audio = np.concatenate([np.zeros((2, 44_100 * 20), np.float32), tone(440, 3)], axis=1)
    write_audio(tmp_path / "late.wav", audio, 44_100)
    audio_excerpt = excerpt(tmp_path / "late.wav")
    assert np.sqrt((audio_excerpt**2).mean()) > 0.1
    assert len(audio_excerpt) >= 3 * ANALYSIS_RATE


def line(pitches: list[int], length_s: float = 0.4) -> list[NoteEvent]:
    return [NoteEvent(i * 0.4, i * 0.4 + length_s, p, 80, 1.0) for i, p in enumerate(pitches)]


def test_roles_follow_from_the_notes() -> None:
    chords = [NoteEvent(i, i + 0.9, p, 80, 1.0) for i in range(4) for p in (60, 64, 67)]
    assert role_of_notes(chords) == "keys"
    assert role_of_notes(line([40, 43, 45, 36])) == "bass"
    assert role_of_notes(line([72, 74, 76, 71])) == "lead"
    assert role_of_notes(line([72, 74, 76, 71], length_s=0.43)) == "lead"  # legato
    assert role_of_notes([]) == "keys"


def test_polyphonic_share_is_of_the_sounding_time() -> None:
    assert polyphonic_share([NoteEvent(0, 2, 60, 80, 1), NoteEvent(1, 3, 64, 80, 1)]) == (
        pytest.approx(1 / 3)
    )


def found(**explained: float) -> dict[str, PitchedTranscription]:
    """Return transcriptions with these explained shares, whose notes suggest a lead."""
    notes = line([72, 74, 76, 71])
    return {
        role: PitchedTranscription(notes, explained_share=share)
        for role, share in explained.items()
    }


def test_the_suggested_role_is_taken_unless_another_explains_much_more() -> None:
    assert choose_role(found(keys=0.9, bass=0.1, lead=0.8)) == "lead"
    assert choose_role(found(keys=0.3, bass=0.9, lead=0.0)) == "bass"
    assert choose_role(found(keys=0.9, bass=0.1, lead=0.5)) == "keys"
    assert choose_role(found(guitar=0.2)) == "guitar"
