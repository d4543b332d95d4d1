"""`muse view`: a Song, MIDI or audio file in the terminal, as a picture, or as a score."""

import logging
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.options import AsJson

STDIN_TITLE = "standard input"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("view")(view)


def view(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="Song, MIDI or audio; '-' is stdin.")
    ] = "-",
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="A picture (png, svg, pdf), a score (musicxml, mxl), mid or json.",
        ),
    ] = None,
    as_json: AsJson = False,
    chart: Annotated[bool, typer.Option("--chart", help="Only the chords.")] = False,
    roll: Annotated[bool, typer.Option("--roll", help="Only the piano roll.")] = False,
    bars: Annotated[
        str | None, typer.Option(metavar="5-8", help="Only these bars; 'all' shows every one.")
    ] = None,
    tracks: Annotated[
        str | None, typer.Option(metavar="1,bass", help="Only these tracks: numbers or names.")
    ] = None,
    find: Annotated[
        bool, typer.Option("--find", help="Look for chords and keys where there are none.")
    ] = False,
) -> None:
    """Show a song as a chord chart and piano roll, or audio as a waveform and mel spectrogram.

    In a pipe it is plain text. A score is written on a grid of 1/24 beat; notes that do not lie on
    it are moved to the nearest quarter or third of their beat.

    Example: muse view song.mid --bars 5-8

    Example: muse view song.mid -o song.musicxml
    """
    from muse.cli.output import write_bytes
    from muse.cli.progress import bar
    from muse.tools.view.inputs import subject
    from muse.tools.view.view import Show, check_output, json_of, lines_of, prepared, save_view

    if out is not None:
        check_output(out, file)
    title = STDIN_TITLE if file == "-" else Path(file).stem
    with subject(file) as found, bar("view") as report:
        seen = prepared(found, tracks, find)
        if out is not None:
            save_view(seen, out, title, bars=bars, report=report)
            logging.getLogger("muse").info("wrote %s", out)
            return
        if as_json:
            write_bytes(json_of(seen, report))
            return
        console, width = terminal()
        show = Show(width, has_colours(console), chart, roll, bars)
        lines = lines_of(seen, title, show, report)
    print_lines(lines, console)


def terminal() -> tuple[Any, int]:
    """The console to print on, None where it is none, and its width in letters."""
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty():
        return None, width
    from rich.console import Console

    return Console(highlight=False, width=width), width


def has_colours(console: Any) -> bool:
    """Whether what is printed there has colours: not in a pipe, nor with NO_COLOR or TERM=dumb."""
    return console is not None and console.color_system is not None and not console.no_color


def print_lines(lines: Any, console: Any) -> None:
    """Lines of spans on stdout: in colours on a terminal, else plain."""
    from muse.tools.view.text import plain

    if console is None:
        print(plain(lines), end="")
        return
    from rich.text import Text

    for line in lines:
        text = Text.assemble(*((span.text, span.style) for span in line))
        console.print(text, soft_wrap=True)
