"""Converts between beats and seconds while the tempo changes.

The tempo map is a chain of spans of constant tempo. A change begins a new span on the beat that is
reached at that time, so beats go on without a gap and the past stays as it was.

Conventions: times are in s on the session's clock; beats are quarter notes from the first bar line
after the count-in, whose beats are negative; tempos are in quarter notes per minute.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from threading import Event, Lock

from muse.tools.errors import ParameterError
from muse.tools.jam.clock import Clock
from muse.tools.jam.events import TempoSpan
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats
from muse.tools.song.tempo_map import FASTEST_BPM, SLOWEST_BPM
from muse.tools.song.validation import DENOMINATORS, MAX_NUMERATOR

MAX_SPANS = 512  # spans that are stored; the oldest of them extends back without limit
MAX_NUDGE_BEATS = 0.25  # the most by which a nudge moves the beats ...
NUDGE_BEATS = 2.0  # ... spread over this many beats, so that none is much shorter or longer


class BeatClock:
    """The time of each beat. Any thread may read it or change the tempo.

    Attributes:
        beats_per_bar: in quarter notes.
        first_beat: of the count-in; 0 or negative.
    """

    def __init__(
        self, bpm: float, numerator: int = 4, denominator: int = 4, count_in_bars: int = 1
    ) -> None:
        """Set tempo and meter; until `start`, the first beat of the count-in falls at 0 s.

        Raises:
            ParameterError: the tempo is outside SLOWEST_BPM to FASTEST_BPM, or the meter or the
                count-in is invalid.
        """
        check_bpm(bpm)
        check_bars(numerator, denominator, count_in_bars)
        self.beats_per_bar = bar_beats(Meter(0.0, numerator, denominator))
        self.first_beat = 0.0 - count_in_bars * self.beats_per_bar
        self._lock = Lock()
        self._watchers: set[Event] = set()
        self._bpm = bpm
        self._changed_s = 0.0
        self._spans: tuple[TempoSpan, ...] = (TempoSpan(0.0, self.first_beat, bpm),)

    @property
    def bpm(self) -> float:
        """The tempo that was set last."""
        return self._bpm

    @property
    def spans(self) -> tuple[TempoSpan, ...]:
        """The tempo map, oldest span first; the last one has no end."""
        return self._spans

    def time_of(self, beat: float) -> float:
        """Return the time of a beat in s, by the tempo map as it is now."""
        spans = self._spans
        return spans[max(bisect_right(spans, beat, key=_beat) - 1, 0)].time_of(beat)

    def beat_at(self, time_s: float) -> float:
        """Return the beat at a time, the inverse of `time_of`."""
        return self._span_at(time_s).beat_at(time_s)

    def bpm_at(self, time_s: float) -> float:
        """Return the tempo at a time, a nudge included."""
        return self._span_at(time_s).bpm

    def start(self, time_s: float) -> None:
        """Set the time of the first beat of the count-in, and drop all tempo changes."""
        with self._lock:
            self._changed_s = time_s
            self._spans = (TempoSpan(time_s, self.first_beat, self._bpm),)
            self._notify()

    def set_bpm(self, bpm: float, at_time_s: float) -> None:
        """Change the tempo from a time on; ends a nudge that is under way.

        Args:
            bpm: the new tempo.
            at_time_s: now or later; a time before the latest change takes that change's time.

        Raises:
            ParameterError: the tempo is outside SLOWEST_BPM to FASTEST_BPM, or the time not finite.
        """
        check_bpm(bpm)
        with self._lock:
            begin = self._change_at(at_time_s)
            self._bpm = bpm
            self._replace_from(TempoSpan(begin.time_s, begin.beat, bpm))

    def nudge(self, beats: float, at_time_s: float) -> float:
        """Shift the beats a little, over the next NUDGE_BEATS beats, then restore the tempo.

        Args:
            beats: by how much the beats come earlier (later, if negative).
            at_time_s: from when on, as in `set_bpm`; ends a nudge that is under way.

        Returns:
            the shift that is applied, in beats: at most MAX_NUDGE_BEATS either way.

        Raises:
            ParameterError: a number is not finite.
        """
        if not isfinite(beats):
            raise ParameterError(f"a nudge of {beats} beats is not possible; give a finite number")
        moved = min(max(beats, -MAX_NUDGE_BEATS), MAX_NUDGE_BEATS)
        with self._lock:
            begin = self._change_at(at_time_s)
            nudged = TempoSpan(
                begin.time_s, begin.beat, self._bpm * NUDGE_BEATS / (NUDGE_BEATS - moved)
            )
            until = begin.beat + NUDGE_BEATS
            self._replace_from(nudged, TempoSpan(nudged.time_of(until), until, self._bpm))
        return moved

    @contextmanager
    def watching(self) -> Iterator[Event]:
        """Yield an event that is set at each change of the tempo map, and by `wake`."""
        moved = Event()
        with self._lock:
            self._watchers.add(moved)
        try:
            yield moved
        finally:
            with self._lock:
                self._watchers.discard(moved)

    def wake(self) -> None:
        """Set all events of `watching`, as a change would."""
        with self._lock:
            self._notify()

    def _span_at(self, time_s: float) -> TempoSpan:
        """Return the span that contains a time."""
        spans = self._spans
        return spans[max(bisect_right(spans, time_s, key=_time_s) - 1, 0)]

    def _change_at(self, at_time_s: float) -> TempoSpan:
        """Return time and beat of a change, not before the changes made earlier."""
        if not isfinite(at_time_s):
            raise ParameterError(f"{at_time_s} s is not a valid time; give a finite number")
        time_s = self._changed_s = max(at_time_s, self._changed_s)
        return TempoSpan(time_s, self.beat_at(time_s), self._bpm)

    def _replace_from(self, *spans: TempoSpan) -> None:
        """Replace the tempo map from the first span's time on."""
        before = self._spans[: bisect_left(self._spans, spans[0].time_s, key=_time_s)]
        self._spans = (before + spans)[-MAX_SPANS:]
        self._notify()

    def _notify(self) -> None:
        """Set all events of `watching`."""
        for moved in self._watchers:
            moved.set()


