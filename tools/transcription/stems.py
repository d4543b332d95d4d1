"""Each stem to the transcriber for what it is: drums, a voice, a bass, chords, or all of the rest.

Ladder: `hear_stem` (one stem -> its part), `hear_stems` (all stems of a song -> all parts).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from muse.tools.audio import AudioReader
from muse.tools.progress import Report, part, silent
from muse.tools.song import Role
from muse.tools.transcription.assemble import Part
from muse.tools.transcription.drums import transcribe_drums_file
from muse.tools.transcription.instruments import is_drums_file, role_of_notes
from muse.tools.transcription.notes import NoteEvent
from muse.tools.transcription.pitched import (
    PitchedTranscription,
    transcribe_pitched_file,
    transcribe_roles_file,
)

log = logging.getLogger("muse")

DRUM_ENGINE = "drum-hits"
PITCHED_ENGINE = "basic-pitch + note-net"
SILENCE_DBFS = -60.0  # RMS of the loudest tenth of a second, under which a stem is silent
SILENCE_WINDOW_S = 0.1
SAME_NOTE_S = 0.05  # one note heard twice starts within this

# what each stem of the separation models does in a song
STEM_ROLES: dict[str, Role] = {
    "vocals": "vocals",
    "drums": "drums",
    "bass": "bass",
    "other": "other",
    "piano": "keys",
    "guitar": "guitar",
}

# Stems that a model makes so roughly that the net hears their notes better in the whole mix. On ten
# mixes kept out of its training: bass onset F1 0.82 in the mix, 0.80 in the embedded engine's stem.
HEARD_IN_MIX = {"spleeter": {"bass"}}


@dataclass(frozen=True)
class Stem:
    """A stem to be heard.

    Attributes:
        name: of the stem.
        path: its sound.
        role: what it plays; None where that is to be guessed.
        origin: what made it.
        mix: the recording it is a part of, where its notes are told better in there.
    """

    name: str
    path: Path
    role: Role | None
    origin: str
    mix: Path | None = None


def hear_stems(stems: Sequence[Stem], report: Report = silent) -> list[Part]:
    """The parts of all stems of a song; silent stems give parts without notes.

    Where the separation found no voice, the melody is played by an instrument and lies in the stem
    that holds the rest: it is heard on its own and becomes a part 'lead'.
    """
    parts: list[Part] = []
    voiceless = any(stem.role == "vocals" and is_silent(stem.path) for stem in stems)
    for number, stem in enumerate(stems):
        step = part(report, number / len(stems), (number + 1) / len(stems))
        if stem.role == "other" and voiceless and not is_silent(stem.path):
            parts += hear_with_melody(stem, step)
        else:
            parts.append(hear_stem(stem, step))
    return parts


def hear_stem(stem: Stem, report: Report = silent) -> Part:
    """The notes of one stem, by the transcriber for its role; a silent stem has none."""
    report(stem.name, 0.0)
    if is_silent(stem.path):
        log.info("%s is silent: no MIDI for it", stem.name)
        return Part(stem.name, stem.role or "other", stem.origin)
    if stem.role == "drums" or (stem.role is None and is_drums_file(stem.path)):
        name = stem.name if stem.role else "drums"
        hits = transcribe_drums_file(stem.path)
        return Part(name, "drums", stem.origin, hits, engine=DRUM_ENGINE)
    if stem.role is None:
        return hear_solo(stem, report)
    return hear_pitched(stem, stem.role, report)


def hear_pitched(
    stem: Stem, role: Role, report: Report = silent, tuning_cents: float | None = None
) -> Part:
    """The notes of a stem that plays a known role."""
    path = stem.mix or stem.path
    heard = transcribe_pitched_file(path, role, report, tuning_cents=tuning_cents)
    return pitched_part(stem, role, heard)


def pitched_part(stem: Stem, role: Role, heard: PitchedTranscription) -> Part:
    """What was heard in a stem as its part."""
    return Part(
        stem.name,
        role,
        f"{stem.origin}; heard in the mix" if stem.mix else stem.origin,
        heard.notes,
        engine=PITCHED_ENGINE,
        tuning_cents=heard.tuning_cents,
    )


def hear_solo(stem: Stem, report: Report = silent) -> Part:
    """The notes of one instrument, heard first as chords, then as what those notes look like."""
    heard = hear_pitched(stem, "keys", report)
    role = role_of_notes(heard.notes)
    if role != heard.role:
        heard = hear_pitched(stem, role, report, heard.tuning_cents)
    return replace(heard, name=role)


def hear_with_melody(stem: Stem, report: Report = silent) -> list[Part]:
    """The melody of a stem as a part of its own, and the rest of the stem's notes."""
    heard = transcribe_roles_file(stem.path, ["lead", "other"], report)
    melody = replace(pitched_part(stem, "lead", heard["lead"]), name="lead")
    rest = pitched_part(stem, "other", heard["other"])
    if not melody.notes:
        return [rest]
    return [melody, replace(rest, notes=without(rest.notes, melody.notes))]


def without(notes: Sequence[NoteEvent], taken: Sequence[NoteEvent]) -> list[NoteEvent]:
    """The notes that are none of `taken`: of another pitch, or SAME_NOTE_S or more away."""
    onsets: dict[int, list[float]] = {}
    for note in taken:
        onsets.setdefault(note.pitch, []).append(note.onset_s)
    return [
        note
        for note in notes
        if all(abs(note.onset_s - onset) > SAME_NOTE_S for onset in onsets.get(note.pitch, ()))
    ]


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
