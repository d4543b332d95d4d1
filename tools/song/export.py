"""Songs into files whose suffix names the format: MIDI, Song documents, audio, scores, pictures."""

import logging
from collections.abc import Sequence
from pathlib import Path

from muse.tools.errors import MuseError
from muse.tools.song.document import Song
from muse.tools.view.view import check_output, save_view

log = logging.getLogger("muse")

AUDIO = (".wav", ".flac", ".ogg", ".mp3")


def check_target(out: Path, source: str) -> None:
    """Refuse a file that cannot be written, before any work is done.

    Raises:
        ParameterError: the suffix names no format, or it is the input.
        MuseError: something of another kind is there.
        MissingPartError: audio is wanted and FluidSynth or a soundfont is missing.
    """
    if out.suffix.lower() not in AUDIO:
        check_output(out, source, AUDIO)
        return
    if out.is_dir():
        raise MuseError(f"{out} is a folder; name a file")
    from muse.tools.audio.render import load_fluidsynth
    from muse.tools.audio.soundfonts import choose_soundfont

    load_fluidsynth()
    choose_soundfont()


def numbered(out: Path, count: int) -> list[Path]:
    """The file itself, or for several `name_1.mid`, `name_2.mid` and so on, padded alike."""
    if count == 1:
        return [out]
    width = len(str(count))
    return [out.with_name(f"{out.stem}_{n:0{width}}{out.suffix}") for n in range(1, count + 1)]


def save_songs(songs: Sequence[Song], paths: Sequence[Path]) -> None:
    """Write each song into its file, whole or not at all.

    Raises:
        MissingPartError: audio is wanted and there is no synthesizer.
    """
    for song, path in zip(songs, paths, strict=True):
        if path.suffix.lower() in AUDIO:
            from muse.tools.audio.render import render_file
            from muse.tools.audio.soundfonts import choose_soundfont

            render_file(song, path, soundfont=choose_soundfont())
        else:
            save_view(song, path, path.stem)
        log.info("wrote %s", path)
