"""The parts heard in a recording, its beats and its key, as one Song.

Conventions: as assemble.py; the tempo map turns every beat back into the second it was heard at.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from muse.tools.audio.io import AudioReader
from muse.tools.audio.render import has_fluidsynth, render_blocks
from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.errors import system_hint
from muse.tools.files import sha256_of
from muse.tools.separation.separate import Separation
from muse.tools.song.document import Key, MadeBy, Meter, Song, Source, SourceStem, Tempo
from muse.tools.song.provenance import provenance
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription.assemble import Part, build_track
from muse.tools.transcription.beats import BeatTrack, track_beats_file
from muse.tools.transcription.drift import Attacks, attacks_of_file, drift_from
from muse.tools.transcription.key import guess_key
from muse.tools.transcription.options import TranscribeOptions
from muse.tools.transcription.tempo import fit_tempo_map, meters_of_track

log = logging.getLogger("muse")

LEAST_BEAT_CONFIDENCE = 0.55  # noise and clicks at random stay under it, most music above
LEAST_METRE_CONFIDENCE = 0.6  # at 0.5 three and four fit alike
DRIFT_RATE = 11_025  # Hz, of the rendering that is compared with the recording


@dataclass(frozen=True)
class Timing:
    """When things happen in a recording: its beats, and the attacks to compare a rendering by."""

    beats: BeatTrack
    attacks: Attacks


def timing_of(path: Path, bpm: float | None) -> Timing:
    """The timing of a recording; it needs no stem, so it can be found while those are made."""
    return Timing(track_beats_file(path, bpm), attacks_of_file(path))


def compose(
    path: Path,
    name: str,
    parts: Sequence[Part],
    timing: Timing,
    separation: Separation | None,
    options: TranscribeOptions,
) -> Song:
    """One Song of the parts heard in the recording at `path`, which the user calls `name`."""
    beats = timing.beats
    tell_doubts(beats)
    tempos = fit_tempo_map(beats)
    time = TempoMap(tempos)
    song = Song(
        tempos=[Tempo(beat, bpm) for beat, bpm in tempos],
        meters=[Meter(*meter) for meter in meters_of_track(beats)],
        keys=keys_of(parts),
        tracks=[
            build_track(
                part, time, grid_beats=options.grid_beats, min_confidence=options.min_confidence
            )
            for part in parts
            if part.notes
        ],
        made_by=made_by(separation, options),
    )
    song.source = describe_source(path, name, parts, beats)
    song.source.drift_ms = drift_of(song, timing.attacks)
    if separation is not None:
        song.source.separation = separation.made_by.model
        song.source.residual_dbfs = separation.residual_dbfs
    return song


def tell_doubts(beats: BeatTrack) -> None:
    """One line where the beats, or which of them begin bars, could as well be others."""
    metre = f"{beats.numerator}/{beats.denominator}"
    if beats.confidence < LEAST_BEAT_CONFIDENCE:
        log.info("the beats are a guess: little here keeps time; tempo and %s may be wrong", metre)
    elif beats.metre_confidence < LEAST_METRE_CONFIDENCE:
        log.info("the metre is a guess: %s fits hardly better than another", metre)


def drift_of(song: Song, attacks: Attacks) -> float | None:
    """Milliseconds between the song, played, and the recording; None where it cannot be told.

    95 % of the windows compared lie within it; see drift.py.
    """
    if not any(track.notes for track in song.tracks):
        return None
    if not has_fluidsynth():
        log.info("drift is not measured: no FluidSynth; %s", system_hint("fluidsynth"))
        return None
    lightest = min(find_soundfonts(), key=lambda font: font.stat().st_size, default=None)
    played = (
        block.mean(axis=0)
        for block in render_blocks(song, soundfont=lightest, sample_rate=DRIFT_RATE, reverb=False)
    )
    worst = drift_from(attacks, played, DRIFT_RATE).worst_ms
    return None if worst is None else round(worst, 1)


def keys_of(parts: Sequence[Part]) -> list[Key]:
    """The key of all pitched notes together; none without notes."""
    notes = [note for part in parts if part.role != "drums" for note in part.notes]
    if not notes:
        return []
    tonic_pc, mode, confidence = guess_key(notes)
    return [Key(0.0, tonic_pc, mode, round(confidence, 3))]


def describe_source(
    path: Path,
    name: str,
    parts: Sequence[Part],
    beats: BeatTrack,
) -> Source:
    """Where the song was heard, and how far it is from A440."""
    with AudioReader(path) as reader:
        return Source(
            path=name,
            sha256=sha256_of(path),
            duration_s=round(reader.duration_s, 6),
            sample_rate=reader.sample_rate,
            tuning_cents=tuning_of(parts),
            beat_times_s=[round(float(time), 4) for time in beats.beat_times_s],
            stems=[describe(part) for part in parts],
        )


def describe(part: Part) -> SourceStem:
    """What became of a stem."""
    return SourceStem(
        part.name, part.role, part.origin, part.engine, len(part.notes), silent=not part.engine
    )


def tuning_of(parts: Sequence[Part]) -> float:
    """Cents above A440: of the pitched part with the most notes."""
    pitched = [part for part in parts if part.role != "drums" and part.notes]
    loudest = max(pitched, key=lambda part: len(part.notes), default=None)
    return loudest.tuning_cents if loudest else 0.0


def made_by(separation: Separation | None, options: TranscribeOptions) -> MadeBy:
    """What made the Song, so that it can be made again."""
    return provenance(
        "transcribe",
        dict(options.asked),
        model=separation.made_by.model if separation else None,
        model_hash=separation.made_by.model_hash if separation else None,
    )
