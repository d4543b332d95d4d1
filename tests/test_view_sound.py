"""`muse view` of audio: measurements, text and pictures."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import write_audio
from muse.tools.audio.mel import mel_filterbank
from muse.tools.view.audio_overview import BANDS, FLOOR_DB, Columns, band_range_hz, read_overview
from tests.conftest import Result
from tests.sounds import tone

Muse = Callable[..., Result]


def test_audio_in_a_terminal_and_as_a_picture(
    muse: Muse, tmp_path: Path, tone_file: Callable[..., Path]
) -> None:
    path = tone_file(seconds=3.0, frequency=1000.0)
    text = muse("view", path).out.decode()
    assert "0:03 · 44100 Hz · stereo · peak -6.0 dBFS · -6." in text
    assert muse("view", path, "-o", tmp_path / "a.png").code == 0
    facts = json.loads(muse("view", path, "--json").out)
    assert facts["duration_s"] == 3.0 and facts["loudness_lufs"] == pytest.approx(-6.0, abs=0.1)


def test_a_sine_lies_in_its_band(tone_file: Callable[..., Path]) -> None:
    overview = read_overview(tone_file(frequency=1000.0, seconds=2.0), 50)
    band = int(overview.mel_db[:, 25].argmax())
    assert overview.edges_hz[band] < 1000 < overview.edges_hz[band + 2]
    assert overview.mel_db.max() == 0 and overview.mel_db[-1].max() < -50
    assert np.allclose(overview.highest, 0.5, atol=0.01) and np.allclose(
        overview.lowest, -0.5, atol=0.01
    )


def test_silence_and_single_samples_are_drawn(tmp_path: Path) -> None:
    for frames in (1, 100, 44_100):
        path = tmp_path / f"{frames}.wav"
        write_audio(path, np.zeros((1, frames), np.float32), 44_100)
        overview = read_overview(path, 70)
        assert len(overview.highest) == min(frames, 70) and overview.mel_db.shape[1] == len(
            overview.highest
        )
        assert overview.mel_db.max() == FLOOR_DB and overview.loudness_lufs is None


def test_an_overview_does_not_depend_on_the_blocks(tmp_path: Path) -> None:
    audio = tone(300.0, 1.0) * np.linspace(0, 1, 44_100, dtype=np.float32)
    write_audio(tmp_path / "a.wav", audio, 44_100, bits="32f")
    whole = read_overview(tmp_path / "a.wav", 33)
    pieces = Columns(44_100, 44_100, 33)
    for start in range(0, 44_100, 777):
        pieces.add(audio[:, start : start + 777])
    assert np.array_equal(pieces.highest, whole.highest)
    assert np.allclose(pieces.finish(), whole.mel_db, atol=1e-3)


def test_mel_filters_are_those_of_librosa() -> None:
    import librosa

    reference = librosa.filters.mel(sr=44_100, n_fft=2048, n_mels=96, fmin=30.0, fmax=16_000.0)
    assert np.allclose(
        mel_filterbank(44_100, 2048, BANDS, *band_range_hz(44_100)), reference, atol=1e-6
    )
