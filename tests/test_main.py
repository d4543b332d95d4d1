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
        "muse: no command 'seperate'; did you mean 'separate'? (see 'muse --help')\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("chords --bars x", "--bars must be a whole number, not 'x' (see 'muse chords --help')"),
        ("chords --tempo x", "--tempo must be a number, not 'x' (see 'muse chords --help')"),
        ("chords --bars", "--bars needs a value (see 'muse chords --help')"),
        ("chords --vary=1", "--vary takes no value (see 'muse chords --help')"),
        ("chords more", "unexpected argument: more (see 'muse chords --help')"),
        ("--nonsense", "no option --nonsense (see 'muse --help')"),
        ("nonsense", "no command 'nonsense' (see 'muse --help')"),
        ("models path", "the argument NAME... is missing (see 'muse models path --help')"),
        ("separate a.wav", "the option -o/--out is missing (see 'muse separate --help')"),
        ("render --gain 99", "--gain must be 0.01 to 10.0, not 99.0 (see 'muse render --help')"),
        ("tokenize a -j 0", "-j/--jobs must be 1 or more, not 0 (see 'muse tokenize --help')"),
        (
            "chords --bar 8",
            "no option --bar; did you mean --bars? (see 'muse chords --help')",
        ),
        (
            "chords --bars x --debug",
            "--bars must be a whole number, not 'x' (see 'muse chords --help')",
        ),
    ],
)
def test_usage_errors_are_plain_and_name_the_help_of_their_command(muse, words, message) -> None:
    result = muse(*words.split())
    assert (result.code, result.err) == (ExitCode.USAGE, f"muse: {message}\n")


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
