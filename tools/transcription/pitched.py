"""Notes of one pitched stem, heard by nets and decoded by the rules of its role.

Array rung: `transcribe_pitched`; file rung: `transcribe_pitched_file`, which reads in blocks and
works on a minute at a time, so that memory does not grow with length.

Steps: tuning -> resampled to the nets' rate, and to A440 where the tuning is off -> Basic Pitch's
posteriors and two spectra -> the note net's evidence for the role -> decoded as one voice or as
chords -> velocity from the energy at the onset.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from muse.models.basic_pitch import HOP_LENGTH, LOWEST_PITCH, SAMPLE_RATE
from muse.models.note_reader import Evidence, NoteReader
from muse.tools.audio import AudioReader
from muse.tools.errors import ParameterError
from muse.tools.progress import Report, silent
from muse.tools.transcription.chunks import chunks_of, moved, stitched
from muse.tools.transcription.decoding import (
    ChordRules,
    FrameNote,
    Matrix,
    VoiceRules,
    decode_chords,
    decode_voice,
)
from muse.tools.transcription.notes import NoteEvent
from muse.tools.transcription.posteriors import hear
from muse.tools.transcription.spectra import (
    LONG_WINDOW,
    SHORT_WINDOW,
    Signal,
    decibels,
    partial_power,
    semitone_power,
)
from muse.tools.transcription.tuning import ENOUGH_S, estimate_tuning
from muse.tools.transcription.velocity import velocities

RETUNE_ABOVE_CENTS = 5.0
SILENCE_DBFS = -66.0  # a stem whose loudest moment is softer holds no notes
FRAME_S = HOP_LENGTH / SAMPLE_RATE
PEAK_FRAMES = 2  # an onset's peak in the posterior is so wide to either side
PEAK_FLOOR = 0.05  # posterior that belongs to no peak


@dataclass(frozen=True)
class RoleRules:
    """How one kind of part is heard.

    Attributes:
        lowest, highest: MIDI pitches it can play.
        decoder: for one voice or for several.
        head: of the note net, see models/note_reader.py.
    """

    lowest: int
    highest: int
    decoder: VoiceRules | ChordRules
    head: str


VOICE = VoiceRules()
CHORDS = ChordRules()
ROLES = {
    "vocals": RoleRules(36, 86, VOICE, "voice"),
    "lead": RoleRules(36, 103, VOICE, "voice"),
    "bass": RoleRules(21, 67, VOICE, "bass"),
    "keys": RoleRules(21, 108, CHORDS, "chords"),
    "guitar": RoleRules(36, 93, CHORDS, "chords"),
    "pad": RoleRules(24, 103, CHORDS, "chords"),
    "other": RoleRules(21, 108, CHORDS, "other"),
}


@dataclass(frozen=True)
class PitchedTranscription:
    """What was heard in one stem.

    Attributes:
        notes: by onset.
        tuning_cents: of the recording above A440, 0.0 where it could not be told.
    """

    notes: list[NoteEvent] = field(default_factory=list)
    tuning_cents: float = 0.0


def transcribe_pitched(
    audio: Signal,
    sample_rate: int,
    role: str,
    report: Report = silent,
    *,
    tuning_cents: float | None = None,
) -> PitchedTranscription:
    """Notes of a stem held in memory.

    Args:
        audio: (frames,) mono float32.
        sample_rate: in Hz.
        role: a key of ROLES.
        report: told how far it is.
        tuning_cents: of the song, where it is known; None estimates it from this stem.

    Raises:
        ParameterError: no such role.
    """
    rules = rules_of(role)
    if tuning_cents is None:
        tuning_cents = tuning_of([audio], sample_rate)
    length_s = len(audio) / sample_rate
    return heard([audio], sample_rate, rules, tuning_cents, length_s, report)


def transcribe_pitched_file(
    path: str | Path,
    role: str,
    report: Report = silent,
    *,
    tuning_cents: float | None = None,
) -> PitchedTranscription:
    """Notes of a stem in a file of any length; see `transcribe_pitched`.

    Raises:
        BadInputError: not readable audio.
        ParameterError: no such role.
    """
    rules = rules_of(role)
    with AudioReader(path) as reader:
        rate = reader.sample_rate
        if tuning_cents is None:
            tuning_cents = tuning_of(mono(reader), rate)
        return heard(mono(reader), rate, rules, tuning_cents, reader.duration_s, report)


def rules_of(role: str) -> RoleRules:
    """The rules of a role."""
    if role not in ROLES:
        raise ParameterError(f"no role called {role!r}; there are {', '.join(ROLES)}")
    return ROLES[role]


def mono(reader: AudioReader) -> Iterator[Signal]:
    """The blocks of a file, mixed to one channel."""
    for block in reader.blocks():
        yield block.mean(axis=0)


def tuning_of(blocks: Iterable[Signal], sample_rate: int) -> float:
    """Tuning in cents by the first minute that is not silent."""
    kept: list[Signal] = []
    for block in blocks:
        if peak_dbfs(block) > SILENCE_DBFS:
            kept.append(block)
        if sum(map(len, kept)) >= ENOUGH_S * sample_rate:
            break
    if not kept:
        return 0.0
    enough = np.concatenate(kept)[: int(ENOUGH_S * sample_rate)]
    return round(estimate_tuning(resampled_to(enough, sample_rate, SAMPLE_RATE)), 1)


def peak_dbfs(audio: Signal) -> float:
    """Level of the loudest sample."""
    return 20.0 * float(np.log10(max(float(np.abs(audio).max(initial=0.0)), 1e-9)))


def resampled_to(audio: Signal, from_rate: float, to_rate: float) -> Signal:
    """Audio at another rate, in one go."""
    if from_rate == to_rate or not len(audio):
        return audio
    import soxr

    return np.asarray(soxr.resample(audio, from_rate, to_rate), np.float32)


def heard(
    blocks: Iterable[Signal],
    sample_rate: int,
    rules: RoleRules,
    tuning_cents: float,
    length_s: float,
    report: Report,
) -> PitchedTranscription:
    """Transcribe a stream of mono blocks, a chunk at a time."""
    retuned = tuning_cents if abs(tuning_cents) > RETUNE_ABOVE_CENTS else 0.0
    stretch = 2.0 ** (retuned / 1200.0)  # the net hears the audio so much slower, hence lower
    notes: list[NoteEvent] = []
    for chunk in chunks_of(blocks, sample_rate):
        audio = resampled_to(chunk.audio, sample_rate, SAMPLE_RATE * stretch)
        found = notes_of(audio, rules, stretch) if peak_dbfs(audio) > SILENCE_DBFS else []
        notes = stitched(notes, [moved(note, chunk.start_s) for note in found], chunk)
        report("notes", min(chunk.core_end_s / max(length_s, 1e-9), 1.0))
    return PitchedTranscription(sorted(notes), tuning_cents)


def notes_of(audio: Signal, rules: RoleRules, stretch: float = 1.0) -> list[NoteEvent]:
    """Notes of one chunk at the nets' rate, which is `stretch` times slower than the recording."""
    short = semitone_power(audio, SHORT_WINDOW)
    evidence = believe(audio, short, rules.head)
    onset = in_range(evidence.onset, rules)
    found = decode(in_range(evidence.held, rules), onset, rules)
    loud = velocities(found, decibels(partial_power(short)))
    scale = FRAME_S / stretch
    events = [
        NoteEvent(
            fine_start(note, onset) * scale,
            note.end * scale,
            LOWEST_PITCH + note.row,
            velocity,
            round(note.strength, 3),
        )
        for note, velocity in zip(found, loud, strict=True)
    ]
    return without_overlaps(events, one_voice=isinstance(rules.decoder, VoiceRules))


