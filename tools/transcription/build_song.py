"""Builds one Song from the notes of all stems, the beats and the key.

Conventions:
    NoteEvents are in seconds of the audio. Beats follow the tempo map, which turns each beat back
    into the second at which it was found, and lie on MIDI ticks.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from muse.tools.audio.io import AudioReader
from muse.tools.audio.render import has_fluidsynth, render_blocks
from muse.tools.audio.soundfonts import usable_soundfonts
from muse.tools.errors import MuseError, system_hint
from muse.tools.files import sha256_of
from muse.tools.separation.separate import Separation
from muse.tools.song.document import (
    DEFAULT_TICKS_PER_BEAT,
    Key,
    MadeBy,
    Meter,
    Note,
    Song,
    Source,
    SourceStem,
    Tempo,
    Track,
)
from muse.tools.song.provenance import provenance
from muse.tools.song.roles import ROLE_PROGRAMS
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription.beats import BeatTrack, track_beats_file
from muse.tools.transcription.drift import Attacks, attacks_of_file, drift_from
from muse.tools.transcription.key import estimate_key
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.options import TranscribeOptions
from muse.tools.transcription.pitch_bends import song_bends
from muse.tools.transcription.stem_transcription import StemTranscription
from muse.tools.transcription.tempo import fit_tempo_map, meters_of_track

log = logging.getLogger("muse")

MIN_BEAT_CONFIDENCE = 0.55  # noise and random clicks stay below it, most music is above
MIN_METER_CONFIDENCE = 0.6  # at 0.5, bars of three and of four fit equally well
DRIFT_RATE = 11_025  # Hz, of the rendering that is compared with the recording


@dataclass(frozen=True)
class Timing:
    """The timing of a recording: its beats, and its attacks to compare a rendering with."""

    beats: BeatTrack
    attacks: Attacks


def find_timing(path: Path, bpm: float | None) -> Timing:
    """Find the timing of a recording; it needs no stems, so it can run beside the separation."""
    return Timing(track_beats_file(path, bpm), attacks_of_file(path))


def build_song(
    path: Path,
    name: str,
    stems: Sequence[StemTranscription],
    timing: Timing,
    separation: Separation | None,
    options: TranscribeOptions,
) -> Song:
    """Build the Song of a recording.

    Args:
        path: the recording.
        name: of the recording, as the user wrote it.
        stems: their notes; stems without notes become no tracks.
        timing: of the recording.
        separation: that made the stems; None for a solo recording.
        options: of the transcription.
    """
    beats = timing.beats
    tempos = fit_tempo_map(beats)
    tempo_map = TempoMap(tempos)
    song = Song(
        tempos=[Tempo(beat, bpm) for beat, bpm in tempos],
        meters=[Meter(*meter) for meter in meters_of_track(beats)],
        keys=find_key(stems),
        tracks=[
            build_track(
                stem,
                tempo_map,
                grid_beats=options.grid_beats,
                min_confidence=options.min_confidence,
            )
            for stem in stems
            if stem.notes
        ],
        made_by=made_by(separation, options),
    )
    song.source = describe_source(path, name, stems, beats)
    song.source.warnings = [*note_warnings(name, song, stems), *beat_warnings(beats)]
    song.source.drift_ms = measure_song_drift(song, timing.attacks)
    if separation is not None:
        song.source.separation = separation.made_by.model
        song.source.residual_dbfs = separation.residual_dbfs
    return song


def note_warnings(name: str, song: Song, stems: Sequence[StemTranscription]) -> list[str]:
    """Log and return the reasons why the notes may be wrong, or why there are none."""
    warnings = [f"{name}: {stem.warning}" for stem in stems if stem.warning]
    for warning in warnings:
        log.info("%s", warning)
    if any(track.notes for track in song.tracks) or all(stem.silent for stem in stems):
        return warnings
    nothing = f"{name}: no notes found, although it is not silent; try --role or another --engine"
    log.warning("%s", nothing)
    return [*warnings, nothing]


def beat_warnings(beats: BeatTrack) -> list[str]:
    """Log and return a warning where the beats, or the meter, are little more than a guess."""
    meter = f"{beats.numerator}/{beats.denominator}"
    if beats.confidence < MIN_BEAT_CONFIDENCE:
        warning = f"no steady beat found; the tempo and the meter {meter} may be wrong"
    elif beats.meter_confidence < MIN_METER_CONFIDENCE:
        warning = f"the meter {meter} is a guess; another fits almost as well"
    else:
        return []
    log.info("%s", warning)
    return [warning]


def build_track(
    stem: StemTranscription,
    tempo_map: TempoMap,
    *,
    grid_beats: float | None = None,
    min_confidence: float = 0.0,
) -> Track:
    """Build the track of one stem.

    Args:
        stem: its notes.
        tempo_map: from seconds to beats.
        grid_beats: step to whose multiples onsets and offsets are moved; None leaves them.
        min_confidence: notes below it are left out, in [0, 1].
    """
    used = sorted(note for note in stem.notes if note.confidence >= min_confidence)
    notes = [to_beats(note, tempo_map, grid_beats) for note in used]
    return Track(
        name=stem.name,
        role=stem.role,
        program=ROLE_PROGRAMS[stem.role] if stem.program is None else stem.program,
        is_drum=stem.role == "drums",
        notes=notes,
        bends=song_bends(used, notes, tempo_map, DEFAULT_TICKS_PER_BEAT),
        confidence=[round(note.confidence, 3) for note in used],
    )


def to_beats(note: NoteEvent, tempo_map: TempoMap, grid_beats: float | None) -> Note:
    """Convert a note from seconds to beats; it stays at least a tick, or a grid step, long."""
    step = grid_beats or 1.0 / DEFAULT_TICKS_PER_BEAT
    start_beats = max(snap(tempo_map.beat_at(note.onset_s), step), 0.0)
    end_beats = max(snap(tempo_map.beat_at(note.offset_s), step), start_beats + step)
    start, end = nearest_tick(start_beats), nearest_tick(end_beats)
    length = (end - start) / DEFAULT_TICKS_PER_BEAT
    return Note(start / DEFAULT_TICKS_PER_BEAT, length, note.pitch, note.velocity)


def snap(beat: float, step: float) -> float:
    """Return the multiple of a step that is nearest to a beat."""
    return round(beat / step) * step


def nearest_tick(beat: float) -> int:
    """Return the MIDI tick nearest to a beat, 0 or later."""
    return round(max(beat, 0.0) * DEFAULT_TICKS_PER_BEAT)


def extract_track(song: Song, name: str) -> Song:
    """Return a song with only the track of that name, and the same tempos, meters and keys."""
    return Song(
        ticks_per_beat=song.ticks_per_beat,
        tempos=song.tempos,
        meters=song.meters,
        keys=song.keys,
        tracks=[track for track in song.tracks if track.name == name],
    )


def measure_song_drift(song: Song, attacks: Attacks) -> float | None:
    """Return the drift between the song, rendered, and the recording, in milliseconds.

    95 % of the compared windows lie within it; see drift.py. None where it cannot be measured.
    """
    if not any(track.notes for track in song.tracks):
        return None
    if not has_fluidsynth():
        log.info("drift is not measured: no FluidSynth; %s", system_hint("fluidsynth"))
        return None
    lightest = min(usable_soundfonts(), key=lambda font: font.stat().st_size, default=None)
    rendered = (
        block.mean(axis=0)
        for block in render_blocks(song, soundfont=lightest, sample_rate=DRIFT_RATE, reverb=False)
    )
    try:
        worst = drift_from(attacks, rendered, DRIFT_RATE).worst_ms
    except MuseError as error:  # of the soundfont; the notes do not depend on it
        log.info("drift is not measured: %s", error)
        return None
    return None if worst is None else round(worst, 1)


def find_key(stems: Sequence[StemTranscription]) -> list[Key]:
    """Return the key of all pitched notes together, at beat 0; an empty list without notes."""
    notes = [note for stem in stems if stem.role != "drums" for note in stem.notes]
    if not notes:
        return []
    tonic_pc, mode, confidence = estimate_key(notes)
    return [Key(0.0, tonic_pc, mode, round(confidence, 3))]


def describe_source(
    path: Path, name: str, stems: Sequence[StemTranscription], beats: BeatTrack
) -> Source:
    """Describe the recording: file, length, tuning, beats and stems."""
    with AudioReader(path) as reader:
        return Source(
            path=name,
            sha256=sha256_of(path),
            duration_s=round(reader.duration_s, 6),
            sample_rate=reader.sample_rate,
            tuning_cents=tuning_of_stems(stems),
            beat_times_s=[round(float(time), 4) for time in beats.beat_times_s],
            stems=[
                SourceStem(
                    stem.name,
                    stem.role,
                    stem.origin,
                    stem.engine,
                    len(stem.notes),
                    silent=stem.silent,
                )
                for stem in stems
            ],
        )


def tuning_of_stems(stems: Sequence[StemTranscription]) -> float:
    """Return the tuning in cents above A440, taken from the pitched stem with the most notes."""
    pitched = [stem for stem in stems if stem.role != "drums" and stem.notes]
    busiest = max(pitched, key=lambda stem: len(stem.notes), default=None)
    return busiest.tuning_cents if busiest else 0.0


def made_by(separation: Separation | None, options: TranscribeOptions) -> MadeBy:
    """Return the provenance of the Song; the model is the one that separated the stems."""
    return provenance(
        "transcribe",
        dict(options.params),
        model=separation.made_by.model if separation else None,
        model_hash=separation.made_by.model_hash if separation else None,
    )
