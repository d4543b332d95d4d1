"""Files are written whole or not at all."""

import io
import logging
import os
import sys
from pathlib import Path
from threading import Thread

import pytest

from muse.tools.errors import BadInputError, MuseError
from muse.tools.files import read_bytes, replacing, replacing_folder, sha256_of, write_bytes


def test_a_file_appears_whole_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.bin"
    write_bytes(target, b"abc")
    assert target.read_bytes() == b"abc"
    assert [p.name for p in target.parent.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
def test_an_interruption_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(error), replacing(target) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(MuseError, match="folder"), replacing(tmp_path):
        pass


def test_a_named_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_bytes(pipe, b"RIFF" * 50_000)  # more than the pipe holds at once
    reader.join()
    assert read == [b"RIFF" * 50_000]
    assert pipe.is_fifo()


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    device = tmp_path / "null"
    device.symlink_to(os.devnull)  # a device that is safe to replace
    write_bytes(device, b"abc")
    assert device.is_char_device()


@pytest.mark.needs_linux
def test_a_full_device_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        write_bytes(Path("/dev/full"), b"abc")
    assert caught.value.filename == "/dev/full"


def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "clips"
    file.write_bytes(b"kept")
    with pytest.raises(MuseError, match="not a folder"), replacing_folder(file):
        pass
    assert file.read_bytes() == b"kept"


def test_an_ordinary_mode_is_given(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="missing"):
        read_bytes(tmp_path / "missing")


def test_the_hash_is_sha256(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea")  # FIPS 180-2's example


def test_errors_name_the_file_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: str) -> None:
        raise PermissionError(13, "Permission denied", f"{tmp_path}/.song.x7.mid")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(PermissionError) as caught:
        write_bytes(tmp_path / "song.mid", b"MThd")
    assert caught.value.filename == str(tmp_path / "song.mid")


def test_reading_from_a_terminal_is_reported(monkeypatch, caplog) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"song"))
    monkeypatch.setattr(stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(logging.getLogger("muse"), "propagate", True)
    with caplog.at_level(logging.INFO, "muse"):
        assert read_bytes("-") == b"song"
    assert "Ctrl-D ends it" in caplog.text
