"""Errors on the command line: an exit code and one line that says what to do."""

import errno
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from muse.cli.exit_codes import ExitCode
from muse.cli.streams import OUTPUT_NAME

OUT_OF_MEMORY = "not enough memory; close other programs, or take fewer --jobs or a shorter input"
NEAR = 0.75  # similarity of two words from which one is taken for the other mistyped
# how torch, onnxruntime and the linker report that memory is lacking
NO_MEMORY = re.compile(
    r"out of memory|bad_alloc|can't allocate memory|cannot allocate memory"
    r"|failed to allocate memory|failed to map segment",
    re.IGNORECASE,
)

# typer's messages about the command line, and how they read better
USAGE_WORDINGS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (
            r"Invalid value for (.*?): (\S+) is not in the range (\S+?)<=x<=(.*)",
            r"\1 must be \3 to \4, not \2",
        ),
        (
            r"Invalid value for (.*?): (\S+) is not in the range x>=(.*)",
            r"\1 must be \3 or more, not \2",
        ),
        (
            r"Invalid value for (.*?): ('.*') is not a valid int.*",
            r"\1 must be a whole number, not \2",
        ),
        (r"Invalid value for (.*?): ('.*') is not a valid float.*", r"\1 must be a number, not \2"),
        (
            r"No such option: (\S+) \(Possible options: (.*)\)",
            r"no option \1; similar options are \2",
        ),
        (r"No such option: (\S+)", r"no option \1"),
        (r"No such command ('.*?')", r"no command \1"),
        (r"No such command ('.*?')\.? Did you mean (.*)", r"no command \1; did you mean \2"),
        (r"Missing argument '(.*)'", r"the argument \1 is missing"),
        (r"Missing option (.*)", r"the option \1 is missing"),
        (r"Option (.*) requires an argument", r"\1 needs a value"),
        (r"Option (.*) does not take a value", r"\1 takes no value"),
        (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", r"unexpected argument: \1"),
    )
)


def explain(error: BaseException | None, words: Sequence[str]) -> tuple[ExitCode, str]:
    """Return the exit code and the one-line message of an error.

    Args:
        error: what a command raised.
        words: the command line from the command on, whose help a usage error names; may be empty.
    """
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return ExitCode.INTERRUPTED, "interrupted"
    if is_usage_error(error):
        return ExitCode.USAGE, describe_usage(error, words)
    if is_out_of_memory(error):
        detail = f" ({error})" if str(error) else ""
        return ExitCode.FAILED, one_line(f"{OUT_OF_MEMORY}{detail}")
    if isinstance(error, ModuleNotFoundError):
        return ExitCode.MISSING_PART, describe_missing_module(error.name or "")
    from muse.tools.errors import BadInputError, MissingPartError, MuseError, ParameterError

    table = (
        (MissingPartError, ExitCode.MISSING_PART),
        (BadInputError, ExitCode.BAD_INPUT),
        (FileNotFoundError, ExitCode.BAD_INPUT),
        (IsADirectoryError, ExitCode.BAD_INPUT),
        (ParameterError, ExitCode.USAGE),
        (MuseError, ExitCode.FAILED),
        (OSError, ExitCode.FAILED),
    )
    for kind, code in table:
        if isinstance(error, kind):
            return code, one_line(describe(error) + describe_folder(code))
    name = type(error).__name__
    return ExitCode.FAILED, one_line(f"{name}: {error} (a bug; --debug shows the traceback)")


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether memory was lacking; nets report that in ways of their own."""
    return isinstance(error, MemoryError) or bool(NO_MEMORY.search(str(error)))


def describe_folder(code: ExitCode) -> str:
    """Return what is wrong with the working folder, if a file may be missing because of it."""
    try:
        Path.cwd()
    except OSError:
        return "; the working folder was deleted" if code != ExitCode.USAGE else ""
    return ""


def describe_missing_module(name: str) -> str:
    """Return what to do about a module that is not installed."""
    from muse.tools.errors import EXTRA_OF, missing_extra

    package = name.partition(".")[0]
    if package in EXTRA_OF:
        return str(missing_extra(package, EXTRA_OF[package]))
    return f"{name} is not installed; 'muse doctor' lists commands"


def is_usage_error(error: BaseException | None) -> bool:
    """Return whether typer refused the command line; its exceptions are private."""
    return hasattr(error, "format_message")


def describe_usage(error: Any, words: Sequence[str]) -> str:
    """Return what is wrong with a command line, and whose help explains it."""
    message = one_line(error.format_message()).rstrip(".").replace("' / '", "/")
    for pattern, wording in USAGE_WORDINGS:
        if match := pattern.fullmatch(message):
            message = match.expand(wording)
            break
    context = getattr(error, "ctx", None)
    topic = context.command_path if context else " ".join(["muse", *words[:1]])
    message = re.sub(r"'(-[\w/-]+)'", r"\1", message)
    if nearest := nearest_option(error):
        message = f"no option {error.option_name}; did you mean {nearest}?"
    return f"{message} (see '{topic} --help')"


def nearest_option(error: Any) -> str | None:
    """Return the option that a mistyped one is close to, None where none is."""
    from difflib import get_close_matches

    similar = getattr(error, "possibilities", None) or ()
    return (
        next(iter(get_close_matches(error.option_name, similar, 1, NEAR)), None)
        if similar
        else None
    )


def describe(error: BaseException) -> str:
    """Return the text of an error; of an operating system error 'file: reason'."""
    if isinstance(error, OSError) and error.strerror:
        if error.filename == OUTPUT_NAME and error.errno == errno.EBADF:
            return f"{OUTPUT_NAME} is closed; name a file or a pipe"
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def one_line(text: str) -> str:
    """Return the text with line breaks and runs of blanks folded into one blank."""
    return " ".join(text.split())
