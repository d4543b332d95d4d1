"""The length in a header is a hint: files are read to their end."""

import logging
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from muse.tools.audio import mp3_header
from muse.tools.audio.io import AudioReader, read_audio, write_audio
from muse.tools.errors import BadInputError
from muse.tools.transcription.options import TranscribeOptions
from muse.tools.transcription.transcribe import transcribe_file
from tests.sounds import tone

RATE = 22_050


@pytest.fixture
def wav(tmp_path: Path) -> bytes:
    write_audio(tmp_path / "right.wav", tone(440, 2, RATE, channels=1), RATE)
    return (tmp_path / "right.wav").read_bytes()


def with_sizes(data: bytes, riff: int, samples: int) -> bytes:
    """Return a WAV of 44 bytes of header with other sizes."""
    return data[:4] + struct.pack("<I", riff) + data[8:40] + struct.pack("<I", samples) + data[44:]


@pytest.mark.parametrize(
    ("riff", "samples", "stated"),
    [(0, 0, "0.0"), (36, 22_050, "0.5"), (0, 4410, "0.1"), (2**31, 2**31 - 8, "48695.8")],
)
def test_a_wav_with_a_wrong_size_is_read_to_its_end(
    tmp_path: Path,
    wav: bytes,
    caplog: pytest.LogCaptureFixture,
    riff: int,
    samples: int,
    stated: str,
) -> None:
    (tmp_path / "crashed.wav").write_bytes(with_sizes(wav, riff, samples))
    with caplog.at_level(logging.INFO, "muse"):
        audio, _ = read_audio(tmp_path / "crashed.wav")
    np.testing.assert_array_equal(audio, read_audio(tmp_path / "right.wav")[0])
    assert f"crashed.wav: its header states {stated} s, it holds 2.0 s" in caplog.text


