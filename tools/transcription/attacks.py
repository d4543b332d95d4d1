"""Moves onsets of a solo recording to the attacks in its level, and drops notes without any.

The nets find a note whose pitch glides at first, as that of a kick-like bass, up to a tenth of a
second late, and a low note after a short rest as much too early. Where the level does not rise at
an onset and rises steeply nearby, at no other note's onset, that rise is the onset.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from muse.tools.transcription.decoding import Matrix
from muse.tools.transcription.velocity import LeveledNote

RISE_S = 0.023  # to either side of a frame, between which a rise is measured; half a window
ATTACK_DB = 8.0  # rise of an attack
STEADY_DB = 2.0  # largest rise at an onset that is moved
AGAIN_DB = 0.5  # rise from which the same pitch again is a note of its own
NEAR_S = 0.12  # to either side of an onset, within which an attack is used
OWN_S = 0.03  # an attack this near to an onset belongs to that note
SHORTEST_S = 0.03  # of a moved note
FLOOR_DB = -60.0  # relative to the loudest frame; softer frames count as this soft
SILENT_DB = -40.0  # relative to the loudest frame; no note starts there
PEAK_FRAMES = 3  # to either side of an attack, within which no rise is larger


@dataclass(frozen=True)
class Loudness:
    """The level of a recording over time.

    Attributes:
        level_db: (frames,) relative to the loudest frame, at least FLOOR_DB.
        rise_db: (frames,) from RISE_S before a frame to RISE_S after it.
        frame_s: seconds from one frame to the next.
    """

    level_db: NDArray[np.float64]
    rise_db: NDArray[np.float64]
    frame_s: float

    def frame(self, time_s: float) -> int:
        """Return the frame at a time."""
        return min(round(time_s / self.frame_s), len(self.level_db) - 1)

    def rises_at(self, time_s: float, least_db: float = STEADY_DB) -> bool:
        """Return whether the level rises by more than a limit within a frame of a time."""
        at = self.frame(time_s)
        return bool(self.rise_db[max(at - 1, 0) : at + 2].max() > least_db)

    def attacks_s(self) -> NDArray[np.float64]:
        """Return the times of steep rises."""
        rise = self.rise_db
        padded = np.pad(rise, PEAK_FRAMES, mode="edge")
        near = np.lib.stride_tricks.sliding_window_view(padded, 2 * PEAK_FRAMES + 1).max(axis=-1)
        return np.asarray(np.flatnonzero((rise >= ATTACK_DB) & (rise >= near)) * self.frame_s)


def move_to_attacks(
    notes: Sequence[LeveledNote], power: Matrix, frame_s: float
) -> list[LeveledNote]:
    """Return the notes with their onsets at attacks, by onset.

    Args:
        notes: of a recording of one part.
        power: (frames, rows) of its short-windowed spectrum.
        frame_s: seconds from one frame to the next.
    """
    if not notes or not len(power):
        return list(notes)
    loudness = measure_loudness(power, frame_s)
    onsets = np.array([note.onset_s for note in notes])
    free = [at for at in loudness.attacks_s() if np.abs(onsets - at).min() > OWN_S]
    return sorted(
        note if is_hemmed_in(note, onsets) else moved(note, np.array(free), loudness)
        for note in notes
    )


def is_hemmed_in(note: LeveledNote, onsets: NDArray[np.float64]) -> bool:
    """Return whether another note starts within NEAR_S, and not together with this one."""
    distance = np.abs(onsets - note.onset_s)
    return bool(((distance > OWN_S) & (distance < NEAR_S)).any())


def measure_loudness(power: Matrix, frame_s: float) -> Loudness:
    """Measure the level of a spectrum, (frames, rows), not empty; before it there is silence."""
    total = power.sum(axis=1, dtype=np.float64)
    level = 10.0 * np.log10(np.maximum(total / max(float(total.max()), 1e-12), 1e-12))
    level = np.maximum(level, FLOOR_DB)
    reach = max(round(RISE_S / frame_s), 1)
    padded = np.concatenate((np.full(reach, FLOOR_DB), level, np.full(reach, level[-1])))
    return Loudness(level, padded[2 * reach :] - padded[: -2 * reach], frame_s)


def moved(note: LeveledNote, attacks: NDArray[np.float64], loudness: Loudness) -> LeveledNote:
    """Return a note with its onset at the nearest of some attacks, if the note has none itself.

    A note that starts in silence is moved to any attack within it.
    """
    if loudness.rises_at(note.onset_s):
        return note
    silent = loudness.level_db[loudness.frame(note.onset_s)] < SILENT_DB
    latest = note.offset_s if silent else note.onset_s + NEAR_S
    near = attacks[(attacks >= note.onset_s - NEAR_S) & (attacks <= latest)]
    if not len(near):
        return note
    onset = float(near[np.abs(near - note.onset_s).argmin()])
    return replace(note, onset_s=onset) if note.offset_s - onset >= SHORTEST_S else note


def join_without_attack(
    notes: Sequence[LeveledNote], power: Matrix, frame_s: float
) -> list[LeveledNote]:
    """Join each note of one voice at whose onset the level falls to the same pitch before it."""
    if not notes or not len(power):
        return list(notes)
    loudness = measure_loudness(power, frame_s)
    joined = [notes[0]]
    for note in notes[1:]:
        before = joined[-1]
        again = note.pitch == before.pitch and note.onset_s - before.offset_s < OWN_S
        if again and not loudness.rises_at(note.onset_s, AGAIN_DB):
            joined[-1] = replace(before, offset_s=note.offset_s)
        elif again and not loudness.rises_at(before.onset_s, AGAIN_DB):
            joined[-1] = note
        else:
            joined.append(note)
    return joined
