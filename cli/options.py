"""Options that several commands share, each with one name and one meaning."""

from pathlib import Path
from typing import Annotated

import typer

AudioInputs = Annotated[
    list[str], typer.Argument(metavar="INPUT...", help="Audio files; '-' is standard input.")
]
SongInput = Annotated[
    str, typer.Argument(metavar="[SONG]", help="MIDI file or Song document; '-' is stdin.")
]
OutputFolder = Annotated[
    str, typer.Option("-o", "--out", metavar="DIR", help="Folder to write into.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, also on a terminal.")]
Device = Annotated[
    str, typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Where nets are run.")
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Inputs worked on at once.")]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", help="Leave inputs alone whose outputs are there.")
]
Soundfont = Annotated[
    Path | None, typer.Option("--soundfont", metavar="FILE", help="An .sf2 or .sf3 to play with.")
]
