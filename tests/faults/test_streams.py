"""Closed streams, full disks, pipes as files, deleted folders and file names that are not UTF-8."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from muse.cli.errors import explain
from muse.cli.exit_codes import ExitCode
from muse.cli.streams import StandardOutput, encode_leniently
from muse.tools.files import json_bytes, read_bytes
from muse.tools.song.midi import load_song

LATIN_1 = "caf\udce9.mid"  # what Python makes of the bytes "caf\xe9.mid"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in a folder, in which $MUSE is the command."""
    variables = os.environ | {"MUSE": f"{sys.executable} -m muse.cli"}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=variables, capture_output=True, check=False
    )


@pytest.fixture
def song(muse, tmp_path: Path) -> Path:
    """Return the path of a one-bar song."""
    path = tmp_path / "song.mid"
    assert muse("chords", "--bars", 1, "--model", "ngram", "--seed", 1, "-o", path).code == 0
    return path


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("$MUSE schema >&-", 1, "standard output is closed; name a file or a pipe"),
        ("$MUSE schema > /dev/full", 1, "standard output: No space left on device"),
        ("$MUSE view - <&-", 4, "standard input is closed; name a file instead of '-'"),
        (
            "rmdir $PWD; $MUSE view a.mid",
            4,
            "a.mid: No such file or directory; the working folder was deleted",
        ),
        (
            "rmdir $PWD; $MUSE chords --bars 1 --model ngram -q -o a.mid",
            4,
            "a.mid: No such file or directory; the working folder was deleted",
        ),
        (
            "rmdir $PWD; $MUSE train chord-lstm --data songs",
            4,
            "No such file or directory; the working folder was deleted",
        ),
    ],
)
def test_a_missing_stream_or_folder_is_named(tmp_path, line: str, code: int, message: str) -> None:
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = shell(line, tmp_path)
    assert (done.returncode, done.stderr.decode()) == (code, f"muse: {message}\n")


def test_a_command_that_needs_no_stream_works_without_any(tmp_path: Path, song: Path) -> None:
    done = shell("$MUSE view song.mid -o copy.json <&- >&- 2>&-", tmp_path)
    assert done.returncode == ExitCode.OK
    assert load_song(tmp_path / "copy.json").tracks == load_song(song).tracks


def test_a_closed_standard_input_is_bad_input(muse, monkeypatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", None)
        code, message = explain_of(lambda: read_bytes("-"))
    assert (code, message) == (
        ExitCode.BAD_INPUT,
        "standard input is closed; name a file instead of '-'",
    )


def explain_of(call) -> tuple[ExitCode, str]:
    """Return how the error that a call raises is explained."""
    try:
        call()
    except Exception as error:
        return explain(error, [])
    raise AssertionError("it raised nothing")


def test_a_named_pipe_is_read_like_a_file(muse, song: Path, tmp_path: Path, tone_file) -> None:
    for source, words in (
        (song, ("view", "PIPE", "--json")),
        (song, ("tokenize", "PIPE")),
        (tone_file(), ("intervals", "PIPE")),
        (tone_file(), ("view", "PIPE", "--json")),
    ):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(source.read_bytes(),))
        writer.start()
        result = muse(*(pipe if word == "PIPE" else word for word in words))
        writer.join()
        pipe.unlink()
        assert result.code == ExitCode.OK, result.err
        assert "no such file" not in result.err


def test_file_names_that_are_not_utf_8(muse, song: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    song.rename(LATIN_1)
    for words in (
        ("view", LATIN_1, "--json"),
        ("view", LATIN_1),
        ("chords", "--like", LATIN_1, "--bars", 1, "--model", "ngram"),
        ("tokenize", LATIN_1),
        ("view", LATIN_1, "-o", "d\udce9.json"),
        ("view", LATIN_1, "-o", "d\udce9.mid"),
        ("render", LATIN_1, "-o", "d\udce9.wav"),
        ("intervals", "d\udce9.wav"),
        ("view", "d\udce9.wav", "--json"),
    ):
        result = muse(*words)
        assert result.code == ExitCode.OK, (words, result.err)
    assert load_song(Path("d\udce9.json")).tracks
    missing = muse("view", "x\udce9.mid")
    assert (missing.code, missing.err) == (
        ExitCode.BAD_INPUT,
        "muse: x\udce9.mid: No such file or directory\n",
    )


def test_what_no_encoding_holds_is_written_all_the_same() -> None:
    assert json_bytes({"a\udce9": ["b\udce9", 1]}) == '{"a\ufffd":["b\ufffd",1]}'.encode()
    assert encode_leniently(UnicodeEncodeError("utf-8", "\udce9", 0, 1, "")) == (b"\xe9", 1)
    assert encode_leniently(UnicodeEncodeError("ascii", "·", 0, 1, "")) == ("?", 1)


def test_an_error_of_standard_output_names_it(tmp_path: Path) -> None:
    handle = os.open(os.devnull, os.O_RDONLY)
    with StandardOutput(handle, "w") as stream, pytest.raises(OSError) as caught:
        stream.write(b"x")
    assert (caught.value.errno, caught.value.filename) == (errno.EBADF, "standard output")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("std::bad_alloc"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    ],
)
def test_lack_of_memory_says_so(error: Exception) -> None:
    code, message = explain(error, [])
    assert code == ExitCode.FAILED
    assert message.startswith("not enough memory; ")


def test_a_missing_package_is_a_missing_part() -> None:
    code, message = explain_of(lambda: __import__("no_such_package"))
    assert code == ExitCode.MISSING_PART
    assert message == "no_such_package is not installed; 'muse doctor' lists commands"
