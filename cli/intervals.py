"""`muse intervals`: the intervals in a recording, clips to learn from, a quiz, and names."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from muse.cli.intervals_quiz import quiz
from muse.cli.options import AsJson

if TYPE_CHECKING:
    from muse.tools.intervals.data_set import DataSet
    from muse.tools.intervals.recordings import HeardInterval

Text = str | None
Number = float | None

HELP_OPTIONS = ("-h", "--help")
HEAR = "hear"  # the subcommand for files, which need not be named


class FileOrCommand(TyperGroup):
    """Subcommands, and a file where the first word is none of them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the hidden subcommand for files in front where none is named."""
        if args and args[0] not in self.commands and args[0] not in HELP_OPTIONS:
            args = [HEAR, *args]
        return super().parse_args(ctx, args)


group = typer.Typer(cls=FileOrCommand, no_args_is_help=True)
group.command("quiz")(quiz)


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    app.add_typer(group, name="intervals")


@group.callback()
def intervals() -> None:
    """Hear the intervals in a recording: muse intervals FILE, or '-' for standard input.

    And what goes with it: clips to learn from, an ear trainer, and the names of intervals.

    Example: muse intervals melody.wav

    Example: muse intervals name C4 G#4
    """


@group.command(HEAR, hidden=True)
def hear(
    audio: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A recording; '-' is standard input.")
    ],
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.0, max=1.0, help="Leave out what is less sure.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Tell the intervals of a recording: of successive notes, and of two that sound together.

    JSON lines as they are found, or a table on a terminal.

    Example: muse intervals melody.wav

    Example: rec -t wav - trim 0 10 | muse intervals -
    """
    import logging

    from muse.cli.output import print_json
    from muse.cli.progress import bar
    from muse.tools.intervals.recordings import hear_file
    from muse.tools.intervals.single_notes import Sounded

    piped = as_json or not sys.stdout.isatty()
    found, surest, sounded = [], None, Sounded()
    with bar("intervals") as report:
        for heard in hear_file(audio, report, sounded):
            surest = max(heard.confidence, surest or 0.0)
            if heard.confidence >= confidence:
                found.append(heard)
                if piped:
                    print_json(heard)
    if not found:
        what = f"only {sounded}" if surest is None else f"the surest has confidence {surest:.2f}"
        logging.getLogger("muse").warning("%s: no interval found, %s", audio, what)
    elif not piped:
        print_heard(found)


def print_heard(found: "list[HeardInterval]") -> None:
    """The intervals of a recording as a table."""
    from muse.cli.output import print_table

    header = ("at", "notes", "interval", "direction", "cents off", "confidence")
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


@group.command("generate", no_args_is_help=True)
def generate(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder to make.")],
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", help="So many clips.")] = 5000,
    intervals: Annotated[
        Text, typer.Option(metavar="1-12|3,4,7|all", help="Semitones, 0 to 24; 1-12.")
    ] = None,
    direction: Annotated[
        Text, typer.Option(metavar="ascending,descending,together", help="Ascending.")
    ] = None,
    timbre: Annotated[
        Text,
        typer.Option(
            metavar="sine,saw,fm,pluck,gm:0-7",
            help="gm: programs, a General MIDI group, or train, validation, test; sine.",
        ),
    ] = None,
    soundfont: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="For gm; several are drawn from."),
    ] = None,
    length: Annotated[Number, typer.Option(metavar="SECONDS", help="Of a clip; 2.")] = None,
    gap: Annotated[Text, typer.Option(metavar="SECONDS|LOW:HIGH", help="Between; 0.2.")] = None,
    note: Annotated[
        Text, typer.Option(metavar="SECONDS|LOW:HIGH", help="A note's length; fills the clip.")
    ] = None,
    lowest: Annotated[Number, typer.Option(metavar="HZ", help="Of fundamentals; 55.")] = None,
    highest: Annotated[Number, typer.Option(metavar="HZ", help="Of fundamentals; 1760.")] = None,
    detune: Annotated[
        Number, typer.Option(metavar="CENTS", help="Each note is off by up to so much.")
    ] = None,
    tuning: Annotated[
        Number, typer.Option(metavar="CENTS", help="Both are off A = 440 Hz by up to so much.")
    ] = None,
    balance: Annotated[
        Number, typer.Option(metavar="DB", help="One note is louder by up to so much.")
    ] = None,
    snr: Annotated[Text, typer.Option(metavar="DB|LOW:HIGH", help="Of added noise.")] = None,
    noise: Annotated[Text, typer.Option(metavar="white|pink", help="White.")] = None,
    reverb: Annotated[
        Text, typer.Option(metavar="SECONDS|LOW:HIGH", help="In which a room falls by 60 dB.")
    ] = None,
    level: Annotated[Text, typer.Option(metavar="DBFS|LOW:HIGH", help="Of the peak; -6.")] = None,
    rate: Annotated[int | None, typer.Option(metavar="HZ", help="Sample rate; 44100.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same bytes.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Write clips of intervals as WAV, and what is in them as labels.jsonl.

    The folder is made whole or not at all; one that holds just these clips is left as it is.

    Example: muse intervals generate -n 5000 -o clips/ --jobs 2

    Example: muse intervals generate -o gm/ --timbre gm:train --direction together --snr 10:40
    """
    from muse.cli.progress import bar
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.intervals.data_set import generate_folder
    from muse.tools.intervals.parse_settings import Words, recipe_of

    words = Words(
        length=length,
        gap=gap,
        note=note,
        lowest=lowest,
        highest=highest,
        intervals=intervals,
        direction=direction,
        timbre=timbre,
        soundfonts=tuple(soundfont or ()),
        detune=detune,
        tuning=tuning,
        balance=balance,
        snr=snr,
        noise=noise,
        reverb=reverb,
        level=level,
        rate=rate,
    )
    recipe, chosen = recipe_of(words), choose_seed(seed)
    if seed is None:
        report_seed(chosen)
    with bar("intervals") as report:
        made = generate_folder(out, recipe, count, chosen, jobs=jobs, report=report)
    show_data_set(out, made, as_json)


@group.command("name", no_args_is_help=True)
def name(
    first: Annotated[str, typer.Argument(metavar="NOTE", help="C4; without octave C is C4.")],
    second: Annotated[str, typer.Argument(metavar="NOTE", help="G#4; G# is the next one up.")],
    as_json: AsJson = False,
) -> None:
    """Name the interval between two notes, by its size and as it is spelled.

    Example: muse intervals name C4 G#4
    """
    from muse.cli.output import print_json
    from muse.tools.intervals.names import describe

    found = describe(first, second)
    if as_json or not sys.stdout.isatty():
        print_json(found)
    else:
        print_names(found)


def print_names(found: dict[str, Any]) -> None:
    """The names of an interval as a table."""
    from muse.cli.output import print_table

    turned = found["inversion"]
    rows: list[tuple[str, ...]] = [
        ("semitones", str(found["semitones"])),
        ("direction", found["direction"]),
        ("as it sounds", found["name"]),
        ("as it is spelled", found["spelled"]),
        ("made of", found["compound"] or "-"),
        ("inversion", f"{turned['name']} (spelled {turned['spelled']})"),
    ]
    print_table(f"{found['first']} to {found['second']}", ("", ""), rows)


def show_data_set(folder: Path, made: "DataSet", as_json: bool) -> None:
    """What was made: JSON in a pipe, a line on a terminal."""
    from muse.cli.output import print_json

    if as_json or not sys.stdout.isatty():
        print_json(made)
    else:
        print(f"{folder}: {made.clips} clips, seed {made.seed}, {made.content_hash[:12]}")
