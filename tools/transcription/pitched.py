"""Notes of one pitched stem: posteriors by an engine, decoded by the rules of the stem's role.

Array rung: `transcribe_pitched`. File rungs: `transcribe_pitched_file`, and for several roles in
one recording `transcribe_roles_file`. All of them work on about a minute at a time, so that memory
does not grow with the length of the audio.

Steps: estimate the tuning -> resample to the nets' rate, and to A440 where the tuning is off ->
posteriors by the engine (engines.py) -> decode as one voice or as chords (role_rules.py) -> join
the chunks -> velocities from the energy at the onsets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from muse.models.basic_pitch import HOP_LENGTH, SAMPLE_RATE
from muse.models.note_net.inference import Evidence
from muse.tools.audio.io import AudioReader
from muse.tools.audio.mono import MonoMixer
from muse.tools.audio.spectra import Matrix, Signal
from muse.tools.audio.tuning import ANALYZED_S, estimate_tuning
from muse.tools.progress import Report, silent
from muse.tools.transcription.attacks import join_without_attack, move_to_attacks
from muse.tools.transcription.chunks import Chunk, cut_chunks, delay, join_notes
from muse.tools.transcription.engine_input import EngineInput
from muse.tools.transcription.engines import ANY, AUTO, load_engine
from muse.tools.transcription.explained_power import explained_power
from muse.tools.transcription.extra_onsets import add_onsets
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.role_rules import RoleRules, decode_role, rules_of
from muse.tools.transcription.salient_line import SALIENT, salient_line
from muse.tools.transcription.velocity import LeveledNote, with_velocities

RETUNE_ABOVE_CENTS = 5.0  # smaller deviations from A440 are left as they are
SILENCE_DBFS = -66.0  # audio whose loudest sample is softer holds no notes
FRAME_S = HOP_LENGTH / SAMPLE_RATE

RoleName = TypeVar("RoleName", bound=str)


@dataclass(frozen=True)
class PitchedTranscription:
    """The notes of one role in one recording.

    Attributes:
        notes: by onset.
        tuning_cents: of the recording above A440; 0.0 where it could not be estimated.
        explained_share: share of the recording's power at the partials of the notes, in [0, 1].
    """

    notes: list[NoteEvent] = field(default_factory=list)
    tuning_cents: float = 0.0
    explained_share: float = 0.0


@dataclass
class RoleResult:
    """The notes of one role in the chunks so far, and the power they explain."""

    rules: RoleRules
    notes: list[LeveledNote] = field(default_factory=list)
    explained: float = 0.0


def transcribe_pitched(
    audio: Signal,
    sample_rate: int,
    role: str,
    report: Report = silent,
    *,
    tuning_cents: float | None = None,
) -> PitchedTranscription:
    """Transcribe a stem that is in memory.

    Args:
        audio: (samples,) mono float32.
        sample_rate: in Hz.
        role: a key of `role_rules.ROLES`.
        report: called with the progress.
        tuning_cents: of the song above A440; None estimates it from this stem.

    Raises:
        ParameterError: no role has that name.
    """
    rules = rules_of(role)
    if tuning_cents is None:
        tuning_cents = estimate_stream_tuning([audio], sample_rate)
    track = progress_of_chunks(report, len(audio) / sample_rate)
    chunks = track(cut_chunks([audio], sample_rate))
    return transcribe_chunks(chunks, sample_rate, [rules], tuning_cents)[0]


def transcribe_pitched_file(
    path: str | Path,
    role: str,
    report: Report = silent,
    *,
    tuning_cents: float | None = None,
) -> PitchedTranscription:
    """Transcribe a stem in a file of any length; see `transcribe_pitched`.

    Raises:
        BadInputError: the file is not readable audio.
        ParameterError: no role has that name.
    """
    return transcribe_roles_file(path, [role], report, tuning_cents=tuning_cents)[role]


def transcribe_roles_file(
    path: str | Path,
    roles: Sequence[RoleName],
    report: Report = silent,
    *,
    tuning_cents: float | None = None,
    engine: str = AUTO,
    solo: bool = False,
) -> dict[RoleName, PitchedTranscription]:
    """Transcribe several roles in one file, for little more than the cost of one.

    Args:
        path: a file of any length: a stem, or a mix where its stems are too rough.
        roles: keys of `role_rules.ROLES`. Each is decoded independently, so that one note may
            belong to two of them.
        report: called with the progress.
        tuning_cents: as in `transcribe_pitched`.
        engine: a name of `engines.ENGINES`; `auto` is the first.
        solo: whether the file is of one part only, so that all onsets in it are that part's.

    Raises:
        BadInputError: the file is not readable audio.
        ParameterError: no role or engine has that name.
    """
    rules = [rules_of(role) for role in roles]
    with AudioReader(path) as reader:
        rate = reader.sample_rate
        if tuning_cents is None:
            tuning_cents = estimate_stream_tuning(mono(reader), rate)
        track = progress_of_chunks(report, reader.duration_s)
        chunks = track(cut_chunks(mono(reader), rate))
        results = transcribe_chunks(chunks, rate, rules, tuning_cents, engine, solo=solo)
    return dict(zip(roles, results, strict=True))


def mono(reader: AudioReader) -> Iterator[Signal]:
    """Yield the blocks of a file, mixed to one channel."""
    yield from map(MonoMixer(), reader.blocks())


def estimate_stream_tuning(blocks: Iterable[Signal], sample_rate: int) -> float:
    """Return the tuning in cents above A440, from the first minute that is not silent."""
    used: list[Signal] = []
    for block in blocks:
        if peak_dbfs(block) > SILENCE_DBFS:
            used.append(block)
        if sum(map(len, used)) >= ANALYZED_S * sample_rate:
            break
    if not used:
        return 0.0
    enough = np.concatenate(used)[: int(ANALYZED_S * sample_rate)]
    return round(estimate_tuning(resample(enough, sample_rate, SAMPLE_RATE)), 1)


def peak_dbfs(audio: Signal) -> float:
    """Return the level of the loudest sample in dB relative to full scale."""
    return 20.0 * float(np.log10(max(float(np.abs(audio).max(initial=0.0)), 1e-9)))


def resample(audio: Signal, from_rate: float, to_rate: float) -> Signal:
    """Resample audio that is in memory; rates in Hz."""
    if from_rate == to_rate or not len(audio):
        return audio
    import soxr

    return np.asarray(soxr.resample(audio, from_rate, to_rate), np.float32)


def progress_of_chunks(
    report: Report, length_s: float
) -> Callable[[Iterable[Chunk]], Iterator[Chunk]]:
    """Return a function that passes chunks on and reports each one when it is done."""

    def track(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            yield chunk
            report("notes", min(chunk.core_end_s / max(length_s, 1e-9), 1.0))

    return track


def transcribe_chunks(
    chunks: Iterable[Chunk],
    sample_rate: int,
    rules: Sequence[RoleRules],
    tuning_cents: float,
    engine: str = AUTO,
    *,
    solo: bool = False,
) -> list[PitchedTranscription]:
    """Transcribe a stream of chunks for each role; see `transcribe_roles_file`."""
    estimate = load_engine(engine)
    retuned = tuning_cents if abs(tuning_cents) > RETUNE_ABOVE_CENTS else 0.0
    stretch = 2.0 ** (retuned / 1200.0)  # the nets get the audio slower by this, hence lower
    results = [RoleResult(each) for each in rules]
    total_power = 0.0
    for chunk in chunks:
        seen = EngineInput(resample(chunk.audio, sample_rate, SAMPLE_RATE * stretch))
        if peak_dbfs(seen.audio) <= SILENCE_DBFS:
            continue
        evidence = estimate(seen)
        if any(each.head == SALIENT for each in rules):
            evidence = evidence | {SALIENT: salient_line(evidence, seen.long_power)}
        power = core_power(seen.long_power, chunk, FRAME_S / stretch)
        total_power += float(power.sum())
        for result in results:
            notes = decode_chunk(evidence, result.rules, seen, FRAME_S / stretch, solo=solo)
            result.explained += explained_power(notes, power, FRAME_S / stretch)
            later = [delay(note, chunk.start_s) for note in notes]
            result.notes = join_notes(result.notes, later, chunk)
    return [
        PitchedTranscription(
            with_velocities(sorted(result.notes)),
            tuning_cents,
            result.explained / total_power if total_power else 0.0,
        )
        for result in results
    ]


def decode_chunk(
    evidence: Mapping[str, Evidence],
    rules: RoleRules,
    seen: EngineInput,
    frame_s: float,
    *,
    solo: bool,
) -> list[LeveledNote]:
    """Return the notes of one role in a chunk, with times from its start.

    Args:
        evidence: of each head.
        rules: of the role.
        seen: the chunk.
        frame_s: seconds from one frame to the next.
        solo: whether nothing else plays; then the notes of struck instruments get the onsets that
            the head lacks, and start at attacks in the level.
    """
    head = evidence[rules.head]
    if not (solo and rules.struck):
        return decode_role(head, rules, seen.level_db, frame_s)
    notes = decode_role(add_onsets(head, evidence[ANY]), rules, seen.level_db, frame_s)
    notes = move_to_attacks(notes, seen.short_power, frame_s)
    return join_without_attack(notes, seen.short_power, frame_s) if rules.one_voice else notes


def core_power(power: Matrix, chunk: Chunk, frame_s: float) -> Matrix:
    """Return a chunk's power (frames, rows) with its context set to zero."""
    times_s = chunk.start_s + np.arange(len(power)) * frame_s
    core = (times_s >= chunk.core_start_s) & (times_s < chunk.core_end_s)
    return np.asarray(power * core[:, None], np.float32)