@pytest.mark.parametrize("rest", [b"LIST\4\0\0\0abcd" + bytes(2), b"TAG" + bytes(2000), b""])
def test_what_follows_the_samples_is_no_sound(tmp_path: Path, wav: bytes, rest: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(wav + rest)
    assert read_audio(tmp_path / "a.wav")[0].shape[1] == 2 * RATE


def test_a_wav_of_unknown_length_is_read_without_a_word(
    tmp_path: Path, wav: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "piped.wav").write_bytes(with_sizes(wav, 2**32 - 1, 2**32 - 1))
    with caplog.at_level(logging.INFO, "muse"):
        assert read_audio(tmp_path / "piped.wav")[0].shape[1] == 2 * RATE
    assert not caplog.records


def test_the_suffix_does_not_choose_the_format(tmp_path: Path, wav: bytes) -> None:
    (tmp_path / "take.raw").write_bytes(wav)
    assert read_audio(tmp_path / "take.raw")[0].shape[1] == 2 * RATE


def test_gsm_in_wav_is_read_twice(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "gsm.wav", tone(440, 1, 8000, channels=1).T, 8000, subtype="GSM610")
    with AudioReader(tmp_path / "gsm.wav") as reader:
        lengths = [sum(block.shape[1] for block in reader.blocks()) for _ in range(2)]
        assert lengths == [reader.frames] * 2
        assert reader.duration_s == pytest.approx(1, abs=0.05)


def write_mp3(path: Path, audio: np.ndarray, rate: int) -> bytes:
    """Write an MP3 with a variable bit rate, and return its bytes."""
    with soundfile.SoundFile(
        path, "w", rate, len(audio), "MPEG_LAYER_III", format="MP3", bitrate_mode="VARIABLE"
    ) as file:
        file.write(audio.T)
    return path.read_bytes()


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (44_100, 1), (22_050, 1)])
def test_an_mp3_without_a_length_is_read_to_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rate: int, channels: int
) -> None:
    audio = tone(440, 3, rate, channels=channels, level=0.01)
    audio[:, : rate // 2] = np.random.default_rng(0).uniform(-1, 1, (channels, rate // 2))
    data = write_mp3(tmp_path / "a.mp3", audio, rate)
    first = mp3_header.count_frames(tmp_path / "a.mp3")
    assert first is not None
    start = first.first + mp3_header.frame_bytes(data[first.first : first.first + 4])
    (tmp_path / "bare.mp3").write_bytes(data[start:])
    with caplog.at_level(logging.INFO, "muse"):
        back, _ = read_audio(tmp_path / "bare.mp3")
    assert back.shape[1] == pytest.approx(3 * rate, abs=4 * 1152)
    assert "bare.mp3: its header states" in caplog.text


def test_two_mp3_files_in_one_are_read_both(tmp_path: Path) -> None:
    data = write_mp3(tmp_path / "a.mp3", tone(440, 1), 44_100)
    (tmp_path / "both.mp3").write_bytes(data + data)
    assert read_audio(tmp_path / "both.mp3")[0].shape[1] == pytest.approx(88_200, abs=8 * 1152)


def test_a_right_mp3_is_not_amended(tmp_path: Path) -> None:
    write_mp3(tmp_path / "a.mp3", tone(440, 1), 44_100)
    assert mp3_header.corrected_head(tmp_path / "a.mp3") is None


@pytest.mark.needs_ffmpeg
@pytest.mark.parametrize("name", ["Intro: Part 1.m4a", "concat:b.m4a", "-i.m4a", "http:b.m4a"])
def test_a_name_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_audio(Path("a.wav"), tone(440, 0.5), 44_100)
    write_audio(Path("short.wav"), tone(440, 0.1), 44_100)
    for source, target in (("a.wav", name), ("short.wav", "b.m4a")):
        command = ["ffmpeg", "-v", "error", "-y", "-i", source, f"file:{target}"]
        subprocess.run(command, check=True)
    assert read_audio(name)[0].shape[1] > 20_000


@pytest.mark.needs_ffmpeg
def test_a_flac_of_unknown_length_is_read(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.flac", tone(440, 1), 44_100)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0  # the number of samples, 36 bits of the first block
    data[22:26] = bytes(4)
    (tmp_path / "piped.flac").write_bytes(data)
    assert read_audio(tmp_path / "piped.flac")[0].shape[1] == 44_100


@pytest.mark.needs_posix
def test_links_in_a_circle_are_bad_input(tmp_path: Path) -> None:
    loop = tmp_path / "loop.wav"
    loop.symlink_to(loop)
    with pytest.raises(BadInputError, match=r"loop.wav: Too many levels"):
        read_audio(loop)
    with pytest.raises(BadInputError, match="Too many levels"):
        transcribe_file(loop, tmp_path / "out", TranscribeOptions())


@pytest.mark.parametrize(("kind", "subtype"), [("AIFF", "PCM_16"), ("AU", "PCM_16")])
def test_a_file_that_is_cut_off_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, subtype: str
) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, tone(440, 2, RATE).T, RATE, subtype=subtype, format=kind)
    whole = path.read_bytes()
    with caplog.at_level(logging.INFO, "muse"):
        read_audio(path)
        assert not caplog.records
        path.write_bytes(whole[: len(whole) // 2])
        for _ in range(2):
            assert read_audio(path)[0].shape[1] == pytest.approx(RATE, abs=50)
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: is cut off; its header states more than the 1.0 s it holds"
    ]


def test_a_length_that_is_not_decoded_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3 * RATE)).astype(np.float32)
    write_audio(tmp_path / "a.wav", audio, RATE)
    with (
        AudioReader(tmp_path / "a.wav") as reader,
        caplog.at_level(logging.INFO, "muse"),
    ):
        reader.frames = 4 * RATE
        assert sum(block.shape[1] for block in reader.blocks()) == 3 * RATE
    assert caplog.messages == [
        f"{tmp_path / 'a.wav'}: its header states 4.0 s, it holds 3.0 s; all of it is read"
    ]
