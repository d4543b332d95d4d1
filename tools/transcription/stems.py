"""Transcribes each stem with the engine and the rules for its role.

Ladder: `transcribe_stem` (one stem), `transcribe_stems` (all stems of a song).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from muse.tools.audio.io import AudioReader
from muse.tools.progress import Report, scale_report, silent
from muse.tools.song.document import Role
from muse.tools.transcription.drums import ENGINE as DRUM_ENGINE
from muse.tools.transcription.drums import transcribe_drums_file
from muse.tools.transcription.engines import AUTO, engines_to_try
from muse.tools.transcription.instrument_class import (
    Odds,
    certain_class,
    detect_role,
    is_drums,
    program_of_class,
)
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitched import PitchedTranscription, transcribe_roles_file
from muse.tools.transcription.role_detection import is_drums_file
from muse.tools.transcription.role_rules import MELODY
from muse.tools.transcription.solo import transcribe_solo_file
from muse.tools.transcription.stem_transcription import StemTranscription
from muse.tools.transcription.voice_notes import ENGINE as F0
from muse.tools.transcription.voice_notes import LineTranscription, transcribe_line_file
from muse.tools.transcription.voice_segmentation import STEM_RULES

log = logging.getLogger("muse")

SILENCE_DBFS = -60.0  # a stem is silent if no tenth of a second has a higher RMS level
SOLO_SILENCE_DBFS = -80.0  # the same for a solo recording, which nothing else bleeds into
SILENCE_WINDOW_S = 0.1
# Pitch spread of the notes in the stem 'vocals', in semitones, below which no voice sings in it: of
# 13 songs with a voice all are above, of instrumentals whose lead leaks into the stem none is.
STEM_VOICE_SPREAD = 0.065
STEM_VOICE_NOTES = 3  # fewer notes are no voice
# The note net's lead must sound for this share of the time in which the most salient line sounds,
# else that line is the lead: the net misses instruments that it was not trained on.
LEAD_OF_LINE = 0.6
LINE_OF_ALL = 0.25  # the line must explain this share of what all notes together explain
# A note at or above this pitch that bass and lead both have is the lead's: E3, see role_detection.
LOWEST_SHARED_PITCH = 52
SAME_NOTE_S = 0.05  # two notes of one pitch that start within this are one note found twice

# role in the song of each stem that the separation models give
STEM_ROLES: dict[str, Role] = {
    "vocals": "vocals",
    "drums": "drums",
    "bass": "bass",
    "other": "other",
    "piano": "keys",
    "guitar": "guitar",
}


@dataclass(frozen=True)
class Stem:
    """A stem to transcribe.

    Attributes:
        name: of the stem.
        path: its audio.
        role: its role in the song; None detects it.
        origin: what the stem was made with.
        mix_path: audio that is transcribed instead of the stem's own; None for the stem's own.
        line: the notes of the stem as one voice, where they are known already.
        solo: whether the stem is a recording of one instrument and not the result of a separation.
    """

    name: str
    path: Path
    role: Role | None
    origin: str
    mix_path: Path | None = None
    line: LineTranscription | None = None
    solo: bool = False


def transcribe_stems(
    stems: Sequence[Stem], report: Report = silent, engine: str = AUTO
) -> list[StemTranscription]:
    """Transcribe all stems of a song; a silent stem gives no notes.

    Stems with a `mix_path` are transcribed in one pass over it. Where the vocals are silent or
    hold no voice, an instrument plays the melody, which is in the 'other' stem or its `mix_path`:
    it is transcribed separately and becomes a stem 'lead'.
    """
    quiet = {stem.name: is_silent(stem.path) for stem in stems}
    voiceless = quiet.get("vocals", False) or any(not has_voice(stem) for stem in stems)
    together = [stem for stem in stems if is_pitched_in_mix(stem) and not quiet[stem.name]]
    from_mix = transcribe_together(together, voiceless, report, engine) if together else {}
    results: list[StemTranscription] = []
    for number, stem in enumerate(stems):
        step = scale_report(report, number / len(stems), (number + 1) / len(stems))
        if stem.name in from_mix:
            results += from_mix[stem.name]
        elif stem.role == "other" and voiceless and not quiet[stem.name]:
            results += transcribe_together([stem], voiceless, step, engine)[stem.name]
        else:
            results.append(transcribe_stem(stem, step, engine))
    paths = {stem.name: stem.path for stem in stems}
    return [with_program(result, paths.get(result.name)) for result in results]


def with_program(result: StemTranscription, path: Path | None) -> StemTranscription:
    """Return the transcription of a stem 'other' with the program of its instrument, if certain."""
    if path is None or result.role != "other" or not result.notes:
        return result
    return replace(result, program=program_of_class(certain_class(detect_role(path))))


def transcribe_together(
    stems: Sequence[Stem], voiceless: bool, report: Report = silent, engine: str = AUTO
) -> dict[str, list[StemTranscription]]:
    """Transcribe several stems in one pass over the audio of the first one.

    Args:
        stems: none of them silent.
        voiceless: whether to look for a melody in the stem 'other'.
        report: called with the progress.
        engine: for pitched notes.

    Returns:
        by stem name, one transcription, or two where a melody was split off.
    """
    path = stems[0].mix_path or stems[0].path
    roles = [stem.role or "other" for stem in stems]
    lines = ["lead", MELODY] if voiceless else []
    found = transcribe_roles_file(path, [*roles, *lines], report, engine=engine)
    used = engines_to_try(engine)[0]
    results = {
        stem.name: [pitched_stem(stem, role, found[role], used)]
        for stem, role in zip(stems, roles, strict=True)
    }
    for stem in stems:
        if stem.role == "other" and voiceless:
            melody = choose_melody(found["lead"], found[MELODY], found["other"])
            results[stem.name] = split_off_melody(stem, melody, found["other"], used)
        if stem.role == "other" and "bass" in found:
            rest = results[stem.name].pop()
            notes = remove_notes(rest.notes, found["bass"].notes)
            results[stem.name].append(replace(rest, notes=notes))
    parts = [part for split in results.values() for part in split]
    lead = [note for part in parts if part.role == "lead" for note in part.notes]
    for name, split in results.items():
        results[name] = [
            without_lead(part, lead) if part.role == "bass" else part for part in split
        ]
    return results


def without_lead(bass: StemTranscription, lead: Sequence[NoteEvent]) -> StemTranscription:
    """Return a bass without the notes from LOWEST_SHARED_PITCH up that the lead has too."""
    high = [note for note in lead if note.pitch >= LOWEST_SHARED_PITCH]
    return replace(bass, notes=remove_notes(bass.notes, high))


def transcribe_stem(stem: Stem, report: Report = silent, engine: str = AUTO) -> StemTranscription:
    """Transcribe one stem with the engine for its role; a silent stem gives no notes."""
    report(stem.name, 0.0)
    if is_silent(stem.path, SOLO_SILENCE_DBFS if stem.solo else SILENCE_DBFS):
        log.info("%s is silent: no MIDI for it", stem.name)
        return StemTranscription(stem.name, stem.role or "other", stem.origin)
    odds = detect_role(stem.path) if stem.role is None else {}
    if stem.role == "drums" or (odds and is_drums(odds, is_noisy=is_drums_file(stem.path))):
        drums = transcribe_drum_stem(stem)
        if drums.notes or stem.role == "drums":
            return drums
    if stem.solo or stem.role is None:
        return transcribe_solo(stem, report, engine, odds)
    if not has_voice(stem):
        return without_voice(stem)
    if stem.role == "vocals" and engine == AUTO:
        line = stem.line or transcribe_line_file(stem.path, report, STEM_RULES)
        return pitched_stem(stem, stem.role, line, F0)
    found = transcribe_roles_file(stem.path, [stem.role], report, engine=engine)
    return pitched_stem(stem, stem.role, found[stem.role], engines_to_try(engine)[0])


def is_pitched_in_mix(stem: Stem) -> bool:
    """Return whether the notes of a stem are transcribed from the mix, with other stems."""
    return stem.mix_path is not None and stem.role != "drums"


def transcribe_drum_stem(stem: Stem) -> StemTranscription:
    """Transcribe the drums of a stem, or of the mix that it is transcribed from."""
    hits = transcribe_drums_file(stem.mix_path or stem.path, is_mix=not stem.solo)
    name = stem.name if stem.role else "drums"
    return StemTranscription(name, "drums", origin_of_notes(stem), hits, engine=DRUM_ENGINE)


def origin_of_notes(stem: Stem) -> str:
    """Return what a stem was made with, and where its notes are from."""
    return f"{stem.origin}; notes from the mix" if stem.mix_path else stem.origin


def transcribe_solo(
    stem: Stem, report: Report = silent, engine: str = AUTO, odds: Odds | None = None
) -> StemTranscription:
    """Transcribe a recording of one pitched instrument; its role is detected where none is given.

    Args:
        stem: the recording.
        report: called with the progress.
        engine: for pitched notes.
        odds: of the classes of instruments, where no role is given.
    """
    solo = transcribe_solo_file(stem.path, stem.role, report, engine, odds)
    result = pitched_stem(stem, solo.role, solo.found, solo.engine)
    name = solo.role if stem.role is None else stem.name
    return replace(result, name=name, warning=solo.warning, program=solo.program)


def has_voice(stem: Stem) -> bool:
    """Return whether a stem can be a voice, as far as it is known: its pitch is not steady."""
    if stem.line is None:
        return True
    notes = len(stem.line.notes)
    return notes >= STEM_VOICE_NOTES and stem.line.pitch_spread >= STEM_VOICE_SPREAD


def without_voice(stem: Stem) -> StemTranscription:
    """Return no notes for a stem 'vocals' without a voice, and a warning that says so."""
    text = f"no voice in the stem {stem.name}; its sound is transcribed with the stem other"
    return StemTranscription(stem.name, stem.role or "other", stem.origin, warning=text)


def choose_melody(
    lead: PitchedTranscription, line: PitchedTranscription, everything: PitchedTranscription
) -> PitchedTranscription:
    """Return the net's lead, or the most salient line where that lead is mostly missing."""
    salient = line.explained_share >= LINE_OF_ALL * everything.explained_share
    missing = sounding_s(lead.notes) < LEAD_OF_LINE * sounding_s(line.notes)
    return line if salient and missing else lead


