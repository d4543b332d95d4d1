"""Each kind of part: its range, which head of the note net hears it, how that is decoded."""

from dataclasses import dataclass, replace

import numpy as np

from muse.models.basic_pitch import LOWEST_PITCH
from muse.models.note_net.inference import Evidence
from muse.tools.errors import ParameterError
from muse.tools.transcription.decoding import (
    ChordRules,
    FrameNote,
    Matrix,
    VoiceRules,
    decode_chords,
    decode_voice,
)
from muse.tools.transcription.velocity import UNKNOWN_VELOCITY, Levelled, attack_level

PEAK_FRAMES = 2  # an onset's peak in the posterior is so wide to either side
PEAK_FLOOR = 0.05  # posterior that belongs to no peak


@dataclass(frozen=True)
class RoleRules:
    """How one kind of part is heard.

    Attributes:
        lowest, highest: MIDI pitches it can play.
        decoder: for one voice or for several.
        head: of the note net, see models/note_net/inference.py.
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


def rules_of(role: str) -> RoleRules:
    """The rules of a role."""
    if role not in ROLES:
        raise ParameterError(f"no role called {role!r}; there are {', '.join(ROLES)}")
    return ROLES[role]


def part_of(
    evidence: Evidence, rules: RoleRules, level_db: Matrix, frame_s: float
) -> list[Levelled]:
    """The notes of one role, decoded from the evidence of its head."""
    onset = in_range(evidence.onset, rules)
    notes = [
        Levelled(
            fine_start(note, onset) * frame_s,
            note.end * frame_s,
            LOWEST_PITCH + note.row,
            UNKNOWN_VELOCITY,
            round(note.strength, 3),
            attack_level(note, level_db),
        )
        for note in decode(in_range(evidence.held, rules), onset, rules)
    ]
    return without_overlaps(notes, one_voice=isinstance(rules.decoder, VoiceRules))


def without_overlaps(notes: list[Levelled], *, one_voice: bool) -> list[Levelled]:
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


def fine_start(note: FrameNote, onset: Matrix) -> float:
    """The onset between frames: the centre of mass of its peak."""
    first = max(note.start - PEAK_FRAMES, 0)
    peak = np.maximum(onset[first : note.start + PEAK_FRAMES + 1, note.row] - PEAK_FLOOR, 0.0)
    if not peak.sum():
        return float(note.start)
    return first + float(peak @ np.arange(len(peak)) / peak.sum())


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
