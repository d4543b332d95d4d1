"""`muse intervals`: the intervals in a recording, clips to learn from, a quiz, and names."""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muse.cli.errors import NEAR
from muse.cli.help_format import Command, Group
from muse.cli.intervals_generate import generate
from muse.cli.intervals_quiz import quiz
from muse.cli.options import OUTPUT, AsJson, option

if TYPE_CHECKING:
    from muse.tools.intervals.recordings import DetectedInterval

HELP_OPTIONS = ("-h", "--help")
HEAR = "hear"  # the subcommand for files, whose name may be left out

Recording = Annotated[
    str, typer.Argument(metavar="FILE", help="Audio file to analyze; '-' for standard input.")
]
Confidence = Annotated[
    float,
    option(
        panel=OUTPUT,
        metavar="P",
        low=0.0,
        high=1.0,
        help="Smallest confidence of an interval; less certain ones are left out.",
    ),
]
FirstNote = Annotated[
    str,
    typer.Argument(
        metavar="NOTE",
        help="First note, for example C4; C alone means C4. Or an interval, for example min3.",
    ),
]
SecondNote = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NOTE|INTERVAL]",
        help="Second note, for example G#4; G# alone means the next one up. Or the interval to it, "
        "for example M3, dim5, 'aug 4', b3 or TT.",
    ),
]


class FileOrCommand(Group):
    """Subcommands, and `hear` where the first word names none of them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `hear` in front of a file, and refuse a command that is mistyped."""
        if args and args[0] not in self.commands and args[0] not in HELP_OPTIONS:
            nearest = get_close_matches(args[0], self.commands, 1, NEAR)
            if nearest and not Path(args[0]).exists():
                ctx.fail(f"no file or command '{args[0]}'; did you mean '{nearest[0]}'?")
            args = [HEAR, *args]
        return super().parse_args(ctx, args)


group = typer.Typer(cls=FileOrCommand, no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    app.add_typer(group, name="intervals")


@group.callback(subcommand_metavar="FILE|COMMAND [ARGS]...")
def intervals() -> None:
    """Detect the intervals in a recording, or practice and generate them.

    'muse intervals FILE' is short for 'muse intervals hear FILE'.

    Example: muse intervals melody.wav
    Example: muse intervals name C4 G#4
    """


@group.command(HEAR, cls=Command)
def hear(audio: Recording, confidence: Confidence = 0.0, as_json: AsJson = False) -> None:
    """Detect the intervals in a recording, between successive and between simultaneous notes.

    Each interval is a JSON line, written as soon as it is found; on a terminal all are one table.

    Example: muse intervals melody.wav
    Example: cat melody.wav | muse intervals - --confidence 0.5
    """
    import logging

    from muse.cli.output import print_json
    from muse.cli.progress import progress_bar
    from muse.tools.intervals.recordings import find_intervals_in_file
    from muse.tools.intervals.single_notes import SoundSummary

    piped = as_json or not sys.stdout.isatty()
    found, highest, summary = [], None, SoundSummary()
    with progress_bar("intervals") as report:
        for interval in find_intervals_in_file(audio, report, summary):
            highest = max(interval.confidence, highest or 0.0)
            if interval.confidence >= confidence:
                found.append(interval)
                if piped:
                    print_json(interval)
    if not found:
        reason = (
            f"only {summary}" if highest is None else f"the highest confidence is {highest:.2f}"
        )
        logging.getLogger("muse").warning("%s: no interval found, %s", audio, reason)
    elif not piped:
        print_intervals(found)


def print_intervals(found: "list[DetectedInterval]") -> None:
    """Print the intervals of a recording as a table."""
    from muse.cli.output import print_table

    header = ("time", "notes", "interval", "direction", "deviation (cents)", "confidence")
    rows: list[tuple[str, ...]] = [
        (
            f"{one.onset_s:.2f} s",
            f"{one.first.name} {one.second.name}",
            one.name,
            one.direction,
            f"{round(one.cents_off):+d}",
            f"{one.confidence:.2f}",
        )
        for one in found
    ]
    print_table("intervals", header, rows)


@group.command("name", cls=Command, no_args_is_help=True)
def name(first: FirstNote, second: SecondNote = None, as_json: AsJson = False) -> None:
    """Name the interval between two notes, or an interval, by its size and by its spelling.

    Example: muse intervals name C4 G#4
    Example: muse intervals name A3 M3
    Example: muse intervals name dim5 --json
    """
    from muse.cli.output import print_json
    from muse.tools.intervals.names import describe_words

    found = describe_words(first, " ".join(second or ()))
    if as_json or not sys.stdout.isatty():
        print_json(found)
    else:
        print_names(found)


def print_names(found: dict[str, Any]) -> None:
    """Print the names of an interval as a table."""
    from muse.cli.output import print_table

    inversion = found["inversion"]
    has_notes = "first" in found
    rows: list[tuple[str, ...]] = [
        ("semitones", str(found["semitones"])),
        *([("direction", found["direction"])] if has_notes else []),
        ("by size", found["name"]),
        ("by spelling", found["spelled"]),
        ("compound of", found["compound"] or "-"),
        ("inversion", f"{inversion['name']} (spelled {inversion['spelled']})"),
    ]
    title = f"{found['first']} to {found['second']}" if has_notes else found["spelled"]
    print_table(title, ("", ""), rows)


group.command("quiz", cls=Command)(quiz)
group.command("generate", cls=Command, no_args_is_help=True)(generate)
