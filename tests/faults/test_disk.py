"""A disk that is full, read-only or over its quota: the message names the file and the reason."""

import errno
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import soundfile

from muse.cli.errors import explain
from muse.cli.exit_codes import ExitCode
from muse.tools.audio.decoders import decode_with_ffmpeg, open_sound_file
from muse.tools.audio.io import write_audio
from muse.tools.files import replacing, replacing_folder
from muse.tools.separation.separate import SeparateOptions, separate_file
from tests.engines import ShareEngine
from tests.sounds import tone

pytestmark = pytest.mark.needs_posix

TOO_LARGE = os.strerror(errno.EFBIG)
MOST_BYTES = 400


@contextmanager
def small_disk(size: int = MOST_BYTES) -> Iterator[None]:
    """Let no file of this process grow beyond a size in bytes, as if the disk were full."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture
def song(muse: Callable, tmp_path: Path) -> Path:
    """Return the path of a song of 8 bars."""
    path = tmp_path / "song.mid"
    assert muse("chords", "--bars", 8, "--model", "ngram", "--seed", 1, "-o", path).code == 0
    return path


@pytest.mark.parametrize("suffix", ["mid", "json", "musicxml", "mxl", "png", "svg", "pdf"])
def test_a_file_that_cannot_be_written_is_named(
    muse: Callable, song: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(song.parent)
    muse("view", song.name, "-o", f"before.{suffix}")  # imports and caches
    with small_disk():
        result = muse("view", song.name, "-o", f"out.{suffix}")
    assert (result.code, result.err) == (ExitCode.FAILED, f"muse: out.{suffix}: {TOO_LARGE}\n")
    assert sorted(path.name for path in Path().iterdir()) == [f"before.{suffix}", "song.mid"]


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("size", [10, 4000])
def test_audio_that_cannot_be_written_is_named(tmp_path: Path, suffix: str, size: int) -> None:
    path = tmp_path / f"a.{suffix}"
    with small_disk(size), pytest.raises(OSError, match=TOO_LARGE) as caught:
        write_audio(path, tone(440, 5, level=0.9), 44_100)
    assert caught.value.filename == str(path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("bits", ["16", "32f"])
def test_stems_that_cannot_be_written_are_named(tmp_path: Path, tone_file, bits: str) -> None:
    options, source = SeparateOptions(bits=bits), tone_file()
    with small_disk(50_000), pytest.raises(OSError, match=TOO_LARGE) as caught:
        separate_file(source, tmp_path / "stems", options, engine=ShareEngine())
    assert Path(caught.value.filename).is_relative_to(tmp_path / "stems")
    assert not [path for path in (tmp_path / "stems").rglob("*") if path.is_file()]


def test_a_data_set_that_cannot_be_written_is_named(muse: Callable, tmp_path: Path) -> None:
    with small_disk():
        result = muse("intervals", "generate", "-o", tmp_path / "clips", "-n", 1, "-q")
    assert (result.code, result.err) == (
        ExitCode.FAILED,
        f"muse: {tmp_path / 'clips'}: {TOO_LARGE}\n",
    )


def test_a_copy_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "gsm.wav", tone(440, 1, 8000, channels=1).T, 8000, subtype="GSM610")
    with small_disk(), ExitStack() as stack, pytest.raises(OSError, match=TOO_LARGE) as caught:
        open_sound_file(tmp_path / "gsm.wav", "gsm.wav", stack)
    assert Path(caught.value.filename).name == "decoded.wav"


def test_a_decoded_file_that_cannot_be_written_is_named(
    tmp_path: Path, tone_file, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = f"av_interleaved_write_frame(): {os.strerror(errno.ENOSPC)}\n"
    failed = subprocess.CompletedProcess((), 1, "", told)
    monkeypatch.setattr(subprocess, "run", lambda *_words, **_options: failed)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
        decode_with_ffmpeg(tone_file(), tmp_path / "full.wav", "a.wav")
    assert caught.value.filename == str(tmp_path / "full.wav")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_every_error_of_a_disk_names_the_output(tmp_path: Path, number: int) -> None:
    def fail_in_file() -> None:
        with replacing(tmp_path / "a.wav"):
            raise OSError(number, os.strerror(number))

    def fail_in_folder() -> None:
        with replacing_folder(tmp_path / "set") as fresh:
            raise OSError(number, os.strerror(number), str(fresh / "b.wav"))

    def fail_behind() -> None:
        with replacing(tmp_path / "a.wav"):
            try:
                raise OSError(number, os.strerror(number))
            finally:
                raise ValueError("the file is closed")

    for call, name in (
        (fail_in_file, "a.wav"),
        (fail_in_folder, "set/b.wav"),
        (fail_behind, "a.wav"),
    ):
        with pytest.raises(OSError) as caught:
            call()
        assert explain(caught.value, []) == (
            ExitCode.FAILED,
            f"{tmp_path / name}: {os.strerror(number)}",
        )
        assert not any(tmp_path.iterdir())


def test_other_errors_are_left(tmp_path: Path) -> None:
    for error in (OSError(errno.ENOENT, "no file", "input.wav"), ValueError("x"), OSError("y")):
        with pytest.raises(type(error)) as caught, replacing(tmp_path / "a.wav"):
            raise error
        assert caught.value is error
        assert getattr(error, "filename", None) in (None, "input.wav")


def test_a_read_only_folder_is_named(
    muse: Callable, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/somewhere/.a.muse-x.mid")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    result = muse("view", song, "-o", tmp_path / "a.mid")
    assert result.err == f"muse: {tmp_path / 'a.mid'}: {os.strerror(errno.EROFS)}\n"
