"""The `muse` command: its subcommands, and the one handler of whatever they raise."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from muse.cli import (
    chords,
    doctor,
    eval,
    intervals,
    jam,
    melody,
    models,
    render,
    schema,
    separate,
    tokenize,
    train,
    transcribe,
    view,
)
from muse.cli.errors import explain
from muse.cli.exit_codes import ExitCode
from muse.cli.progress import set_up_messages

# flags that may stand anywhere on the line, before or after the subcommand
QUIET_FLAGS = {"-q", "--quiet"}
DEBUG_FLAGS = {"--debug"}


class Stopped(Exception):
    """Carries a closed pipe or Ctrl-C past typer, which would answer them in its own way."""


class Commands(TyperGroup):
    """The subcommands."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen subcommand."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, KeyboardInterrupt) as error:
            raise Stopped from error


app = typer.Typer(
    name="muse",
    cls=Commands,
    help="Music tools for the shell. Data goes to stdout, messages to stderr, '-' is a pipe.",
    epilog="Anywhere on the line: --quiet (no progress, no notices), --debug (show tracebacks).",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich help costs 70 ms at every start
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    separate,
    transcribe,
    tokenize,
    view,
    chords,
    melody,
    intervals,
    jam,
    train,
    eval,
    render,
    models,
    doctor,
    schema,
):
    command.register(app)


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from importlib.metadata import version

        print(f"muse {version('muse-toolbox')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=print_version)
    ] = False,
) -> None:
    """Music tools for the shell. Data goes to stdout, messages to stderr, '-' is a pipe."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises, save with --debug."""
    words, quiet, debug = split_global_flags(arguments)
    set_up_messages(logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO)
    try:
        result = app(args=words, prog_name="muse", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as raised:
        error = raised.__cause__ if isinstance(raised, Stopped) else raised
        if isinstance(error, BrokenPipeError):  # `muse ... | head`: the reader has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.OK
        if (
            type(error).__name__ == "NoArgsIsHelpError"
        ):  # typer's own, private: the text is the help
            print(error, file=sys.stderr)
            return ExitCode.USAGE
        if debug:
            raise
        code, message = explain(error, words)
        print(f"muse: {message}", file=sys.stderr)
        return code
    return result if isinstance(result, int) else ExitCode.OK


def split_global_flags(arguments: Sequence[str]) -> tuple[list[str], bool, bool]:
    """The words without the flags that may stand anywhere, and whether quiet and debug were set."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags = set(arguments[:end])
    words = [
        word
        for position, word in enumerate(arguments)
        if position >= end or word not in QUIET_FLAGS | DEBUG_FLAGS
    ]
    return words, bool(flags & QUIET_FLAGS), bool(flags & DEBUG_FLAGS)


def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Treat SIGTERM like Ctrl-C, so that half-written files are taken away."""
    raise KeyboardInterrupt


def main() -> NoReturn:
    """The console script."""
    # numpy's products here are small: threads for them cost a fifth of the time of a transcription;
    # the nets have threads of their own
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, interrupt)
    if sys.stderr is None:  # it was closed; messages are for people, and there are none
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    sys.exit(run(sys.argv[1:]))
