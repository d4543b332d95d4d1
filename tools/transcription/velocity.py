"""Estimates the velocity of a note from its level just after the onset.

Synthesizers and samplers follow the General MIDI convention of 40 dB per decade of velocity. The
level of the stem is unknown, so the median note of a stem gets MEDIAN_VELOCITY, and the velocities
of the others follow from their level relative to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from muse.tools.transcription.decoding import FrameNote, Matrix
from muse.tools.transcription.note_event import NoteEvent

MEDIAN_VELOCITY = 84.0
DB_PER_DECADE = 40.0  # per decade of velocity, as General MIDI level 2 recommends
ATTACK_FRAMES = 9  # frames, about 100 ms, in which a note reaches its level
LOWEST, HIGHEST = 8, 127
UNKNOWN_VELOCITY = 64  # placeholder until all notes of the stem are known


@dataclass(frozen=True, slots=True, order=True)
class LeveledNote(NoteEvent):
    """A note with the level of its attack in dB."""

    level_db: float = 0.0


def with_velocities(notes: Sequence[LeveledNote]) -> list[NoteEvent]:
    """Return the notes of a whole stem with MIDI velocities that follow from their levels."""
    if not notes:
        return []
    levels = np.array([note.level_db for note in notes])
    raw = MEDIAN_VELOCITY * 10.0 ** ((levels - np.median(levels)) / DB_PER_DECADE)
    velocities = np.clip(np.rint(raw), LOWEST, HIGHEST).astype(int).tolist()
    return [
        NoteEvent(
            note.onset_s,
            note.offset_s,
            note.pitch,
            velocity,
            note.confidence,
            bends=note.bends,
        )
        for note, velocity in zip(notes, velocities, strict=True)
    ]


def attack_level(note: FrameNote, level_db: Matrix) -> float:
    """Return the highest level of the note's partials within ATTACK_FRAMES of its onset, in dB.

    Args:
        note: on the frame grid.
        level_db: (frames, pitches), power of the partials of each pitch.
    """
    end = max(min(note.start + ATTACK_FRAMES, note.end), note.start + 1)
    return float(level_db[note.start : end, note.row].max())
