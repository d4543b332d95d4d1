"""What the player has played so far, in beats."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from muse.tools.jam.events import SoloNote

REMEMBERED_BEATS = 256.0  # notes that ended longer ago are forgotten, so that memory stays flat
MOST = 4096  # ended notes that are remembered


class Solo:
    """Notes in the order in which they began; those that sound have no end yet."""

    def __init__(self) -> None:
        """Begin with silence."""
        self._notes: deque[SoloNote] = deque(maxlen=MOST)
        self._sounding: dict[int, SoloNote] = {}

    def note_on(self, pitch: int, velocity: int, beat: float) -> None:
        """A note begins; one that still sounds on this pitch ends."""
        self.note_off(pitch, beat)
        self._sounding[pitch] = SoloNote(pitch, velocity, beat)
        self._forget(beat)

    def note_off(self, pitch: int, beat: float) -> None:
        """A note ends; one that does not sound is none."""
        note = self._sounding.pop(pitch, None)
        if note is not None:
            self._notes.append(replace(note, end_beat=max(beat, note.start_beat)))

    def all_off(self, beat: float) -> None:
        """All that sounds ends."""
        for pitch in tuple(self._sounding):
            self.note_off(pitch, beat)

    def since(self, beat: float) -> list[SoloNote]:
        """Notes that sound at or after a beat, by where they begin."""
        found = [*self._recent(beat), *self._sounding.values()]
        return sorted(found, key=lambda note: (note.start_beat, note.pitch))

    @property
    def sounding(self) -> list[SoloNote]:
        """Notes that have not ended."""
        return list(self._sounding.values())

    def _recent(self, beat: float) -> Iterator[SoloNote]:
        """Ended notes that sound at or after a beat."""
        return (note for note in self._notes if (note.end_beat or 0.0) >= beat)

    def _forget(self, beat: float) -> None:
        """Let go of what ended long ago."""
        while self._notes and (self._notes[0].end_beat or 0.0) < beat - REMEMBERED_BEATS:
            self._notes.popleft()
