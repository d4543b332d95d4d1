"""Each stem to the transcriber for what it is: drums, a voice, a bass, chords, or all of the rest.

Ladder: `hear_stem` (one stem -> its part), `hear_stems` (all stems of a song -> all parts).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from muse.tools.audio.io import AudioReader
from muse.tools.progress import Report, part, silent
from muse.tools.song.document import Role
from muse.tools.transcription.assemble import Part
from muse.tools.transcription.drums import transcribe_drums_file
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitched import (
    NOTE_NET,
    PitchedTranscription,
    transcribe_roles_file,
)
from muse.tools.transcription.role_detection import is_drums_file, role_of_notes

log = logging.getLogger("muse")

DRUM_ENGINE = "drum-hits"
SILENCE_DBFS = -60.0  # RMS of the loudest tenth of a second, under which a stem is silent
SILENCE_WINDOW_S = 0.1
SOLO_ROLES: tuple[Role, ...] = ("keys", "bass", "lead")  # what role_of_notes may answer
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

# Stems that a model parts so roughly that their notes are told better in all but the voice. On
# songs kept out of the net's training, onset F1 of all pitched notes is 0.69 in the stems and 0.78
# in the mix.
HEARD_TOGETHER = {"spleeter": {"bass", "other"}}


@dataclass(frozen=True)
class Stem:
    """A stem to be heard.

    Attributes:
        name: of the stem.
        path: its sound.
        role: what it plays; None where that is to be guessed.
        origin: what made it.
        heard_in: what is listened to instead, where the stem's notes are told better in there.
    """

    name: str
    path: Path
    role: Role | None
    origin: str
    heard_in: Path | None = None


def hear_stems(
    stems: Sequence[Stem], report: Report = silent, engine: str = NOTE_NET
) -> list[Part]:
    """The parts of all stems of a song; silent stems give parts without notes.

    Stems that are heard in one recording are heard in one pass. Where the separation found no
    voice, the melody is played by an instrument and lies in the stem that holds the rest: it is
    heard on its own and becomes a part 'lead'.
    """
    quiet = {stem.name: is_silent(stem.path) for stem in stems}
    voiceless = quiet.get("vocals", False)
    together = [stem for stem in stems if stem.heard_in and not quiet[stem.name]]
    heard = hear_together(together, voiceless, report, engine) if together else {}
    parts: list[Part] = []
    for number, stem in enumerate(stems):
        step = part(report, number / len(stems), (number + 1) / len(stems))
        if stem.name in heard:
            parts += heard[stem.name]
        elif stem.role == "other" and voiceless and not quiet[stem.name]:
            parts += hear_together([stem], voiceless, step, engine)[stem.name]
        else:
            parts.append(hear_stem(stem, step, engine))
    return parts


def hear_together(
    stems: Sequence[Stem], voiceless: bool, report: Report = silent, engine: str = NOTE_NET
) -> dict[str, list[Part]]:
    """The parts of each stem, all heard in one pass over what the first one is heard in."""
    path = stems[0].heard_in or stems[0].path
    roles = [stem.role or "other" for stem in stems]
    wanted = [*roles, "lead"] if voiceless else roles
    heard = transcribe_roles_file(path, wanted, report, engine=engine)
    parts = {
        stem.name: [pitched_part(stem, role, heard[role], engine)]
        for stem, role in zip(stems, roles, strict=True)
    }
    for stem in stems:
        if stem.role == "other" and voiceless:
            parts[stem.name] = melody_and_rest(stem, heard["lead"], heard["other"], engine)
        if stem.role == "other" and "bass" in heard:
            rest = parts[stem.name].pop()
            parts[stem.name].append(replace(rest, notes=without(rest.notes, heard["bass"].notes)))
    return parts


def hear_stem(stem: Stem, report: Report = silent, engine: str = NOTE_NET) -> Part:
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
        return hear_solo(stem, report, engine)
    heard = transcribe_roles_file(stem.path, [stem.role], report, engine=engine)
    return pitched_part(stem, stem.role, heard[stem.role], engine)


def pitched_part(stem: Stem, role: Role, heard: PitchedTranscription, engine: str) -> Part:
    """What was heard in a stem as its part."""
    return Part(
        stem.name,
        role,
        f"{stem.origin}; heard in the mix" if stem.heard_in else stem.origin,
        heard.notes,
        engine=engine,
        tuning_cents=heard.tuning_cents,
    )


def melody_and_rest(
    stem: Stem, melody: PitchedTranscription, everything: PitchedTranscription, engine: str
) -> list[Part]:
    """The melody of a stem as a part of its own, and the rest of the stem's notes."""
    rest = pitched_part(stem, "other", everything, engine)
    if not melody.notes:
        return [rest]
    lead = replace(pitched_part(stem, "lead", melody, engine), name="lead")
    return [lead, replace(rest, notes=without(rest.notes, melody.notes))]


def hear_solo(stem: Stem, report: Report = silent, engine: str = NOTE_NET) -> Part:
    """The notes of one instrument: what was heard as chords tells which of SOLO_ROLES it is."""
    heard = transcribe_roles_file(stem.path, SOLO_ROLES, report, engine=engine)
    role = role_of_notes(heard["keys"].notes)
    return replace(pitched_part(stem, role, heard[role], engine), name=role)


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
