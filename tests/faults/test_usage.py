"""Mistyped commands and options, the ways to ask for help, and `python -m muse`."""

import subprocess
import sys

import pytest

from muse.cli.exit_codes import ExitCode


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("transcibe x", "no command 'transcibe'; did you mean 'transcribe'? (see 'muse --help')"),
        (
            "intervals qiz",
            "no file or command 'qiz'; did you mean 'quiz'? (see 'muse intervals --help')",
        ),
        (
            "chords --stlye pop",
            "no option --stlye; did you mean --style? (see 'muse chords --help')",
        ),
        ("models ftech x", "no command 'ftech'; did you mean 'fetch'? (see 'muse models --help')"),
        (
            "help transcibe",
            "no command 'transcibe'; did you mean 'transcribe'? (see 'muse --help')",
        ),
    ],
)
def test_a_near_miss_is_named_with_a_help_that_exists(muse, words: str, message: str) -> None:
    result = muse(*words.split())
    assert (result.code, result.err) == (ExitCode.USAGE, f"muse: {message}\n")
    topic = message.rpartition("'muse ")[2].removesuffix("')").split()
    assert muse(*topic).code == ExitCode.OK


def test_a_file_that_is_called_like_a_command_is_read(muse, monkeypatch, tmp_path) -> None:
    (tmp_path / "qiz").write_bytes(b"no audio")
    monkeypatch.chdir(tmp_path)
    assert muse("intervals", "qiz").code == ExitCode.BAD_INPUT


@pytest.mark.parametrize("topic", [(), ("chords",), ("intervals", "quiz")])
def test_help_is_a_command_too(muse, topic: tuple[str, ...]) -> None:
    result = muse("help", *topic)
    assert result.code == ExitCode.OK
    assert result.out == muse(*topic, "--help").out


def test_the_version_has_a_short_option(muse) -> None:
    assert muse("-V").out == muse("--version").out != b""


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "muse", "-V"], capture_output=True, text=True)
    assert (done.returncode, done.stdout[:5], done.stderr) == (0, "muse ", "")
