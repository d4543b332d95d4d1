"""The share of a recording's power that lies at the partials of decoded notes.

Used to compare decodings of the same sound: the notes of the right kind of part explain about nine
tenths of a solo recording, the notes of a wrong one much less. Computed on the long-windowed
semitone spectrum (tools/audio/spectra.py), whose frames are those of the nets.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import LOWEST_PITCH, PITCHES, SAMPLE_RATE
from muse.tools.audio.spectra import LONG_WINDOW, ROWS, pitch_to_hz
from muse.tools.transcription.decoding import Matrix
from muse.tools.transcription.note_event import NoteEvent

PARTIALS = 8  # counted for each note, the fundamental included
TOLERANCE_SEMITONES = 1.0  # to either side of a partial
TOLERANCE_BINS = 2.0  # half the main lobe of the Hann window, which is wider than that in the bass


def explained_power(notes: Iterable[NoteEvent], power: Matrix, frame_s: float) -> float:
    """Return the power that lies near a partial of a sounding note.

    Args:
        notes: times in seconds from the first frame.
        power: (frames, ROWS), as `semitone_power` with LONG_WINDOW gives it.
        frame_s: seconds from one frame to the next.

    Returns:
        a sum over frames and rows, at most `power.sum()`.
    """
    sounding = np.zeros((len(power), PITCHES), np.float32)
    for note in notes:
        first, last = int(note.onset_s / frame_s), int(np.ceil(note.offset_s / frame_s))
        sounding[max(first, 0) : last + 1, note.pitch - LOWEST_PITCH] = 1.0
    return float(power[sounding @ partial_rows() > 0].sum())


@cache
def partial_rows() -> NDArray[np.float32]:
    """Return which spectrum rows each pitch's partials reach, (PITCHES, ROWS), 0 or 1."""
    row_hz = pitch_to_hz(LOWEST_PITCH + np.arange(ROWS))
    fundamental_hz = pitch_to_hz(LOWEST_PITCH + np.arange(PITCHES))
    partial_hz = fundamental_hz[:, None] * np.arange(1, PARTIALS + 1)
    semitones = np.abs(12.0 * np.log2(row_hz / partial_hz[..., None]))
    bins = np.abs(row_hz - partial_hz[..., None]) * LONG_WINDOW / SAMPLE_RATE
    near = (semitones <= TOLERANCE_SEMITONES) | (bins <= TOLERANCE_BINS)
    return np.asarray(near.any(axis=1), np.float32)
