"""Conversion between beats and seconds.

Conventions:
    beats are quarter notes from the start of the song, seconds start at the same moment.
    A tempo holds from its beat until the next one; the first one also holds before its beat.
"""

from bisect import bisect_right
from collections.abc import Sequence

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0  # range of the tempos that options and charts may give
DEFAULT_BPM = 120.0  # quarter notes per minute: the tempo of a MIDI file that gives none


class TempoMap:
    """A piecewise constant tempo.

    Attributes:
        beats: start of each tempo, ascending, the first one 0.
        bpms: quarter notes per minute, each above 0.
        seconds: time of each of `beats`.
    """

    def __init__(self, tempos: Sequence[tuple[float, float]] = ()) -> None:
        """Build from (beat, bpm) pairs in any order; of several at one beat the last one counts.

        Raises:
            ValueError: a tempo not above 0 bpm, or before beat 0.
        """
        if any(bpm <= 0 or beat < 0 for beat, bpm in tempos):
            raise ValueError("a tempo must be above 0 bpm and not before beat 0")
        changes = dict(sorted(tempos, key=lambda pair: pair[0]))
        if 0.0 not in changes:
            changes = {0.0: next(iter(changes.values()), DEFAULT_BPM), **changes}
        self.beats = list(changes)
        self.bpms = list(changes.values())
        self.seconds = [0.0]
        for start, end, bpm in zip(self.beats, self.beats[1:], self.bpms, strict=False):
            self.seconds.append(self.seconds[-1] + (end - start) * 60.0 / bpm)

    def seconds_at(self, beat: float) -> float:
        """Convert a beat to seconds; before beat 0 the first tempo continues."""
        i = max(bisect_right(self.beats, beat) - 1, 0)
        return self.seconds[i] + (beat - self.beats[i]) * 60.0 / self.bpms[i]

    def beat_at(self, seconds: float) -> float:
        """Convert seconds to a beat; the inverse of `seconds_at`."""
        i = max(bisect_right(self.seconds, seconds) - 1, 0)
        return self.beats[i] + (seconds - self.seconds[i]) * self.bpms[i] / 60.0

    def bpm_at(self, beat: float) -> float:
        """Return the tempo at a beat, in quarter notes per minute."""
        return self.bpms[max(bisect_right(self.beats, beat) - 1, 0)]
