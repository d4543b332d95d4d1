"""Decoding rules of each role: its pitch range, its head of the note net, and its decoder."""

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
from muse.tools.transcription.engines import ANY
from muse.tools.transcription.salient_line import SALIENT
from muse.tools.transcription.velocity import UNKNOWN_VELOCITY, LeveledNote, attack_level

PEAK_FRAMES = 2  # half width of an onset's peak in the posterior
PEAK_FLOOR = 0.05  # onset posterior that does not count as part of a peak


@dataclass(frozen=True)
class RoleRules:
    """Rules for decoding the notes of one role.

    Attributes:
        lowest, highest: range of the role, MIDI pitches, both included.
        decoder: rules for one voice or for chords.
        head: which output of the engine to decode; see `muse.models.note_net.config.HEADS`,
            ANY or SALIENT.
        struck: whether the notes of the role have clear attacks, so that each onset is a note.
    """

    lowest: int
    highest: int
    decoder: VoiceRules | ChordRules
    head: str
    struck: bool = True

    @property
    def one_voice(self) -> bool:
        """Whether one note sounds at a time."""
        return isinstance(self.decoder, VoiceRules)


MELODY = "melody"  # of a mix: the most salient line, whatever plays it
VOICE = VoiceRules()
# for tones with low posteriors, such as those of a sine wave; a weak posterior is no rest here
FAINT_LINE = VoiceRules(attack_cost=0.5, frame_bias=2.0)
# the onsets of a mix are those of all its parts
LINE_IN_MIX = VoiceRules(attack_cost=2.0, onset_weight=0.5)
CHORDS = ChordRules()
ROLES = {
    "vocals": RoleRules(36, 86, VOICE, "voice"),
    "lead": RoleRules(36, 103, VOICE, "voice"),
    "faint lead": RoleRules(36, 103, FAINT_LINE, ANY),
    "faint bass": RoleRules(21, 67, FAINT_LINE, ANY),
    MELODY: RoleRules(36, 103, LINE_IN_MIX, SALIENT),
    "bass": RoleRules(21, 67, VOICE, "bass"),
    "keys": RoleRules(21, 108, CHORDS, "chords"),
    "guitar": RoleRules(36, 93, CHORDS, "chords"),
    "pad": RoleRules(24, 103, CHORDS, "chords", struck=False),
    "other": RoleRules(21, 108, CHORDS, "other"),
}
FAINT = {"lead": "faint lead", "vocals": "faint lead", "bass": "faint bass"}


def rules_of(role: str) -> RoleRules:
    """Return the rules of a role; raise ParameterError where there are none."""
    if role not in ROLES:
        raise ParameterError(f"no role '{role}' for pitched notes; roles are {', '.join(ROLES)}")
    return ROLES[role]


def decode_role(
    evidence: Evidence, rules: RoleRules, level_db: Matrix, frame_s: float
) -> list[LeveledNote]:
    """Decode the notes of one role.

    Args:
        evidence: the posteriors of the role's head, (frames, 88) each.
        rules: of the role.
        level_db: (frames, pitches), power of each pitch's partials, for the velocities.
        frame_s: seconds from one frame to the next.
    """
    onset = limit_to_range(evidence.onset, rules)
    notes = [
        LeveledNote(
            interpolate_onset(note, onset) * frame_s,
            note.end * frame_s,
            LOWEST_PITCH + note.row,
            UNKNOWN_VELOCITY,
            round(note.strength, 3),
            attack_level(note, level_db),
        )
        for note in decode_posteriors(limit_to_range(evidence.frame_posterior, rules), onset, rules)
    ]
    return without_overlaps(notes, one_voice=rules.one_voice)


def without_overlaps(notes: list[LeveledNote], *, one_voice: bool) -> list[LeveledNote]:
    """Shorten notes that overlap.

    A note ends where the next one begins: in one voice any note, else the next of the same pitch.
    """
    next_onset: dict[int, float] = {}
    cut = []
    for note in sorted(notes, reverse=True):
        voice = 0 if one_voice else note.pitch
        end = min(note.offset_s, next_onset.get(voice, np.inf))
        next_onset[voice] = note.onset_s
        if end > note.onset_s:
            cut.append(replace(note, offset_s=end))
    return cut[::-1]


def interpolate_onset(note: FrameNote, onset: Matrix) -> float:
    """Return the onset in fractional frames: the center of mass of its peak."""
    first = max(note.start - PEAK_FRAMES, 0)
    peak = np.maximum(onset[first : note.start + PEAK_FRAMES + 1, note.row] - PEAK_FLOOR, 0.0)
    if not peak.sum():
        return float(note.start)
    return first + float(peak @ np.arange(len(peak)) / peak.sum())


def limit_to_range(posterior: Matrix, rules: RoleRules) -> Matrix:
    """Return the posterior with every pitch outside the role's range set to zero."""
    inside = np.zeros_like(posterior)
    span = slice(rules.lowest - LOWEST_PITCH, rules.highest - LOWEST_PITCH + 1)
    low = max(span.start, 0)
    inside[:, low : span.stop] = posterior[:, low : span.stop]
    return inside


def decode_posteriors(frame_posterior: Matrix, onset: Matrix, rules: RoleRules) -> list[FrameNote]:
    """Decode posteriors with the decoder that the role uses."""
    if isinstance(rules.decoder, VoiceRules):
        return decode_voice(frame_posterior, onset, rules.decoder)
    return decode_chords(frame_posterior, onset, rules.decoder)
