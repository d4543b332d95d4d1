"""Audio in; stems, MIDI and a Song out: separate, hear each stem, find the beats, put it together.

The rungs below `transcribe_file` are in stems.py (stems -> parts) and compose.py (parts -> Song).
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muse.tools.audio.io import AudioReader, writing_audio
from muse.tools.errors import ParameterError
from muse.tools.files import PIPE, on_disk
from muse.tools.progress import Report, part, silent
from muse.tools.separation.separate import SeparateOptions, Separation, separate_file
from muse.tools.song.document import Song
from muse.tools.song.midi import load_song, save_song
from muse.tools.transcription.assemble import Part, one_part
from muse.tools.transcription.background import begin
from muse.tools.transcription.compose import compose, timing_of
from muse.tools.transcription.options import TranscribeOptions
from muse.tools.transcription.stems import HEARD_TOGETHER, STEM_ROLES, Stem, hear_stems, is_silent

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
    name = "standard input" if str(source) == PIPE else str(source)
    with on_disk(source) as path, tempfile.TemporaryDirectory(prefix="muse-") as scratch:
        with AudioReader(path, name):
            pass  # what is no audio is told before a net is loaded
        timing = begin(timing_of, path, options.bpm)
        stems, separation = find_stems(path, folder, Path(scratch), options, part(report, 0, 0.5))
        parts = hear_stems(stems, part(report, 0.5, 0.9), options.engine)
        report("beats", 0.9)
        song = compose(path, name, parts, timing.result(), separation, options)
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


def find_stems(
    path: Path, folder: Path | None, scratch: Path, options: TranscribeOptions, report: Report
) -> tuple[list[Stem], Separation | None]:
    """The stems of an input, or the input itself as the one stem of a solo recording.

    They are written into `folder`, or into `scratch` where nobody wants to keep them.
    """
    if not options.separate:
        return [Stem(options.role or "solo", path, options.role, "input")], None
    wanted = SeparateOptions(
        model=options.model, device=options.device, stems=options.only, template="{stem}.{ext}"
    )
    place = folder if folder is not None and options.keep_stems else scratch / "stems"
    separation = separate_file(path, place, wanted, report)
    in_mix = HEARD_TOGETHER.get(separation.made_by.model or "", set())
    backing = without_voice(path, separation, scratch) if in_mix else None
    stems = [
        Stem(
            stem.stem,
            Path(stem.path),
            STEM_ROLES.get(stem.stem, "other"),
            stem.from_,
            heard_in=backing if stem.stem in in_mix else None,
        )
        for stem in separation.stems
    ]
    return stems, separation


def without_voice(path: Path, separation: Separation, scratch: Path) -> Path:
    """The recording without its voice: itself where there is none, else the mix minus that stem."""
    vocals = separation.path_of("vocals")
    if vocals is None or is_silent(vocals):
        return path
    gain = np.float32(10.0 ** (separation.gain_db / 20.0))
    target = scratch / "without-voice.wav"
    with AudioReader(path) as mix, AudioReader(vocals) as voice:
        rate = mix.sample_rate
        with writing_audio(target, rate, 1, bits="32f", frames=mix.frames) as writer:
            for whole, sung in zip(mix.blocks(), voice.blocks(), strict=False):
                length = min(whole.shape[1], sung.shape[1])
                backing = gain * whole[:, :length].mean(0) - sung[:, :length].mean(0)
                writer.write(backing[None])
    return target


def write_midi(song: Song, folder: Path) -> list[Path]:
    """Write <stem>.mid for each track, song.mid, and song.json last; the paths written."""
    targets = {folder / f"{track.name}.mid": one_part(song, track.name) for track in song.tracks}
    targets[folder / SONG_MIDI] = song
    targets[folder / SONG_DOCUMENT] = song
    for path, content in targets.items():
        save_song(content, path)
    return list(targets)
