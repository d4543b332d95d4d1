"""The pitched notes of a song as arrays, for the analysis of its harmony.

Conventions: time in beats (quarter notes), pitches as MIDI numbers, pitch classes 0 to 11 from C.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.song.document import Song, Track

Beats = NDArray[np.float64]

MELODY_ROLES = {"lead", "vocals"}
SHORTEST_BEATS = 1 / 32  # least duration, also of notes of length 0


@dataclass(frozen=True)
class NoteArrays:
    """Pitched notes ordered by start, as four arrays of one length.

    Attributes:
        start: in beats.
        end: in beats, after the start.
        pitch: MIDI number.
        is_melody: whether the note belongs to a melody over an accompaniment.
    """

    start: Beats
    end: Beats
    pitch: NDArray[np.int64]
    is_melody: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.start)

    @property
    def end_beats(self) -> float:
        """End of the last note; 0 without notes."""
        return float(self.end.max(initial=0.0))


def sounding_notes(song: Song) -> NoteArrays:
    """Return the notes of all tracks but drums; a melody alone counts as accompaniment."""
    tracks = [track for track in song.tracks if is_pitched(track)]
    leads = [track.role in MELODY_ROLES for track in tracks]
    accompanied = not all(leads)
    return from_rows(
        (note.start_beats, note.duration_beats, note.pitch, lead and accompanied)
        for track, lead in zip(tracks, leads, strict=True)
        for note in track.notes
    )


def is_pitched(track: Track) -> bool:
    """Return whether a track has notes that are not drums."""
    return bool(track.notes) and not track.is_drum and track.role != "drums"


def from_rows(rows: Iterable[tuple[float, float, int, bool]]) -> NoteArrays:
    """Build arrays from rows of start, duration (beats), pitch and whether it is melody."""
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)
    start, duration, pitch, is_melody = table.T
    end = start + np.maximum(duration, SHORTEST_BEATS)
    return NoteArrays(start, end, pitch.astype(np.int64), is_melody.astype(bool))
