"""Summarize what sounds in a recording, for messages when it holds no interval."""

from collections.abc import Iterable, Iterator

from muse.tools.intervals.segments import Segment
from muse.tools.theory.pitch import midi_name

MOST_NAMES = 4  # of single notes in a summary


class SoundSummary:
    """Summary of the segments seen so far; its size does not grow with the recording."""

    def __init__(self) -> None:
        """Start without segments."""
        self._unpitched = self._many = False
        self._names: list[str] = []

    def collect(self, found: Iterable[Segment]) -> Iterator[Segment]:
        """Pass the segments through, and record what they hold."""
        for segment in found:
            pitches = segment.chord.pitches
            self._unpitched |= not pitches
            self._many |= len(pitches) > 2
            if len(pitches) == 1 and len(self._names) <= MOST_NAMES:
                name = midi_name(round(pitches[0]))
                self._names += [name] * (name not in self._names)
            yield segment

    def __str__(self) -> str:
        """Return the summary: "one note, A4", "noise", "silence"."""
        items = [self._notes()] if self._names else []
        items += ["three or more notes at once"] * self._many
        return " and ".join(items or ["noise" if self._unpitched else "silence"])

    def _notes(self) -> str:
        """Return the names of the single notes."""
        names = ", ".join(self._names[:MOST_NAMES])
        if len(self._names) > MOST_NAMES:
            return f"single notes, {names} and more"
        return f"single notes, {names}" if self._names[1:] else f"one note, {names}"