def wait_for_beat(
    clock: Clock, beat_clock: BeatClock, beat: float, stop: Event, lead_s: float = 0.0
) -> bool:
    """Wait until `lead_s` before a beat, also while tempo changes move the beat.

    Args:
        clock: to wait on.
        beat_clock: gives the beat's time.
        beat: in quarter notes.
        stop: ends the wait immediately; the thread that sets it must also call `beat_clock.wake()`.
        lead_s: how long before the beat to return.

    Returns:
        True when the beat is due, False where the wait was stopped.
    """
    with beat_clock.watching() as moved:
        while True:
            moved.clear()  # before the map is read, so that no change is missed
            if stop.is_set():
                return False
            if clock.wait_until(beat_clock.time_of(beat) - lead_s, moved):
                return True


def check_bpm(bpm: float) -> None:
    """Raise ParameterError for a tempo outside SLOWEST_BPM to FASTEST_BPM."""
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise ParameterError(
            f"a tempo of {bpm:g} bpm is out of range; give {SLOWEST_BPM:g} to {FASTEST_BPM:g}"
        )


def check_bars(numerator: int, denominator: int, count_in_bars: int) -> None:
    """Raise ParameterError for an invalid meter or a negative count-in."""
    if not 1 <= numerator <= MAX_NUMERATOR or denominator not in DENOMINATORS:
        raise ParameterError(f"{numerator}/{denominator} is not a meter; give one such as 4/4")
    if count_in_bars < 0:
        raise ParameterError(f"a count-in of {count_in_bars} bars is not possible; give 0 or more")


def _time_s(span: TempoSpan) -> float:
    """Return the time at which a span begins, in s."""
    return span.time_s


def _beat(span: TempoSpan) -> float:
    """Return the beat on which a span begins."""
    return span.beat
