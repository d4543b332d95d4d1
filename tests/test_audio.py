"""Audio in and out: formats, rates, broken files."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from muse.tools.audio.encodings import ENCODINGS
from muse.tools.audio.io import (
    AudioReader,
    read_audio,
    resampled,
    write_audio,
    writing_audio,
)
from muse.tools.errors import BadInputError, MissingPartError, ParameterError
from tests.sounds import tone


@pytest.mark.parametrize(("bits", "error"), [("16", 2**-16), ("24", 2**-24), ("32f", 0.0)])
def test_a_wav_reads_back_as_written(tmp_path: Path, bits: str, error: float) -> None:
    audio = np.random.default_rng(0).uniform(-1, 0.99, (2, 5000)).astype(np.float32)
    write_audio(tmp_path / "a.wav", audio, 48_000, bits=bits)
    back, rate = read_audio(tmp_path / "a.wav")
    assert rate == 48_000
    assert np.abs(back - audio).max() <= error * 1.0001


def test_integers_clip_and_do_not_wrap(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", np.array([[2.0, -2.0, 1.0]], np.float32), 8000)
    assert read_audio(tmp_path / "a.wav")[0].tolist() == [[32767 / 32768, -1.0, 32767 / 32768]]


@pytest.mark.parametrize("suffix", ENCODINGS)
def test_every_format_is_read_back_at_its_length(tmp_path: Path, suffix: str) -> None:
    audio = tone(440, 0.5)
    write_audio(tmp_path / f"a.{suffix}", audio, 44_100)
    back, rate = read_audio(tmp_path / f"a.{suffix}")
    assert rate == 44_100
    assert abs(back.shape[1] - audio.shape[1]) < 2500  # mp3 pads to its frames
    middle = slice(8000, 16_000)
    assert np.sqrt((back[:, middle] ** 2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_blocks_are_the_whole_file_and_start_again(tmp_path: Path) -> None:
    audio = tone(220, 0.3)
    write_audio(tmp_path / "a.wav", audio, 44_100, bits="32f")
    with AudioReader(tmp_path / "a.wav") as reader:
        for _ in range(2):
            blocks = list(reader.blocks(1000))
            assert {block.shape[1] for block in blocks[:-1]} == {1000}
            np.testing.assert_array_equal(np.concatenate(blocks, axis=1), audio)


@pytest.mark.parametrize(
    ("from_rate", "to_rate"), [(8000, 44_100), (96_000, 44_100), (44_100, 22_050)]
)
def test_resampling_in_blocks_is_resampling_at_once(from_rate: int, to_rate: int) -> None:
    import soxr

    audio = tone(440, 0.5, from_rate)
    pieces = np.concatenate(
        list(resampled(np.array_split(audio, 7, axis=1), from_rate, to_rate)), axis=1
    )
    whole = soxr.resample(audio.T, from_rate, to_rate).T
    assert abs(pieces.shape[1] - round(audio.shape[1] * to_rate / from_rate)) <= 1
    length = min(pieces.shape[1], whole.shape[1])
    np.testing.assert_allclose(pieces[:, :length], whole[:, :length], atol=1e-4)


def test_a_broken_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writing_audio(tmp_path / "a.wav", 8000, 1) as writer:
        writer.write(tone(100, 0.1, 8000, channels=1))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("text.wav", b"this is not audio\n" * 50, "not audio"),
        ("empty.wav", b"", "is empty"),
        ("half-a-header.wav", b"RIFF\x00\x00", "not audio"),
    ],
)
def test_junk_is_bad_input_and_named(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BadInputError, match=f"{name}.*{message}"):
        read_audio(path)


def test_a_missing_file_and_a_folder_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such file"):
        read_audio(tmp_path / "none.wav")
    with pytest.raises(BadInputError, match="is a folder"):
        read_audio(tmp_path)


def test_a_file_without_frames_is_bad_input(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", np.zeros((1, 0), np.float32), 44_100)
    with pytest.raises(BadInputError, match="no audio"):
        read_audio(tmp_path / "a.wav")


def test_a_truncated_mp3_is_read_up_to_its_end(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.mp3", tone(440, 3), 44_100)
    data = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "half.mp3").write_bytes(data[: len(data) // 2])
    audio, rate = read_audio(tmp_path / "half.mp3")
    assert 1.0 < audio.shape[1] / rate < 2.0


def test_samples_that_are_no_audio_become_silence(tmp_path: Path) -> None:
    data = np.array([0.5, np.nan, np.inf, -np.inf, 1e30, 32768.0], np.float32)
    soundfile.write(tmp_path / "a.wav", data, 8000, subtype="FLOAT")
    assert read_audio(tmp_path / "a.wav")[0].tolist() == [[0.5, 0, 0, 0, 0, 32768.0]]


@pytest.mark.needs_ffmpeg
def test_ffmpeg_reads_what_libsndfile_cannot(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", tone(440, 1), 44_100)
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.wav", tmp_path / "a.m4a"]
    subprocess.run(command, check=True)
    audio, rate = read_audio(tmp_path / "a.m4a")
    assert rate == 44_100
    assert 0.9 < audio.shape[1] / rate < 1.2
    assert len(audio) == 2


def test_without_ffmpeg_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    (tmp_path / "a.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A " + b"\x00" * 64)
    with pytest.raises(MissingPartError, match="install ffmpeg"):
        read_audio(tmp_path / "a.m4a")
    (tmp_path / "a.wav").write_bytes(b"text" * 50)
    with pytest.raises(BadInputError, match="not audio"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("name", "bits", "rate"),
    [("a.mid", "16", 44_100), ("a.flac", "32f", 44_100), ("a.mp3", "16", 96_000)],
)
def test_what_cannot_be_written_is_a_parameter(
    tmp_path: Path, name: str, bits: str, rate: int
) -> None:
    with pytest.raises(ParameterError):
        write_audio(tmp_path / name, tone(440, 0.1, rate), rate, bits=bits)
    assert list(tmp_path.iterdir()) == []
