"""The `muse` command: its subcommands, and the one place that handles their errors."""

import logging
import os
import signal
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.main import get_group

from muse.cli.errors import explain, is_usage_error
from muse.cli.exit_codes import ExitCode
from muse.cli.help_format import Group, write_section
from muse.cli.progress import set_up_messages
from muse.cli.streams import OUTPUT_NAME, drop_output, open_standard_streams

# subcommands by panel of the help, each in the module of its name; a command is imported when it
# is run, so its first sentence is repeated here, and tests/test_help.py holds the two equal
COMMANDS = {
    "Audio": {
        "separate": "Separate audio files into stems that sum to the input.",
        "transcribe": "Transcribe audio files to one MIDI file per instrument and a Song document.",
        "intervals": "Detect the intervals in a recording, or practice and generate them.",
        "render": "Render a song to audio with FluidSynth.",
    },
    "Composition": {
        "chords": "Generate chord progressions in a style, from nothing or from a song.",
        "melody": "Generate a melody over the chords of a song.",
        "jam": "Accompany a MIDI keyboard, a file or a pipe with chords and bass.",
    },
    "Songs": {
        "view": "Show a song or a recording in the terminal, as a picture or as a score.",
        "tokenize": "Convert MIDI files and Songs to tokens or training data, and tokens to MIDI.",
        "eval": "Score transcriptions against references, and songs against real music.",
        "schema": "Print the JSON Schema of the Song document.",
    },
    "Models and setup": {
        "train": "Train a model by a recipe, resume a run, or estimate its size and time.",
        "models": "List, fetch and locate the weights of models.",
        "doctor": "Check which parts of muse work here, and how to install the others.",
    },
}
SUMMARIES = {name: text for panel in COMMANDS.values() for name, text in panel.items()}

# flags that are accepted anywhere on the line, before or after the subcommand
QUIET_FLAGS = {"-q", "--quiet"}
DEBUG_FLAGS = {"--debug"}
LIMIT_OPTION = "--max-bytes"  # is accepted anywhere, too

HELP = "help"  # 'muse help chords' is 'muse chords --help'


class Stopped(Exception):
    """A closed pipe or Ctrl-C on its way past typer, which would handle it differently."""


class LazyCommands(MutableMapping[str, Any]):
    """Commands by name; one in SUMMARIES is imported when it is first looked up."""

    def __init__(self, loaded: dict[str, Any]) -> None:
        """Start with commands that are loaded already."""
        self.loaded = loaded

    def __getitem__(self, name: str) -> Any:
        """Return a command, imported where necessary."""
        if name not in self.loaded and name in SUMMARIES:
            self.loaded[name] = load_command(name)
        return self.loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        """Add a command."""
        self.loaded[name] = command

    def __delitem__(self, name: str) -> None:
        """Remove a loaded command."""
        del self.loaded[name]

    def __iter__(self) -> Iterator[str]:
        """Yield all names, without importing anything."""
        return iter([*SUMMARIES, *(name for name in self.loaded if name not in SUMMARIES)])

    def __len__(self) -> int:
        """Return the number of commands."""
        return len(SUMMARIES.keys() | self.loaded.keys())


def load_command(name: str) -> Any:
    """Return the click command that a module of cli registers."""
    app = typer.Typer(cls=Group, rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    import_module(f"muse.cli.{name}").register(app)
    return get_group(app).commands[name]


class Commands(Group):
    """The subcommands, imported one by one as they are needed."""

    def __init__(self, **settings: Any) -> None:
        """Take the place of typer's dictionary of commands."""
        super().__init__(**settings)
        self.commands = LazyCommands(dict(self.commands))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write names and first sentences, panel by panel."""
        for panel, summaries in COMMANDS.items():
            write_section(panel, list(summaries.items()), formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen subcommand."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, KeyboardInterrupt) as error:
            raise Stopped from error


app = typer.Typer(
    name="muse",
    cls=Commands,
    epilog="'muse help COMMAND' explains a command. "
    "Anywhere on the line: --quiet (no progress bar, no notices), --debug (tracebacks), "
    "--max-bytes SIZE (most bytes read from a pipe, such as 4G).",
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich would double the time of a help text
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from importlib.metadata import version

        print(f"muse {version('muse-toolbox')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", "-V", help="Version number of the installed muse.", callback=print_version
    ),
]


@app.callback()
def root(version: Version = False) -> None:
    """Separate, transcribe, compose and jam: tools for music that chain in a pipe.

    Data goes to standard output, messages go to standard error, and '-' stands for standard input
    or output.

    Example: muse chords --bars 8 --seed 1 | muse melody --seed 1 -o tune.mid
    Example: muse view song.mid --bars 1-4
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; raise only with --debug."""
    words, quiet, debug = split_global_flags(arguments)
    set_up_messages(logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO)
    try:
        words = take_limit(words)
        result = app(args=with_help_flag(words), prog_name="muse", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as exit:  # typer ends shell completion so
        return exit.code if isinstance(exit.code, int) else ExitCode.OK
    except BaseException as raised:
        error = raised.__cause__ if isinstance(raised, Stopped) else raised
        if isinstance(error, BrokenPipeError):  # as in `muse ... | head`
            drop_output()
            return ExitCode.OK
        if getattr(error, "filename", None) == OUTPUT_NAME:
            drop_output()
        if type(error).__name__ == "NoArgsIsHelpError":  # private to typer; its text is the help
            print(error, file=sys.stderr)
            return ExitCode.USAGE
        if debug and not is_usage_error(error):
            raise
        code, message = explain(error, words if words and words[0] in SUMMARIES else [])
        print(f"muse: {message}", file=sys.stderr)
        return code
    return result if isinstance(result, int) else ExitCode.OK


def split_global_flags(arguments: Sequence[str]) -> tuple[list[str], bool, bool]:
    """Return the words without global flags, and whether --quiet and --debug were among them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags = set(arguments[:end])
    words = [
        word
        for position, word in enumerate(arguments)
        if position >= end or word not in QUIET_FLAGS | DEBUG_FLAGS
    ]
    return words, bool(flags & QUIET_FLAGS), bool(flags & DEBUG_FLAGS)


def take_limit(words: list[str]) -> list[str]:
    """Return the words without --max-bytes, whose value is put into the environment.

    Raises:
        ParameterError: its value is missing or no size.
    """
    end = words.index("--") if "--" in words else len(words)
    names = [word.partition("=")[0] for word in words[:end]]
    if LIMIT_OPTION not in names:
        return words
    from muse.tools.streams import LIMIT_VARIABLE, parse_size

    at = names.index(LIMIT_OPTION)
    is_joined = "=" in words[at]
    value = words[at].partition("=")[2] if is_joined else "".join(words[at + 1 : at + 2])
    os.environ[LIMIT_VARIABLE] = str(parse_size(value, LIMIT_OPTION))
    return take_limit(words[:at] + words[at + (1 if is_joined else 2) :])


def with_help_flag(words: list[str]) -> list[str]:
    """Return `help COMMAND` as `COMMAND --help`, and other words as they are."""
    return [*words[1:], "--help"] if words[:1] == [HELP] else words


def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Handle SIGTERM like Ctrl-C, so that half-written files are removed."""
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    # numpy's matrix products here are small: with threads a transcription takes a fifth longer;
    # the nets have threads of their own
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, interrupt)
    open_standard_streams()
    sys.exit(run(sys.argv[1:]))
