"""Options that several commands share, and `option`, which declares one."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.completion import complete_names
from muse.cli.names import DEVICES, NET_PRECISIONS, one_of

# headings that options are grouped under in the help
INPUT, OUTPUT, MODEL, SAMPLING, MUSIC, TIMING = (
    "Input",
    "Output",
    "Model",
    "Sampling",
    "Music",
    "Timing",
)
PROCESSING, SOUND = "Processing", "Sound"

Text = str | None
Number = float | None
Complete = Callable[[str], list[str]]


def option(
    *names: str,
    panel: str,
    help: str,
    metavar: Text = None,
    default: str | bool = True,
    complete: Complete | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """Declare an option.

    Args:
        names: as typed, such as "-o" and "--out".
        panel: heading of its group in the help.
        help: a noun phrase that says what the value is, with its unit or form.
        metavar: placeholder of the value in the help.
        default: what the default is called in the help; True shows the value itself.
        complete: returns the values that complete what was typed.
        low: smallest value.
        high: largest value.
    """
    return typer.Option(
        *names,
        rich_help_panel=panel,
        help=help,
        metavar=metavar,
        show_default=default,
        autocompletion=complete,
        min=low,
        max=high,
    )


AudioInputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Audio files: WAV, FLAC, OGG, MP3, or what ffmpeg reads; '-' for standard input.",
    ),
]
SongInput = Annotated[
    str,
    typer.Argument(metavar="SONG", help="Song, MIDI file, score or chart; '-' for standard input."),
]
MelodyTrack = Annotated[
    str | None,
    option(
        "--melody-track",
        panel=INPUT,
        metavar="N|NAME",
        default="the likeliest",
        help="Track of the song's melody: its number from 1, or part of its name.",
    ),
]
SongOut = Annotated[
    Path | None,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="FILE",
        default="standard output",
        help="Output file; the suffix sets the format: mid, json, wav, flac, ogg, mp3, "
        "musicxml, mxl, abc, png, svg or pdf.",
    ),
]
AsJson = Annotated[
    bool, option("--json", panel=OUTPUT, help="JSON on standard output, also on a terminal.")
]
SkipExisting = Annotated[
    bool,
    option("--skip-existing", panel=OUTPUT, help="Only inputs whose outputs do not exist yet."),
]
Raw = Annotated[
    bool, option("--raw", panel=OUTPUT, help="Raw output of the model as JSON, instead of a Song.")
]
Seed = Annotated[
    int | None,
    option(
        "--seed",
        panel=SAMPLING,
        metavar="N",
        default="random, and reported",
        help="Random seed; the same seed gives the same result.",
    ),
]
Device = Annotated[
    str,
    option(
        "--device",
        panel=PROCESSING,
        metavar="DEVICE",
        help=f"Device that runs the nets: {one_of(DEVICES)}.",
        complete=complete_names(*DEVICES),
    ),
]
NetPrecision = Annotated[
    str,
    option(
        "--precision",
        panel=PROCESSING,
        metavar="TYPE",
        help=f"Number format of the nets: {one_of(NET_PRECISIONS)}.",
        complete=complete_names(*NET_PRECISIONS),
    ),
]
Jobs = Annotated[
    int,
    option(
        "-j",
        "--jobs",
        panel=PROCESSING,
        metavar="N",
        low=1,
        help="Number of inputs processed in parallel.",
    ),
]
Soundfont = Annotated[
    Path | None,
    option(
        "--soundfont",
        panel=SOUND,
        metavar="FILE",
        default="$MUSE_SOUNDFONT, else the best one found",
        help="Soundfont for the synthesizer, .sf2 or .sf3.",
    ),
]
