"""How hard a note was played, from its energy just after the onset.

Synthesizers and samplers follow the General MIDI convention of 40 dB a decade of velocity; what is
not known is the level of the stem, so the median note of a stem gets MEDIAN_VELOCITY and the
others follow by their level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from muse.tools.transcription.decoding import FrameNote, Matrix
from muse.tools.transcription.note_event import NoteEvent

MEDIAN_VELOCITY = 84.0
DB_PER_DECADE = 40.0  # of velocity, as in the General MIDI level 2 recommendation
ATTACK_FRAMES = 9  # about 100 ms after the onset in which a note reaches its level
LOWEST, HIGHEST = 8, 127
UNKNOWN_VELOCITY = 64  # until every note of the stem has been heard


@dataclass(frozen=True, slots=True, order=True)
class Levelled(NoteEvent):
    """A note and how loud its attack is, in dB."""

    level_db: float = 0.0


def with_velocities(notes: Sequence[Levelled]) -> list[NoteEvent]:
    """The notes of a whole stem with MIDI velocities by their levels."""
    if not notes:
        return []
    levels = np.array([note.level_db for note in notes])
    raw = MEDIAN_VELOCITY * 10.0 ** ((levels - np.median(levels)) / DB_PER_DECADE)
    velocities = np.clip(np.rint(raw), LOWEST, HIGHEST).astype(int).tolist()
    return [
        NoteEvent(note.onset_s, note.offset_s, note.pitch, velocity, note.confidence)
        for note, velocity in zip(notes, velocities, strict=True)
    ]


def attack_level(note: FrameNote, level_db: Matrix) -> float:
    """Loudest level of the note's partials shortly after its onset.

    Args:
        note: on the frame grid.
        level_db: (frames, pitches), power of each pitch's partials.
    """
    end = max(min(note.start + ATTACK_FRAMES, note.end), note.start + 1)
    return float(level_db[note.start : end, note.row].max())
