"""Onsets of solo recordings that are missing in the output of a head of the note net.

A head merges fast repeated notes and trills of an instrument that rings on into one long note;
Basic Pitch, which feeds it, has an onset for each of them. In a solo recording all onsets belong to
the one part, so those of Basic Pitch count wherever the head finds that the pitch sounds. In a mix
they are as often those of other parts.
"""

import numpy as np
from numpy.typing import NDArray

from muse.models.note_net.inference import Evidence
from muse.tools.transcription.decoding import Matrix

HEAD_ONSET = 0.6  # onset posterior of a note that the head has found by itself
SOUNDING = 0.2  # frame posterior of the head from which a pitch sounds
NEAR_FRAMES = 5  # 58 ms: two onsets of one pitch within it are the same one


def add_onsets(head: Evidence, anything: Evidence) -> Evidence:
    """Return the evidence of a head with the onsets that it lacks.

    Args:
        head: of the kind of part that is decoded.
        anything: of notes of any kind.
    """
    if not head.onset.size:
        return head
    known = near_maximum(head.onset) >= HEAD_ONSET
    usable = np.where((head.frame_posterior >= SOUNDING) & ~known, anything.onset, 0.0)
    peaks = np.where(usable >= near_maximum(usable), usable, 0.0)
    return Evidence(head.frame_posterior, np.asarray(np.maximum(head.onset, peaks), np.float32))


def near_maximum(values: NDArray[np.floating]) -> Matrix:
    """Return the largest of each value and those within NEAR_FRAMES before and after it."""
    padded = np.pad(values, ((NEAR_FRAMES, NEAR_FRAMES), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEAR_FRAMES + 1, axis=0)
    return np.asarray(near.max(axis=-1), np.float32)
