"""`muse.cli.main`: errors, global flags, closed pipes and signals."""

import os
import signal
import subprocess
import sys

import pytest

from muse.cli.errors import explain
from muse.cli.exit_codes import ExitCode
from muse.cli.main import split_global_flags
from muse.tools.errors import BadInputError, MissingPartError, MuseError, ParameterError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInputError("x.wav: is empty"), ExitCode.BAD_INPUT),
        (FileNotFoundError(2, "No such file or directory", "x.wav"), ExitCode.BAD_INPUT),
        (MissingPartError("run: pip install x"), ExitCode.MISSING_PART),
        (ParameterError("--bits is 16 or 24"), ExitCode.USAGE),
        (MuseError("nothing to play"), ExitCode.FAILED),
        (PermissionError(13, "Permission denied", "/x"), ExitCode.FAILED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (ZeroDivisionError("division by zero"), ExitCode.FAILED),
    ],
)
def test_each_error_has_its_code_and_one_line(error: BaseException, code: ExitCode) -> None:
    given, message = explain(error, [])
    assert given == code
    assert "\n" not in message
    assert message


def test_a_wrong_option_is_usage_and_names_the_help(muse) -> None:
    result = muse("separate", "--colour", "blue")
    assert result.code == ExitCode.USAGE
    assert result.err.count("\n") == 1
    assert "--colour" in result.err
    assert "muse separate --help" in result.err
    assert result.out == b""


def test_a_wrong_command_names_similar_ones(muse) -> None:
    result = muse("seperate", "song.wav")
    assert result.code == ExitCode.USAGE
    assert result.err == (
        "muse: No such command 'seperate'. Did you mean 'separate'? (see 'muse --help')\n"
    )


def test_global_flags_may_stand_anywhere_before_two_dashes() -> None:
    words = ["separate", "--quiet", "a.wav", "--debug", "--", "-q"]
    assert split_global_flags(words) == (["separate", "a.wav", "--", "-q"], True, True)


def test_debug_raises(muse) -> None:
    with pytest.raises(BadInputError):
        muse("render", "missing.mid", "-o", "x.wav", "--debug")


def test_a_closed_pipe_ends_quietly() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "muse.cli", "schema"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert done.returncode == 0
    assert done.stderr == b""


def test_sigterm_ends_as_interrupted() -> None:
    program = (
        "import os, signal, muse.cli.main as m\n"
        "m.app.command('wait')(lambda: os.kill(os.getpid(), signal.SIGTERM))\n"
        "import sys; sys.argv = ['muse', 'wait']; m.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == ExitCode.INTERRUPTED
    assert done.stderr == b"muse: interrupted\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # unchanged here
