"""`muse view`: a Song, MIDI or audio file in the terminal, as a picture, or as a score."""

import logging
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.help_format import Command
from muse.cli.options import INPUT, OUTPUT, AsJson, Text, option

STDIN_TITLE = "standard input"

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="Song, MIDI, score, chart or audio file; '-' for standard input."
    ),
]
Bars = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="BARS",
        default="as many as fit",
        help="Bars to show, for example 5-8, or 'all'.",
    ),
]
Tracks = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="TRACKS",
        default="all",
        help="Tracks to show, by number or name, for example 1,bass.",
    ),
]
Find = Annotated[
    bool,
    option("--find", panel=INPUT, help="Chords and keys detected from the notes, where missing."),
]
Out = Annotated[
    Path | None,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="FILE",
        default="the terminal",
        help="Output file; the suffix sets the format: a picture (png, svg, pdf), a score "
        "(musicxml, mxl, abc), mid or json.",
    ),
]
Chart = Annotated[
    bool, option("--chart", panel=OUTPUT, help="Chord chart alone, without the piano roll.")
]
Roll = Annotated[
    bool, option("--roll", panel=OUTPUT, help="Piano roll alone, without the chord chart.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("view", cls=Command)(view)


def view(
    file: File = "-",
    bars: Bars = None,
    tracks: Tracks = None,
    find: Find = False,
    out: Out = None,
    chart: Chart = False,
    roll: Roll = False,
    as_json: AsJson = False,
) -> None:
    """Show a song or a recording in the terminal, as a picture or as a score.

    A song is shown as a chord chart and piano roll, a recording as a waveform and mel spectrogram;
    in a pipe as plain text. Scores have a grid of 1/24 beat; notes off that grid move to the
    nearest quarter or third of a beat.

    Example: muse view song.mid --bars 5-8
    Example: muse view song.mid -o song.musicxml
    Example: muse view song.wav
    """
    from muse.cli.output import write_bytes
    from muse.cli.progress import progress_bar
    from muse.tools.view.formats import check_output
    from muse.tools.view.inputs import open_input
    from muse.tools.view.view import ViewOptions, json_of, lines_of, prepare, save_view

    if out is not None:
        check_output(out, file)
    title = STDIN_TITLE if file == "-" else Path(file).stem
    with open_input(file) as found, progress_bar("view") as report:
        content = prepare(found, tracks, find)
        if out is not None:
            save_view(content, out, title, bars=bars, report=report)
            logging.getLogger("muse").info("wrote %s", out)
            return
        if as_json:
            write_bytes(json_of(content, report))
            return
        console, width = terminal()
        options = ViewOptions(width, has_colors(console), chart, roll, bars)
        lines = lines_of(content, title, options, report)
    print_lines(lines, console)


def terminal() -> tuple[Any, int]:
    """Return the console to print on, None in a pipe, and its width in columns."""
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty():
        return None, width
    from rich.console import Console

    return Console(highlight=False, width=width), width


def has_colors(console: Any) -> bool:
    """Return whether output is colored: not in a pipe, nor with NO_COLOR or TERM=dumb."""
    return console is not None and console.color_system is not None and not console.no_color


def print_lines(lines: Any, console: Any) -> None:
    """Print lines of styled spans: in color on a terminal, else plain."""
    from muse.tools.view.text import plain

    if console is None:
        print(plain(lines), end="")
        return
    from rich.text import Text

    for line in lines:
        text = Text.assemble(*((span.text, span.style) for span in line))
        console.print(text, soft_wrap=True)
