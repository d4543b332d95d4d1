"""Audio files as mono streams: decoded once and closed afterwards."""

from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio import io as audio
from muse.tools.audio import onsets
from muse.tools.errors import BadInputError
from muse.tools.transcription.beats import track_beats_file
from muse.tools.transcription.drift import measure_drift_file
from muse.tools.transcription.drums import transcribe_drums_file

RATE = 22_050


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Write two seconds of stereo noise."""
    path = tmp_path / "song.wav"
    noise = np.random.default_rng(0).normal(0.0, 0.1, (2, 2 * RATE)).astype(np.float32)
    audio.write_audio(path, noise, RATE, bits="32f")
    return path


def test_a_file_is_the_mean_of_its_channels(song: Path) -> None:
    whole, _ = audio.read_audio(song)
    with onsets.blocks_of_file(song) as (blocks, rate):
        joined = np.concatenate(list(blocks))
    assert rate == RATE
    np.testing.assert_array_equal(joined, whole.mean(axis=0))


@pytest.mark.parametrize(
    "read",
    [
        track_beats_file,
        transcribe_drums_file,
        lambda path: measure_drift_file(path, [np.zeros(RATE, np.float32)], RATE),
    ],
    ids=["beats", "drums", "drift"],
)
def test_files_are_not_decoded_again(read, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = audio.open_sound_file
    monkeypatch.setattr(
        audio, "open_sound_file", lambda *arguments: opened.append(arguments) or real(*arguments)
    )
    read(song)
    # without beats the peak is measured as well, since quiet music is made louder
    assert len(opened) == (2 if read is track_beats_file else 1)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such file"), onsets.blocks_of_file(tmp_path / "x"):
        pass
