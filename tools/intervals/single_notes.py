"""What sounded in a recording, told where it holds no interval."""

from collections.abc import Iterable, Iterator

from muse.tools.intervals.segments import Segment
from muse.tools.theory.pitch import midi_name

MOST_NAMES = 4  # of single notes that are told


class Sounded:
    """What was heard so far; it does not grow with the recording."""

    def __init__(self) -> None:
        """Nothing was."""
        self._unpitched = self._many = False
        self._names: list[str] = []

    def taken(self, found: Iterable[Segment]) -> Iterator[Segment]:
        """The segments, as they pass."""
        for segment in found:
            pitches = segment.chord.pitches
            self._unpitched |= not pitches
            self._many |= len(pitches) > 2
            if len(pitches) == 1 and len(self._names) <= MOST_NAMES:
                name = midi_name(round(pitches[0]))
                self._names += [name] * (name not in self._names)
            yield segment

    def __str__(self) -> str:
        """What sounded: "one note, A4", "noise", "silence"."""
        heard = [self._notes()] if self._names else []
        heard += ["three or more notes at once"] * self._many
        return " and ".join(heard or ["noise" if self._unpitched else "silence"])

    def _notes(self) -> str:
        """The single notes."""
        told = ", ".join(self._names[:MOST_NAMES])
        if len(self._names) > MOST_NAMES:
            return f"single notes, {told} and more"
        return f"single notes, {told}" if self._names[1:] else f"one note, {told}"
