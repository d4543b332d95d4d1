"""Errors on the command line: an exit code and one line that says what to do."""

from collections.abc import Sequence

import typer

from muse.cli.exit_codes import ExitCode


def explain(error: BaseException | None, words: Sequence[str]) -> tuple[ExitCode, str]:
    """Return the exit code and the one-line message of an error.

    Args:
        error: what a command raised.
        words: the command line from the command on, whose help a usage error names; may be empty.
    """
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return ExitCode.INTERRUPTED, "interrupted"
    if error is not None and hasattr(error, "format_message"):  # typer's usage errors, private
        topic = " ".join(["muse", *words[:1]])
        return ExitCode.USAGE, f"{one_line(error.format_message())} (see '{topic} --help')"
    from muse.tools.errors import BadInputError, MissingPartError, MuseError, ParameterError

    table = (
        (MissingPartError, ExitCode.MISSING_PART),
        (BadInputError, ExitCode.BAD_INPUT),
        (FileNotFoundError, ExitCode.BAD_INPUT),
        (IsADirectoryError, ExitCode.BAD_INPUT),
        (ParameterError, ExitCode.USAGE),
        (MuseError, ExitCode.FAILED),
        (OSError, ExitCode.FAILED),
        (MemoryError, ExitCode.FAILED),
    )
    for kind, code in table:
        if isinstance(error, kind):
            return code, one_line(describe(error))
    name = type(error).__name__
    return ExitCode.FAILED, one_line(f"{name}: {error} (a bug; --debug shows the traceback)")


def describe(error: BaseException) -> str:
    """Return the text of an error; of an operating system error 'file: reason'."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def one_line(text: str) -> str:
    """Return the text with line breaks and runs of blanks folded into one blank."""
    return " ".join(text.split())
