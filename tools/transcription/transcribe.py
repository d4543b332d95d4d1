"""From audio to stems, MIDI and a Song: separate, transcribe each stem, find the beats, combine.

The steps of `transcribe_file` are in stems.py (stems to notes) and build_song.py (to a Song).
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from muse.models.registry import WEIGHTS
from muse.tools.audio.io import AudioReader, writing_audio
from muse.tools.audio.level import leveled
from muse.tools.audio.mono import MonoMixer
from muse.tools.errors import ParameterError
from muse.tools.files import input_name, on_disk, real_path
from muse.tools.progress import Report, scale_report, silent
from muse.tools.separation.separate import SeparateOptions, Separation, separate_file
from muse.tools.song.document import Song
from muse.tools.song.midi import load_song, save_song
from muse.tools.temporary import temporary_folder
from muse.tools.transcription.background import start_in_background
from muse.tools.transcription.build_song import build_song, extract_track, find_timing
from muse.tools.transcription.options import AUTO, TranscribeOptions
from muse.tools.transcription.stem_transcription import StemTranscription
from muse.tools.transcription.stems import (
    STEM_ROLES,
    Stem,
    has_voice,
    is_silent,
    transcribe_stems,
)
from muse.tools.transcription.voice_notes import transcribe_line_file
from muse.tools.transcription.voice_segmentation import STEM_RULES

log = logging.getLogger("muse")

SONG_DOCUMENT = "song.json"  # written last: a folder that has it is complete
SONG_MIDI = "song.mid"


@dataclass(frozen=True)
class Transcription:
    """The result of a transcription: the Song, the notes of each stem, and the files written."""

    song: Song
    stems: list[StemTranscription]
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
        folder: created where missing; gets <stem>.wav, <stem>.mid, song.mid and song.json, each
            whole or not at all, song.json last.
        options: see TranscribeOptions.
        report: called with the progress.
        skip_existing: if the folder has a song.json, return that and write nothing.

    Raises:
        BadInputError: the input is not readable audio.
        MissingPartError: the package or the weights of the chosen model are not installed.
        ParameterError: an output would overwrite the input.
    """
    if skip_existing and folder is not None and (folder / SONG_DOCUMENT).is_file():
        log.info("%s: skipped, %s exists already", source, folder / SONG_DOCUMENT)
        return Transcription(load_song(folder / SONG_DOCUMENT), [], [])
    check_not_overwritten(source, folder)
    name = input_name(source)
    with on_disk(source) as path, temporary_folder() as scratch:
        # a file that is not audio is reported here, before a net is loaded
        sound = leveled(path, name, scratch)
        timing = start_in_background(find_timing, sound, options.bpm)
        stems, separation = find_stems(
            sound, folder, scratch, options, scale_report(report, 0, 0.5)
        )
        transcribed = transcribe_stems(stems, scale_report(report, 0.5, 0.9), options.engine)
        report("beats", 0.9)
        song = build_song(path, name, transcribed, timing.result(), separation, options)
        files = [stem.path for stem in stems if stem.path.parent == folder]
        files += [] if folder is None else write_midi(song, folder)
    report("done", 1.0)
    return Transcription(song, transcribed, files)


def check_not_overwritten(source: str | Path, folder: Path | None) -> None:
    """Raise ParameterError if writing the stems would replace the input."""
    if folder is None or real_path(source).parent != real_path(folder):
        return
    if Path(source).stem in STEM_ROLES:
        raise ParameterError(f"{source} would be overwritten by its own stem; choose another -o")


def find_stems(
    path: Path, folder: Path | None, scratch: Path, options: TranscribeOptions, report: Report
) -> tuple[list[Stem], Separation | None]:
    """Return the stems of an input, or the input itself as the only stem of a solo recording.

    The stems are written into `folder`, or into `scratch` where the options exclude them.
    """
    if not options.separate:
        return [Stem(options.role or "solo", path, options.role, "input", solo=True)], None
    wanted = SeparateOptions(
        model=options.model, device=options.device, stems=options.only, template="{stem}.{ext}"
    )
    place = folder if folder is not None and options.write_stems else scratch / "stems"
    separation = separate_file(path, place, wanted, report)
    model = WEIGHTS.get(separation.made_by.model or "")
    from_mix = model.rough_stems if model else ()
    stems = [
        Stem(stem.stem, Path(stem.path), STEM_ROLES.get(stem.stem, "other"), stem.from_)
        for stem in separation.stems
    ]
    if from_mix and options.engine == AUTO and separation.path_of("other"):
        stems = [with_line(stem) if stem.role == "vocals" else stem for stem in stems]
    vocals = next((s.path for s in stems if s.role == "vocals" and has_voice(s)), None)
    if from_mix:
        backing = write_backing(path, vocals, separation.gain_db, scratch)
        stems = [with_mix(stem, path, backing) if stem.name in from_mix else stem for stem in stems]
    return stems, separation


def with_mix(stem: Stem, mix: Path, backing: Path) -> Stem:
    """Return a stem that is transcribed from a mix: drums from all of it, others without vocals.

    The drum net tells drums from voices, and needs the level of the mix to tell what is bleed.
    """
    return replace(stem, mix_path=mix if stem.role == "drums" else backing)


def with_line(stem: Stem) -> Stem:
    """Return a stem with its notes as one voice, which tell whether it is a voice at all."""
    if is_silent(stem.path):
        return stem
    return replace(stem, line=transcribe_line_file(stem.path, rules=STEM_RULES))


def write_backing(path: Path, vocals: Path | None, gain_db: float, scratch: Path) -> Path:
    """Write the mix minus its vocals and return the path; the mix itself where they are silent.

    Args:
        path: of the mix.
        vocals: their stem; None where there is no voice.
        gain_db: of the stems relative to the mix.
        scratch: folder for the result.
    """
    if vocals is None or is_silent(vocals):
        return path
    gain = np.float32(10.0 ** (gain_db / 20.0))
    target, mixer = scratch / "backing.wav", MonoMixer()  # the same signs for both
    with AudioReader(path) as mix, AudioReader(vocals) as voice:
        rate = mix.sample_rate
        with writing_audio(target, rate, 1, bits="32f", frames=mix.frames) as writer:
            for whole, sung in zip(mix.blocks(), voice.blocks(), strict=False):
                length = min(whole.shape[1], sung.shape[1])
                backing = gain * mixer(whole[:, :length]) - mixer.as_before(sung[:, :length])
                writer.write(backing[None])
    return target


def write_midi(song: Song, folder: Path) -> list[Path]:
    """Write <stem>.mid for each track, song.mid, and song.json last; return their paths."""
    targets = {
        folder / f"{track.name}.mid": extract_track(song, track.name) for track in song.tracks
    }
    targets[folder / SONG_MIDI] = song
    targets[folder / SONG_DOCUMENT] = song
    for path, content in targets.items():
        save_song(content, path)
    return list(targets)
