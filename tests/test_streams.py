"""Pipes are read up to a limit, and what a kill left behind is removed."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from muse.tools import streams, temporary
from muse.tools.audio.io import read_audio, write_audio
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import PIPE, on_disk, read_bytes, replacing, replacing_folder
from muse.tools.streams import parse_size
from tests.sounds import tone


class Endless(io.RawIOBase):
    """A stream that repeats some bytes without end."""

    def __init__(self, start: bytes, rest: bytes) -> None:
        super().__init__()
        self._start, self._rest = start, rest

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "must not be read to its end"
        data = (self._start + self._rest * (size // len(self._rest) + 1))[:size]
        self._start = b""
        return data


class Stdin:
    """Standard input that is not a terminal."""

    def __init__(self, start: bytes, rest: bytes) -> None:
        self.buffer = Endless(start, rest)

    def isatty(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_SYMBOLIC_BYTES", 3_000_000)
    monkeypatch.setattr(streams, "MAX_AUDIO_BYTES", 5_000_000)


def read_on_disk(source: str) -> None:
    with on_disk(source):
        pass


@pytest.mark.parametrize("read", [read_bytes, read_on_disk])
@pytest.mark.parametrize(
    ("start", "rest", "message"),
    [(b"", b"\0", "begins with zeros only"), (b"", b"yes\n", "longer than 3 MB")],
)
def test_an_endless_pipe_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, read: object, start: bytes, rest: bytes, message: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(start, rest))
    assert callable(read)
    with pytest.raises(BadInputError, match=f"standard input: .*{message}"):
        read(PIPE)


def test_audio_may_be_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b"RIFF", b"\0"))
    with pytest.raises(BadInputError, match=r"longer than 5 MB.*MUSE_MAX_BYTES"), on_disk(PIPE):
        pass


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSE_MAX_BYTES", "2000000")
    monkeypatch.setattr(sys, "stdin", Stdin(b"RIFF", b"\0"))
    with pytest.raises(BadInputError, match="longer than 2 MB"), on_disk(PIPE):
        pass
    monkeypatch.setenv("MUSE_MAX_BYTES", "much")
    with pytest.raises(ParameterError, match="MUSE_MAX_BYTES must be a size"), on_disk(PIPE):
        pass


@pytest.mark.parametrize(
    ("text", "size"), [("5", 5), ("64k", 64_000), ("4GB", 4_000_000_000), (" 1M ", 1_000_000)]
)
def test_a_size_has_units(text: str, size: int) -> None:
    assert parse_size(text, "x") == size


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5G", "4T", "much", "9" * 30, "1e9"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ParameterError, match="x must be a size in bytes, such as 64M or 4G, not"):
        parse_size(text, "x")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("view - --max-bytes 1K", 4, r"longer than 0\.001 MB; .* raise the limit with --max-bytes"),
        ("--max-bytes=1K view -", 4, r"longer than 0\.001 MB"),
        ("view - --max-bytes 1K --max-bytes 5M --json", 0, ""),
        ("view - --max-bytes", 2, "--max-bytes must be a size in bytes"),
        ("view --max-bytes -3 -", 2, "--max-bytes must be a size in bytes"),
    ],
)
def test_the_limit_stands_anywhere_on_the_line(
    muse: Callable, monkeypatch: pytest.MonkeyPatch, words: str, code: int, message: str, tone_file
) -> None:
    monkeypatch.setenv("MUSE_MAX_BYTES", "5")  # restored after the test
    result = muse(*words.split(), stdin=tone_file().read_bytes())
    assert result.code == code
    assert re.search(message, result.err)


@pytest.mark.needs_linux
def test_a_device_is_limited_too() -> None:
    with pytest.raises(BadInputError, match=r"/dev/zero: .*zeros only"):
        read_bytes("/dev/zero")
    with pytest.raises(BadInputError, match=r"/dev/zero: .*zeros only"):
        read_audio("/dev/zero")


@pytest.mark.needs_posix
def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", tone(440, 0.1), 44_100)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = (tmp_path / "a.wav").read_bytes()
    writer = Thread(target=lambda: pipe.write_bytes(data))
    writer.start()
    audio, _ = read_audio(pipe)
    writer.join()
    assert audio.shape == (2, 4410)


@pytest.fixture
def swept_again() -> Iterator[None]:
    """Let a folder be swept again in this process."""
    temporary.sweep.cache_clear()
    yield
    temporary.sweep.cache_clear()


KILLED = """
import os, signal, sys
from pathlib import Path
from muse.tools.files import replacing, replacing_folder
with replacing(Path(sys.argv[1], "bass.wav")), replacing_folder(Path(sys.argv[1], "stems")):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.needs_posix
@pytest.mark.usefixtures("swept_again")
def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    foreign = [tmp_path / ".bass.wav", tmp_path / ".bass.k3j5a8xz.wav"]
    for path in foreign:
        path.touch()
    with replacing(tmp_path / "drums.wav"):
        pass
    assert sorted(tmp_path.iterdir()) == sorted([*foreign, tmp_path / "drums.wav"])


@pytest.mark.needs_posix
@pytest.mark.usefixtures("swept_again")
def test_what_is_in_use_is_not_swept(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.txt") as file, replacing_folder(tmp_path / "folder") as folder:
        temporary.sweep.cache_clear()
        with replacing(tmp_path / "b.txt"):
            pass
        assert file.exists()
        assert folder.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", "b.txt", "folder"}


@pytest.mark.needs_posix
@pytest.mark.usefixtures("swept_again")
def test_a_folder_that_was_moved_aside_is_not_swept(tmp_path: Path) -> None:
    kept = tmp_path / ".stems.muse-abcd1234" / temporary.MOVED
    kept.mkdir(parents=True)
    with replacing(tmp_path / "a.txt"):
        pass
    assert kept.exists()
