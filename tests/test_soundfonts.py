"""Soundfonts that are missing, cut off, or lack an instrument."""

import logging
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.render import select_program
from muse.tools.audio.soundfonts import find_soundfonts, usable_soundfonts
from muse.tools.song.document import Note, Song, Track
from muse.tools.transcription.build_song import measure_song_drift
from muse.tools.transcription.drift import Attacks


@pytest.fixture
def cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set a soundfont that is cut off, the smallest there is."""
    monkeypatch.delenv("MUSE_SOUNDFONT", raising=False)
    path = tmp_path / "half.sf2"
    with find_soundfonts()[-1].open("rb") as file:
        path.write_bytes(file.read(10_000))
    monkeypatch.setenv("MUSE_SOUNDFONT", str(path))
    return path


def test_a_cut_off_soundfont_is_not_used(cut_off: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "muse"):
        assert cut_off not in usable_soundfonts()
    assert "half.sf2: the soundfont is incomplete; not used" in caplog.text


def test_a_missing_soundfont_is_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MUSE_SOUNDFONT", "/nowhere/a.sf2")
    with caplog.at_level(logging.INFO, "muse"):
        usable_soundfonts()
    assert "/nowhere/a.sf2: no such file" in caplog.text


SONG = Song(tracks=[Track(name="keys", notes=[Note(0.0, 1.0, 60, 90)])])
ATTACKS = Attacks(np.zeros(500, np.float32), 250.0)


@pytest.mark.needs_fluidsynth
@pytest.mark.usefixtures("cut_off")
def test_the_drift_is_measured_without_a_cut_off_soundfont() -> None:
    measure_song_drift(SONG, ATTACKS)


@pytest.mark.needs_fluidsynth
def test_no_soundfont_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"RIFF\x04\0\0\0sfbk")
    monkeypatch.setattr("muse.tools.transcription.build_song.usable_soundfonts", lambda: [broken])
    with caplog.at_level(logging.INFO, "muse"):
        assert measure_song_drift(SONG, ATTACKS) is None
    assert "drift is not measured" in caplog.text


class Synth:
    """A synthesizer whose soundfont has some (bank, program) only."""

    def __init__(self, *presets: tuple[int, int]) -> None:
        self.presets = presets

    def program_select(self, _channel: int, _font: int, bank: int, program: int) -> int:
        return 0 if (bank, program) in self.presets else -1


@pytest.mark.parametrize(
    ("presets", "program", "message"),
    [
        ([(128, 0)], 8, "no drum kit 8; playing drum kit 0 instead"),
        ([(0, 0)], 8, "no drum kit 8; its notes are silent"),
        ([(0, 0)], 0, "no drum kit 0; its notes are silent"),
    ],
)
def test_a_missing_drum_kit(
    caplog: pytest.LogCaptureFixture, presets: list[tuple[int, int]], program: int, message: str
) -> None:
    select_program(Synth(*presets), 1, 9, 128, program)
    assert message in caplog.text
