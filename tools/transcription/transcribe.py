"""Audio in; stems, MIDI and a Song out: separate, hear each stem, find the beats, put it together.

The rungs below `transcribe_file` are in stems.py (stems -> parts) and compose.py (parts -> Song).
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from muse.tools.audio import AudioReader
from muse.tools.errors import ParameterError
from muse.tools.files import PIPE, on_disk
from muse.tools.midi import load_song, save_song
from muse.tools.progress import Report, part, silent
from muse.tools.separation.engine import Engine
from muse.tools.separation.separate import SeparateOptions, Separation, engine_for, separate_file
from muse.tools.song import Song
from muse.tools.transcription.assemble import Part, one_part
from muse.tools.transcription.compose import compose
from muse.tools.transcription.options import TranscribeOptions
from muse.tools.transcription.stems import HEARD_IN_MIX, STEM_ROLES, Stem, hear_stems

log = logging.getLogger("muse")

SONG_DOCUMENT = "song.json"  # written last: where it is, the folder is whole
SONG_MIDI = "song.mid"


@dataclass(frozen=True)
class Transcription:
    """What a transcription gave: the Song, each stem's part and the files written."""

    song: Song
    parts: list[Part]
    files: list[Path]


def transcribe_file(
    source: str | Path,
    folder: Path | None,
    options: TranscribeOptions,
    report: Report = silent,
    *,
    skip_existing: bool = False,
) -> Transcription:
    """Transcribe one input into a folder, or only into a Song where `folder` is None.

    Args:
        source: an audio file, or '-' for standard input.
        folder: made where missing; gets <stem>.wav, <stem>.mid, song.mid and song.json, each whole
            or not at all, song.json last.
        options: see TranscribeOptions.
        report: told how far it is.
        skip_existing: give back the song.json that is there already, and write nothing.

    Raises:
        BadInputError: the input is not readable audio.
        MissingPartError: a model was named whose package or weights are not here.
        ParameterError: the input lies where one of the outputs would.
    """
    if skip_existing and folder is not None and (folder / SONG_DOCUMENT).is_file():
        log.info("%s: %s is there already", source, folder / SONG_DOCUMENT)
        return Transcription(load_song(folder / SONG_DOCUMENT), [], [])
    check_not_overwritten(source, folder)
    with on_disk(source) as path, stem_folder(folder, options) as stems_at:
        name = "standard input" if str(source) == PIPE else str(source)
        with AudioReader(path, name):
            pass  # what is no audio is told before a net is loaded
        stems, separation = find_stems(path, stems_at, options, part(report, 0.0, 0.5))
        parts = hear_stems(stems, part(report, 0.5, 0.9))
        report("beats", 0.9)
        song = compose(path, name, parts, separation, options)
        files = [stem.path for stem in stems if stem.path.parent == folder]
        files += [] if folder is None else write_midi(song, folder)
    report("done", 1.0)
    return Transcription(song, parts, files)


def check_not_overwritten(source: str | Path, folder: Path | None) -> None:
    """Raise ParameterError when writing the stems would replace the input."""
    if folder is None or Path(source).resolve().parent != folder.resolve():
        return
    if Path(source).stem in STEM_ROLES:
        raise ParameterError(f"{source} would be overwritten by its own stem; choose another -o")


@lru_cache(maxsize=1)
def separator_for(options: SeparateOptions) -> Engine:
    """The separation engine of the options, loaded once for a batch of files."""
    return engine_for(options)


@contextmanager
def stem_folder(folder: Path | None, options: TranscribeOptions) -> Iterator[Path]:
    """Where the stems are written: the user's folder, or one that goes away again."""
    if folder is not None and options.keep_stems and options.separate:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="muse-stems-") as temporary:
        yield Path(temporary)


def find_stems(
    path: Path, folder: Path, options: TranscribeOptions, report: Report
) -> tuple[list[Stem], Separation | None]:
    """The stems of an input, or the input itself as the one stem of a solo recording."""
    if not options.separate:
        return [Stem(options.role or "solo", path, options.role, "input")], None
    wanted = SeparateOptions(
        model=options.model, device=options.device, stems=options.only, template="{stem}.{ext}"
    )
    separation = separate_file(path, folder, wanted, report, engine=separator_for(wanted))
    in_mix = HEARD_IN_MIX.get(separation.made_by.model or "", set())
    stems = [
        Stem(
            stem.stem,
            Path(stem.path),
            STEM_ROLES.get(stem.stem, "other"),
            stem.from_,
            mix=path if stem.stem in in_mix else None,
        )
        for stem in separation.stems
    ]
    return stems, separation


def write_midi(song: Song, folder: Path) -> list[Path]:
    """Write <stem>.mid for each track, song.mid, and song.json last; the paths written."""
    targets = {folder / f"{track.name}.mid": one_part(song, track.name) for track in song.tracks}
    targets[folder / SONG_MIDI] = song
    targets[folder / SONG_DOCUMENT] = song
    for path, content in targets.items():
        save_song(content, path)
    return list(targets)
