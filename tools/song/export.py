"""Write songs to files whose suffix names the format: MIDI, Song JSON, audio, scores, pictures.

This module is the one place where commands that make songs find every format. The rooms that write
scores, pictures and audio are built on this one, so they are imported inside the functions.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.errors import MuseError
from muse.tools.song.document import Song

log = logging.getLogger("muse")


def check_target(out: Path, source: str) -> None:
    """Check that a song can be written to a file, before any work is done.

    Args:
        out: the file to write.
        source: the input file, which must not be overwritten; "" if there is none.

    Raises:
        ParameterError: the suffix names no format, or `out` is the input.
        MuseError: `out` is a folder, or a file of another format.
        MissingPartError: audio needs FluidSynth and a soundfont, and one of them is missing.
    """
    if out.suffix.lower() not in AUDIO_SUFFIXES:
        from muse.tools.view.formats import check_output

        check_output(out, source, AUDIO_SUFFIXES)
        return
    if out.is_dir():
        raise MuseError(f"{out} is a folder; name a file")
    from muse.tools.audio.render import load_fluidsynth
    from muse.tools.audio.soundfonts import choose_soundfont

    load_fluidsynth()
    choose_soundfont()


def numbered_paths(out: Path, count: int) -> list[Path]:
    """Return `out` itself for one song; else `name_1.mid`, `name_2.mid` ... with equal digits."""
    if count == 1:
        return [out]
    width = len(str(count))
    return [out.with_name(f"{out.stem}_{n:0{width}}{out.suffix}") for n in range(1, count + 1)]


def save_songs(songs: Sequence[Song], paths: Sequence[Path]) -> None:
    """Write each song to its file; a file is written whole or not at all.

    Raises:
        MissingPartError: audio needs FluidSynth and a soundfont, and one of them is missing.
    """
    for song, path in zip(songs, paths, strict=True):
        if path.suffix.lower() in AUDIO_SUFFIXES:
            from muse.tools.audio.render import render_file
            from muse.tools.audio.soundfonts import choose_soundfont

            render_file(song, path, soundfont=choose_soundfont())
        else:
            from muse.tools.view.view import save_view

            save_view(song, path, path.stem)
        log.info("wrote %s", path)
