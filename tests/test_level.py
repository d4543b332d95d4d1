"""The level of a recording that is transcribed."""

import logging
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import read_audio, write_audio
from muse.tools.audio.level import leveled
from muse.tools.transcription.options import TranscribeOptions
from muse.tools.transcription.stems import SOLO_SILENCE_DBFS, is_silent
from muse.tools.transcription.transcribe import transcribe_file
from tests.sounds import tone

FULL = tone(440, 0.5, level=1.0)


@pytest.mark.parametrize("peak_dbfs", [-58.0, -40.0, 90.3])
def test_an_unusual_level_is_changed_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, peak_dbfs: float
) -> None:
    quiet = FULL * np.float32(10 ** (peak_dbfs / 20))
    write_audio(tmp_path / "a.wav", quiet, 44_100, bits="32f")
    with caplog.at_level(logging.INFO, "muse"):
        sound = leveled(tmp_path / "a.wav", "a.wav", tmp_path)
    audio, rate = read_audio(sound)
    np.testing.assert_allclose(audio, 10 ** (-6 / 20) * FULL, atol=1e-4)
    assert rate == 44_100
    assert f"(peak {peak_dbfs:.1f} dBFS)" in caplog.text


@pytest.mark.parametrize("level", [0.0, 1e-5, 0.1, 1.0])
def test_a_usual_level_and_silence_are_left(tmp_path: Path, level: float) -> None:
    write_audio(tmp_path / "a.wav", level * FULL, 44_100, bits="32f")
    assert leveled(tmp_path / "a.wav", "a.wav", tmp_path) == tmp_path / "a.wav"


def test_a_quiet_recording_gives_the_notes_of_a_loud_one(tmp_path: Path) -> None:
    loud = np.concatenate([tone(262 * 2 ** (n / 12), 0.4) for n in (0, 4, 7)], axis=1)
    songs = []
    for name, gain in (("loud", 1.0), ("quiet", 0.003)):
        write_audio(tmp_path / f"{name}.wav", np.float32(gain) * loud, 44_100, bits="32f")
        options = TranscribeOptions(separate=False, role="keys")
        songs.append(transcribe_file(tmp_path / f"{name}.wav", None, options).song)
    pitches = [[note.pitch for track in song.tracks for note in track.notes] for song in songs]
    assert pitches[0] == pitches[1] != []


@pytest.mark.parametrize("value", [1e20, -1e30, 3e38])
def test_absurd_samples_are_silence(tmp_path: Path, value: float) -> None:
    audio = FULL.copy()
    audio[:, 100:200] = value
    write_audio(tmp_path / "a.wav", audio, 44_100, bits="32f")
    back, _ = read_audio(tmp_path / "a.wav")
    assert np.abs(back).max() <= 1.0
    assert not back[:, 100:200].any()
    write_audio(tmp_path / "b.wav", np.full((2, 5000), value, np.float32), 44_100, bits="32f")
    assert is_silent(tmp_path / "b.wav", SOLO_SILENCE_DBFS)
