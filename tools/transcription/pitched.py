"""Notes of one pitched stem, heard by nets and decoded by the rules of its role.

Array rung: `transcribe_pitched`; file rungs: `transcribe_pitched_file`, and for several roles in
one recording `transcribe_roles_file`; these read in blocks and
works on a minute at a time, so that memory does not grow with length.

Steps: tuning -> resampled to the nets' rate, and to A440 where the tuning is off -> Basic Pitch's
posteriors and two spectra -> the note net's evidence for the role -> decoded as one voice or as
chords -> velocity from the energy at the onset.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from muse.models.basic_pitch import HOP_LENGTH, SAMPLE_RATE
from muse.models.note_net.inference import HEADS, Evidence, NoteReader
from muse.tools.audio.io import AudioReader
from muse.tools.audio.spectra import (
    LONG_WINDOW,
    SHORT_WINDOW,
    Signal,
    decibels,
    partial_power,
    semitone_power,
)
from muse.tools.audio.tuning import ENOUGH_S, estimate_tuning
from muse.tools.errors import ParameterError
from muse.tools.progress import Report, silent
from muse.tools.transcription.chunks import Chunk, chunks_of, moved, stitched
from muse.tools.transcription.decoding import Matrix
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.posteriors import hear
from muse.tools.transcription.role_rules import RoleRules, part_of, rules_of
from muse.tools.transcription.velocity import Levelled, with_velocities

RETUNE_ABOVE_CENTS = 5.0
SILENCE_DBFS = -66.0  # a stem whose loudest moment is softer holds no notes
FRAME_S = HOP_LENGTH / SAMPLE_RATE
NOTE_NET = "note-net"  # the engine that is used unless another is named


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
    track = follow(report, len(audio) / sample_rate)
    (notes,) = heard(track(chunks_of([audio], sample_rate)), sample_rate, [rules], tuning_cents)
    return PitchedTranscription(notes, tuning_cents)


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
    return transcribe_roles_file(path, [role], report, tuning_cents=tuning_cents)[role]


def transcribe_roles_file(
    path: str | Path,
    roles: Sequence[str],
    report: Report = silent,
    *,
    tuning_cents: float | None = None,
    engine: str = NOTE_NET,
) -> dict[str, PitchedTranscription]:
    """Several roles heard in one file, for little more than the cost of one.

    Args:
        path: of any length; a mix, where its parts are not to be had.
        roles: keys of ROLES. Each is heard by itself: one note may belong to two of them.
        report: told how far it is.
        tuning_cents: as in `transcribe_pitched`.
        engine: a key of ENGINES.

    Raises:
        BadInputError: not readable audio.
        ParameterError: no such role or engine.
    """
    rules = [rules_of(role) for role in roles]
    if engine not in ENGINES:
        raise ParameterError(f"no engine called {engine!r}; there are {', '.join(ENGINES)}")
    with AudioReader(path) as reader:
        rate = reader.sample_rate
        if tuning_cents is None:
            tuning_cents = tuning_of(mono(reader), rate)
        track = follow(report, reader.duration_s)
        parts = heard(track(chunks_of(mono(reader), rate)), rate, rules, tuning_cents, engine)
    return {
        role: PitchedTranscription(notes, tuning_cents)
        for role, notes in zip(roles, parts, strict=True)
    }


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


def follow(report: Report, length_s: float) -> Callable[[Iterable[Chunk]], Iterator[Chunk]]:
    """Passes chunks on and reports each when it has been worked on."""

    def track(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            yield chunk
            report("notes", min(chunk.core_end_s / max(length_s, 1e-9), 1.0))

    return track


def heard(
    chunks: Iterable[Chunk],
    sample_rate: int,
    rules: Sequence[RoleRules],
    tuning_cents: float,
    engine: str = NOTE_NET,
) -> list[list[NoteEvent]]:
    """The notes of each role in a stream of chunks."""
    retuned = tuning_cents if abs(tuning_cents) > RETUNE_ABOVE_CENTS else 0.0
    stretch = 2.0 ** (retuned / 1200.0)  # the nets hear the audio so much slower, hence lower
    parts: list[list[Levelled]] = [[] for _ in rules]
    for chunk in chunks:
        audio = resampled_to(chunk.audio, sample_rate, SAMPLE_RATE * stretch)
        if peak_dbfs(audio) <= SILENCE_DBFS:
            continue
        for number, found in enumerate(notes_of(audio, rules, stretch, engine)):
            here = [moved(note, chunk.start_s) for note in found]
            parts[number] = stitched(parts[number], here, chunk)
    return [with_velocities(sorted(part)) for part in parts]


def notes_of(
    audio: Signal, rules: Sequence[RoleRules], stretch: float = 1.0, engine: str = NOTE_NET
) -> list[list[Levelled]]:
    """Notes of one chunk at the nets' rate, which is `stretch` times slower than the recording."""
    short = semitone_power(audio, SHORT_WINDOW)
    beliefs = ENGINES[engine](audio, decibels(short))
    level_db = decibels(partial_power(short))
    return [part_of(beliefs[role.head], role, level_db, FRAME_S / stretch) for role in rules]


def believe(audio: Signal, short_db: Matrix) -> dict[str, Evidence]:
    """What the nets make of a chunk, by head."""
    long_db = decibels(semitone_power(audio, LONG_WINDOW))
    return note_reader()(long_db, short_db, hear(audio))


def believe_posteriors(audio: Signal, _short_db: Matrix) -> dict[str, Evidence]:
    """Basic Pitch's posteriors as they are, the same for every head."""
    posteriors = hear(audio)
    return dict.fromkeys(HEADS, Evidence(posteriors.note, posteriors.onset))


# what may tell which notes sound, from a chunk and its short spectrum in dB
ENGINES = {NOTE_NET: believe, "basic-pitch": believe_posteriors}


@cache
def note_reader() -> NoteReader:
    """The net, loaded at first use and kept."""
    return NoteReader()
