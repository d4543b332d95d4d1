"""How hard a note was played, from its energy just after the onset.

Synthesizers and samplers follow the General MIDI convention of 40 dB a decade of velocity; what is
not known is the level of the stem, so the median note of a stem gets MEDIAN_VELOCITY and the
others follow by their level.
"""

from collections.abc import Sequence

import numpy as np

from muse.tools.transcription.decoding import FrameNote, Matrix

MEDIAN_VELOCITY = 84.0
DB_PER_DECADE = 40.0  # of velocity, as in the General MIDI level 2 recommendation
ATTACK_FRAMES = 9  # about 100 ms after the onset in which a note reaches its level
LOWEST, HIGHEST = 8, 127


def velocities(notes: Sequence[FrameNote], level_db: Matrix) -> list[int]:
    """MIDI velocity of each note.

    Args:
        notes: on the frame grid.
        level_db: (frames, pitches), power of each pitch's partials.
    """
    if not notes:
        return []
    peaks = np.array([attack_level(note, level_db) for note in notes])
    raw = MEDIAN_VELOCITY * 10.0 ** ((peaks - np.median(peaks)) / DB_PER_DECADE)
    return [int(value) for value in np.clip(np.rint(raw), LOWEST, HIGHEST)]


def attack_level(note: FrameNote, level_db: Matrix) -> float:
    """Loudest level of the note's partials shortly after its onset."""
    end = max(min(note.start + ATTACK_FRAMES, note.end), note.start + 1)
    return float(level_db[note.start : end, note.row].max())
