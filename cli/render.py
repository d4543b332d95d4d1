"""`muse render`: a Song or MIDI file to audio."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.options import SongInput, Soundfont

Output = Annotated[
    str,
    typer.Option(
        "-o", "--out", metavar="FILE", help="wav, flac, ogg or mp3; '-' is WAV to stdout."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("render")(render)


def render(
    song: SongInput = "-",
    out: Output = "-",
    soundfont: Soundfont = None,
    sample_rate: Annotated[int, typer.Option(min=8000, max=96000, help="In Hz.")] = 44100,
    gain: Annotated[
        float, typer.Option(min=0.01, max=10.0, help="Loudness of the synthesizer, linear.")
    ] = 0.5,
    bits: Annotated[str, typer.Option(metavar="16|24|32f", help="Of each sample.")] = "16",
) -> None:
    """Play a MIDI file or Song document into an audio file, through FluidSynth.

    The soundfont is --soundfont, else $MUSE_SOUNDFONT, else the best one found.

    Example: muse render song.mid -o song.flac
    """
    from muse.cli.output import refuse_terminal
    from muse.tools.audio.render import render_file, render_to_stream
    from muse.tools.audio.soundfonts import choose_soundfont
    from muse.tools.errors import ParameterError
    from muse.tools.song.midi import load_song

    if out == "-":
        refuse_terminal("audio")
    elif Path(out).resolve() == Path(song).resolve():
        raise ParameterError(f"{out} is the input; name another file")
    font = choose_soundfont(soundfont)
    options: dict[str, Any] = {
        "soundfont": font,
        "sample_rate": sample_rate,
        "gain": gain,
        "bits": bits,
    }
    if out == "-":
        peak = render_to_stream(load_song(song), sys.stdout.buffer, **options)
    else:
        peak = render_file(load_song(song), Path(out), **options)
    logging.getLogger("muse").info("rendered with %s, peak %.2f of full scale", font.name, peak)