def without_overlaps(notes: list[NoteEvent], *, one_voice: bool) -> list[NoteEvent]:
    """End each note where the next one of its voice, or else of its pitch, begins."""
    next_onset: dict[int, float] = {}
    cut = []
    for note in sorted(notes, reverse=True):
        voice = 0 if one_voice else note.pitch
        end = min(note.offset_s, next_onset.get(voice, np.inf))
        next_onset[voice] = note.onset_s
        if end > note.onset_s:
            cut.append(replace(note, offset_s=end))
    return cut[::-1]


def believe(audio: Signal, short_power: Matrix, head: str) -> Evidence:
    """What the nets make of a chunk."""
    long = decibels(semitone_power(audio, LONG_WINDOW))
    return note_reader()(head, long, decibels(short_power), hear(audio))


def fine_start(note: FrameNote, onset: Matrix) -> float:
    """The onset between frames: the centre of mass of its peak."""
    first = max(note.start - PEAK_FRAMES, 0)
    peak = np.maximum(onset[first : note.start + PEAK_FRAMES + 1, note.row] - PEAK_FLOOR, 0.0)
    if not peak.sum():
        return float(note.start)
    return first + float(peak @ np.arange(len(peak)) / peak.sum())


@cache
def note_reader() -> NoteReader:
    """The net, loaded at first use and kept."""
    return NoteReader()


def in_range(posterior: Matrix, rules: RoleRules) -> Matrix:
    """The posterior with everything outside the role's range set to zero."""
    inside = np.zeros_like(posterior)
    span = slice(rules.lowest - LOWEST_PITCH, rules.highest - LOWEST_PITCH + 1)
    low = max(span.start, 0)
    inside[:, low : span.stop] = posterior[:, low : span.stop]
    return inside


def decode(held: Matrix, onset: Matrix, rules: RoleRules) -> list[FrameNote]:
    """Decode with the role's rules."""
    if isinstance(rules.decoder, VoiceRules):
        return decode_voice(held, onset, rules.decoder)
    return decode_chords(held, onset, rules.decoder)
