"""Notes of one voice or monophonic instrument, from its fundamental frequency.

File rung: `transcribe_line_file`; it works on about a minute at a time, so that memory does not
grow with the length of the audio. Steps: f0 by swift-f0's net (tools/audio/f0.py) -> segmentation
into notes (voice_segmentation.py) -> pitch bends (pitch_bends.py) -> join the chunks -> velocities.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from muse.models.basic_pitch import HOP_LENGTH as SPECTRUM_HOP
from muse.models.basic_pitch import SAMPLE_RATE as SPECTRUM_RATE
from muse.models.swift_f0 import SAMPLE_RATE
from muse.tools.audio.f0 import FRAME_S, amplify, track_pitch
from muse.tools.audio.io import AudioReader
from muse.tools.audio.spectra import LONG_WINDOW, Signal, semitone_power
from muse.tools.progress import Report, silent
from muse.tools.transcription.chunks import Chunk, cut_chunks, delay, join_notes
from muse.tools.transcription.explained_power import explained_power
from muse.tools.transcription.pitch_bends import pitch_steps
from muse.tools.transcription.pitched import (
    SILENCE_DBFS,
    PitchedTranscription,
    core_power,
    mono,
    peak_dbfs,
    progress_of_chunks,
    resample,
)
from muse.tools.transcription.velocity import UNKNOWN_VELOCITY, LeveledNote, with_velocities
from muse.tools.transcription.voice_segmentation import (
    SOLO_RULES,
    SegmentationRules,
    VoiceFrames,
    measure_frames,
    note_pitch,
    pitch_drift,
    pitch_spread,
    segment,
)

ENGINE = "swift-f0"
ATTACK_S = 0.1  # in which a note reaches its level


@dataclass(frozen=True)
class LineTranscription(PitchedTranscription):
    """The notes of one voice.

    Attributes:
        pitch_spread: median over the notes of the interquartile range of the pitch within a note,
            in semitones; 0.0 without notes.
        pitch_drift: median over the notes of the change of the mean pitch from the first half of
            a note to the second, in semitones; 0.0 without notes.
    """

    pitch_spread: float = 0.0
    pitch_drift: float = 0.0


@dataclass
class LineResult:
    """The notes of the chunks so far, their spreads and drifts, and the power they explain."""

    notes: list[LeveledNote] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    drifts: list[float] = field(default_factory=list)
    explained: float = 0.0
    total: float = 0.0


def transcribe_line_file(
    path: str | Path, report: Report = silent, rules: SegmentationRules = SOLO_RULES
) -> LineTranscription:
    """Transcribe a file that holds one voice.

    Args:
        path: a file of any length.
        report: called with the progress.
        rules: of the segmentation; STEM_RULES for a voice that was separated from a mix.

    Raises:
        BadInputError: the file is not readable audio.
    """
    with AudioReader(path) as reader:
        rate = reader.sample_rate
        track = progress_of_chunks(report, reader.duration_s)
        return transcribe_line_chunks(track(cut_chunks(mono(reader), rate)), rate, rules)


def transcribe_line(audio: Signal, sample_rate: int) -> LineTranscription:
    """Transcribe audio (samples,) mono that is in memory; see `transcribe_line_file`."""
    return transcribe_line_chunks(cut_chunks([audio], sample_rate), sample_rate)


def transcribe_line_chunks(
    chunks: Iterable[Chunk], sample_rate: int, rules: SegmentationRules = SOLO_RULES
) -> LineTranscription:
    """Transcribe a stream of chunks that hold one voice."""
    result = LineResult()
    for chunk in chunks:
        if peak_dbfs(chunk.audio) > SILENCE_DBFS:
            add_chunk(result, chunk, sample_rate, rules)
    notes = with_velocities(sorted(result.notes))
    share = result.explained / result.total if result.total else 0.0
    spread, drift = (
        float(np.median(values)) if values else 0.0 for values in (result.spreads, result.drifts)
    )
    return LineTranscription(notes, explained_share=share, pitch_spread=spread, pitch_drift=drift)


def add_chunk(result: LineResult, chunk: Chunk, sample_rate: int, rules: SegmentationRules) -> None:
    """Find the notes of a chunk and add them to those of the chunks before it."""
    audio = amplify(resample(chunk.audio, sample_rate, SAMPLE_RATE))
    frames = measure_frames(audio, track_pitch(audio))
    spans = segment(frames, rules)
    notes = [make_note(frames, start, end) for start, end in spans]
    result.spreads += [pitch_spread(frames, start, end) for start, end in spans]
    result.drifts += [pitch_drift(frames, start, end) for start, end in spans]
    spectrum = semitone_power(resample(chunk.audio, sample_rate, SPECTRUM_RATE), LONG_WINDOW)
    power = core_power(spectrum, chunk, SPECTRUM_HOP / SPECTRUM_RATE)
    result.total += float(power.sum())
    result.explained += explained_power(notes, power, SPECTRUM_HOP / SPECTRUM_RATE)
    later = [delay(note, chunk.start_s) for note in notes]
    result.notes = join_notes(result.notes, later, chunk)


def make_note(frames: VoiceFrames, start: int, end: int) -> LeveledNote:
    """Return the note that sounds from a frame to the frame before `end`."""
    pitch = round(note_pitch(frames, start, end))
    inside = slice(start, end)
    attack = frames.level_db[start : max(min(start + round(ATTACK_S / FRAME_S), end), start + 1)]
    return LeveledNote(
        start * FRAME_S,
        end * FRAME_S,
        pitch,
        UNKNOWN_VELOCITY,
        round(float(np.median(frames.confidence[inside])), 3),
        float(attack.max()),
        bends=pitch_steps(frames.pitch[inside], frames.confidence[inside], pitch),
    )