def sounding_s(notes: Sequence[NoteEvent]) -> float:
    """Return the total duration of notes in seconds."""
    return sum(note.offset_s - note.onset_s for note in notes)


def pitched_stem(
    stem: Stem, role: Role, found: PitchedTranscription, engine: str
) -> StemTranscription:
    """Return the transcription of a pitched stem."""
    return StemTranscription(
        stem.name,
        role,
        origin_of_notes(stem),
        found.notes,
        engine=engine,
        tuning_cents=found.tuning_cents,
    )


def split_off_melody(
    stem: Stem, melody: PitchedTranscription, everything: PitchedTranscription, engine: str
) -> list[StemTranscription]:
    """Return the melody of a stem as a stem 'lead', if there is one, and the rest of its notes."""
    rest = pitched_stem(stem, "other", everything, engine)
    if not melody.notes:
        return [rest]
    lead = replace(pitched_stem(stem, "lead", melody, engine), name="lead")
    return [lead, replace(rest, notes=remove_notes(rest.notes, melody.notes))]


def remove_notes(notes: Sequence[NoteEvent], removed: Sequence[NoteEvent]) -> list[NoteEvent]:
    """Return the notes without those that `removed` has too, within SAME_NOTE_S."""
    onsets: dict[int, list[float]] = {}
    for note in removed:
        onsets.setdefault(note.pitch, []).append(note.onset_s)
    return [
        note
        for note in notes
        if all(abs(note.onset_s - onset) > SAME_NOTE_S for onset in onsets.get(note.pitch, ()))
    ]


def is_silent(path: Path, limit_dbfs: float = SILENCE_DBFS) -> bool:
    """Return whether no tenth of a second of a file is louder than a limit (RMS)."""
    limit = 10.0 ** (limit_dbfs / 20.0)
    with AudioReader(path) as reader:
        step = max(round(SILENCE_WINDOW_S * reader.sample_rate), 1)
        for block in reader.blocks():
            starts = np.arange(0, block.shape[1], step)
            power = np.add.reduceat(np.square(block).mean(axis=0), starts) / step
            if power.max(initial=0.0) > limit * limit:
                return False
    return True
