"""Estimates the key of transcribed notes, weighted by their lengths and confidences."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.key_finding import key_of_weights
from muse.tools.theory.keys import Mode
from muse.tools.transcription.note_event import NoteEvent


def estimate_key(notes: Iterable[NoteEvent]) -> tuple[int, Mode, float]:
    """Return the most probable key of pitched notes.

    Returns:
        tonic pitch class, mode, and a confidence in [0, 1]: the share of this key when the 24 keys
        are weighted by their correlation. C major with confidence 0 if no key fits.
    """
    key = key_of_weights(pitch_class_weights(notes))
    return key.tonic_pc, key.mode, key.confidence


def pitch_class_weights(notes: Iterable[NoteEvent]) -> NDArray[np.float64]:
    """Return the seconds that each pitch class sounds, weighted by confidence: (12,)."""
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += (note.offset_s - note.onset_s) * note.confidence
    return weights
