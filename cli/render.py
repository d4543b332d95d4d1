"""`muse render`: a song to audio."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.completion import complete_names
from muse.cli.help_format import Command
from muse.cli.names import SAMPLE_FORMATS
from muse.cli.options import OUTPUT, SOUND, SongInput, Soundfont, option

Out = Annotated[
    str,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="FILE",
        help="Output file, .wav, .flac, .ogg or .mp3; '-' for WAV on standard output.",
    ),
]
SampleRate = Annotated[
    int,
    option(
        panel=OUTPUT, metavar="HZ", low=8000, high=96000, help="Sample rate of the audio in Hz."
    ),
]
Bits = Annotated[
    str,
    option(
        panel=OUTPUT,
        metavar="BITS",
        help="Bits per sample: 16, 24 (WAV and FLAC) or 32f (WAV, floating point).",
        complete=complete_names(*SAMPLE_FORMATS),
    ),
]
Gain = Annotated[
    float,
    option(
        panel=SOUND, metavar="GAIN", low=0.01, high=10.0, help="Linear gain of the synthesizer."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("render", cls=Command)(render)


def render(
    song: SongInput = "-",
    out: Out = "-",
    sample_rate: SampleRate = 44100,
    bits: Bits = "16",
    soundfont: Soundfont = None,
    gain: Gain = 0.5,
) -> None:
    """Render a song to audio with FluidSynth.

    The song is MIDI, a Song document, MusicXML, ABC or a chart. Tempo changes, programs, pitch
    bends and drums are played as they are in the file.

    Example: muse render song.mid -o song.flac
    Example: muse chords --bars 4 | muse render -o chords.wav
    """
    from muse.cli.output import refuse_terminal
    from muse.tools.audio.render import render_file, render_to_stream
    from muse.tools.audio.soundfonts import choose_soundfont
    from muse.tools.datasets.readers import read_song
    from muse.tools.errors import ParameterError
    from muse.tools.files import real_path

    if out == "-":
        refuse_terminal("audio")
    elif real_path(out) == real_path(song):
        raise ParameterError(f"{out} is the input; name another file")
    font = choose_soundfont(soundfont)
    options: dict[str, Any] = {
        "soundfont": font,
        "sample_rate": sample_rate,
        "gain": gain,
        "bits": bits,
    }
    if out == "-":
        peak = render_to_stream(read_song(song), sys.stdout.buffer, **options)
    else:
        peak = render_file(read_song(song), Path(out), **options)
    logging.getLogger("muse").info("rendered with %s, peak %.2f of full scale", font.name, peak)
