"""Audio in; stems, MIDI and a Song out: separate, hear each stem, find the beats, put it together.

Ladder: `hear_stem` (one stem's file -> Part), `transcribe_song` (a file -> Song and stems),
`transcribe_file` (a file -> a folder of files).
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from muse.tools.audio import AudioReader
from muse.tools.errors import ParameterError
from muse.tools.files import on_disk
from muse.tools.midi import load_song, save_song
from muse.tools.progress import Report, part, silent
from muse.tools.separation.engine import Engine
from muse.tools.separation.separate import SeparateOptions, Separation, engine_for, separate_file
from muse.tools.song import Role, Song, SourceStem
from muse.tools.transcription.assemble import Part, one_part
from muse.tools.transcription.compose import compose
from muse.tools.transcription.drums import transcribe_drums_file
from muse.tools.transcription.instruments import is_drums_file, role_of_notes
from muse.tools.transcription.options import TranscribeOptions
from muse.tools.transcription.pitched import transcribe_pitched_file

log = logging.getLogger("muse")

SONG_DOCUMENT = "song.json"  # written last: where it is, the folder is whole
SONG_MIDI = "song.mid"
SOLO = "solo"  # what a recording of one instrument is called until its role is known
PITCHED_ENGINE = "basic-pitch"
DRUM_ENGINE = "spectral-drums"
SILENCE_DBFS = -60.0  # RMS of the loudest tenth of a second, under which a stem is silent
SILENCE_WINDOW_S = 0.1

# what each stem of the separation models does in a song
STEM_ROLES: dict[str, Role] = {
    "vocals": "vocals",
    "drums": "drums",
    "bass": "bass",
    "other": "keys",
    "piano": "keys",
    "guitar": "guitar",
}


@dataclass(frozen=True)
class Stem:
    """A stem to be heard: its name, its sound, its role where that is known, and what made it."""

    name: str
    path: Path
    role: Role | None
    origin: str


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
        stems, separation = find_stems(path, stems_at, options, part(report, 0.0, 0.5))
        hearing = part(report, 0.5, 0.9)
        parts = []
        for number, stem in enumerate(stems):
            step = part(hearing, number / len(stems), (number + 1) / len(stems))
            parts.append(hear_stem(stem, step))
        report("beats", 0.9)
        heard = [describe(stem, each) for stem, each in zip(stems, parts, strict=True)]
        song = compose(path, str(source), parts, heard, separation, options)
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
        return [Stem(options.role or SOLO, path, options.role, "input")], None
    wanted = SeparateOptions(
        model=options.model, device=options.device, stems=options.only, template="{stem}.{ext}"
    )
    separation = separate_file(path, folder, wanted, report, engine=separator_for(wanted))
    stems = [
        Stem(stem.stem, Path(stem.path), STEM_ROLES.get(stem.stem, "other"), stem.from_)
        for stem in separation.stems
    ]
    return stems, separation


def hear_stem(stem: Stem, report: Report = silent) -> Part:
    """The notes of one stem, by the transcriber for its role; a silent stem has none."""
    report(stem.name, 0.0)
    if is_silent(stem.path):
        log.info("%s is silent: no MIDI for it", stem.name)
        return Part(stem.name, stem.role or "other")
    if stem.role == "drums" or (stem.role is None and is_drums_file(stem.path)):
        name = "drums" if stem.name == SOLO else stem.name
        return Part(name, "drums", transcribe_drums_file(stem.path), engine=DRUM_ENGINE)
    role: Role = stem.role or "keys"
    heard = transcribe_pitched_file(stem.path, role, report)
    if stem.role is None and (guess := role_of_notes(heard.notes)) != role:
        role = guess
        heard = transcribe_pitched_file(stem.path, role, report, tuning_cents=heard.tuning_cents)
    name = role if stem.name == SOLO else stem.name
    return Part(name, role, heard.notes, engine=PITCHED_ENGINE, tuning_cents=heard.tuning_cents)


def is_silent(path: Path) -> bool:
    """Whether no tenth of a second of a file is as loud as SILENCE_DBFS (RMS)."""
    limit = 10.0 ** (SILENCE_DBFS / 20.0)
    with AudioReader(path) as reader:
        step = max(round(SILENCE_WINDOW_S * reader.sample_rate), 1)
        for block in reader.blocks():
            starts = np.arange(0, block.shape[1], step)
            power = np.add.reduceat(np.square(block).mean(axis=0), starts) / step
            if power.max(initial=0.0) > limit * limit:
                return False
    return True


def describe(stem: Stem, heard: Part) -> SourceStem:
    """What became of a stem, for the document."""
    return SourceStem(
        heard.name, heard.role, stem.origin, heard.engine, len(heard.notes), silent=not heard.engine
    )


def write_midi(song: Song, folder: Path) -> list[Path]:
    """Write <stem>.mid for each track, song.mid, and song.json last; the paths written."""
    targets = {folder / f"{track.name}.mid": one_part(song, track.name) for track in song.tracks}
    targets[folder / SONG_MIDI] = song
    targets[folder / SONG_DOCUMENT] = song
    for path, content in targets.items():
        save_song(content, path)
    return list(targets)
