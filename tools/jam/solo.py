"""The player's notes so far, in beats."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from muse.tools.jam.events import SoloNote

KEPT_BEATS = 256.0  # older notes are dropped, so that memory use is constant
MAX_NOTES = 4096  # ended notes that are stored


class Solo:
    """Notes by onset; those that still sound have no end."""

    def __init__(self) -> None:
        """Start without notes."""
        self._notes: deque[SoloNote] = deque(maxlen=MAX_NOTES)
        self._sounding: dict[int, SoloNote] = {}

    def note_on(self, pitch: int, velocity: int, beat: float) -> None:
        """Begin a note; one that still sounds on this pitch ends."""
        self.note_off(pitch, beat)
        self._sounding[pitch] = SoloNote(pitch, velocity, beat)
        self._forget(beat)

    def note_off(self, pitch: int, beat: float) -> None:
        """End the note on a pitch, if one sounds."""
        note = self._sounding.pop(pitch, None)
        if note is not None:
            self._notes.append(replace(note, end_beat=max(beat, note.start_beat)))

    def all_off(self, beat: float) -> None:
        """End all notes."""
        for pitch in tuple(self._sounding):
            self.note_off(pitch, beat)

    def since(self, beat: float) -> list[SoloNote]:
        """Return the notes that sound at or after a beat, by onset."""
        found = [*self._recent(beat), *self._sounding.values()]
        return sorted(found, key=lambda note: (note.start_beat, note.pitch))

    @property
    def sounding(self) -> list[SoloNote]:
        """Notes that have not ended."""
        return list(self._sounding.values())

    def _recent(self, beat: float) -> Iterator[SoloNote]:
        """Return the ended notes that sound at or after a beat."""
        return (note for note in self._notes if (note.end_beat or 0.0) >= beat)

    def _forget(self, beat: float) -> None:
        """Drop notes that ended more than KEPT_BEATS ago."""
        while self._notes and (self._notes[0].end_beat or 0.0) < beat - KEPT_BEATS:
            self._notes.popleft()
