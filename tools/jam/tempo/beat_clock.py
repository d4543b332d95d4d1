"""Beats to seconds and back, while the tempo changes.

Conventions: times are in s on the session's clock; beats are quarter notes from the first bar line
after the count-in, whose beats are negative; a tempo is in quarter notes a minute.

The map is a chain of spans of even tempo. A change begins a new span at the beat where the old one
was, so beats go on without a gap, and what lies before a change stays as it was.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from threading import Event, Lock

from muse.tools.errors import ParameterError
from muse.tools.jam.events import Span
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats
from muse.tools.song.validation import DENOMINATORS, MAX_NUMERATOR

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0
KEPT_SPANS = 512  # spans remembered; before them the oldest is taken to reach back for ever
MOST_NUDGE_BEATS = 0.25  # a phase is moved by at most this much at a time ...
NUDGE_BEATS = 2.0  # ... over this many beats, so that no beat rushes or stalls


class Conductor:
    """Says when each beat falls. Any thread may ask, and any may change the tempo.

    Attributes:
        beats_per_bar: in quarter notes.
        first_beat: of the count-in; 0 or negative.
    """

    def __init__(
        self, bpm: float, numerator: int = 4, denominator: int = 4, count_in_bars: int = 1
    ) -> None:
        """Set tempo and metre; the first beat of the count-in falls at 0 s until `start`.

        Raises:
            ParameterError: a tempo outside SLOWEST_BPM to FASTEST_BPM, or a metre or count-in
                that none is.
        """
        check_bpm(bpm)
        check_bars(numerator, denominator, count_in_bars)
        self.beats_per_bar = bar_beats(Meter(0.0, numerator, denominator))
        self.first_beat = 0.0 - count_in_bars * self.beats_per_bar
        self._lock = Lock()
        self._watchers: set[Event] = set()
        self._bpm = bpm
        self._changed_s = 0.0
        self._spans: tuple[Span, ...] = (Span(0.0, self.first_beat, bpm),)

    @property
    def bpm(self) -> float:
        """The tempo last set."""
        return self._bpm

    @property
    def spans(self) -> tuple[Span, ...]:
        """The map, oldest first; the last one goes on."""
        return self._spans

    def time_of(self, beat: float) -> float:
        """When a beat falls, in s, as far as is known now."""
        spans = self._spans
        return spans[max(bisect_right(spans, beat, key=_beat) - 1, 0)].time_of(beat)

    def beat_at(self, time_s: float) -> float:
        """The beat at a time, the inverse of `time_of`."""
        return self._span_at(time_s).beat_at(time_s)

    def bpm_at(self, time_s: float) -> float:
        """How fast beats go by at a time, a nudge included."""
        return self._span_at(time_s).bpm

    def start(self, time_s: float) -> None:
        """Have the first beat of the count-in fall at `time_s`; all changes are forgotten."""
        with self._lock:
            self._changed_s = time_s
            self._spans = (Span(time_s, self.first_beat, self._bpm),)
            self._tell()

    def set_bpm(self, bpm: float, at_time_s: float) -> None:
        """Go on in another tempo from a time on; a nudge that is under way ends.

        Args:
            bpm: the tempo.
            at_time_s: now or later; a time before the latest change counts as that change's.

        Raises:
            ParameterError: a tempo outside SLOWEST_BPM to FASTEST_BPM, a time that none is.
        """
        check_bpm(bpm)
        with self._lock:
            begin = self._begin(at_time_s)
            self._bpm = bpm
            self._go_on(Span(begin.time_s, begin.beat, bpm))

    def nudge(self, beats: float, at_time_s: float) -> float:
        """Move the phase a little, over the next NUDGE_BEATS beats; the tempo then is as before.

        Args:
            beats: by how much what is played should come earlier (later, if negative).
            at_time_s: from when on, as for `set_bpm`; a nudge that is under way ends.

        Returns:
            by how many beats it will be moved: at most MOST_NUDGE_BEATS either way.

        Raises:
            ParameterError: numbers that are not finite.
        """
        if not isfinite(beats):
            raise ParameterError(f"a nudge of {beats} beats is none; give a finite number")
        moved = min(max(beats, -MOST_NUDGE_BEATS), MOST_NUDGE_BEATS)
        with self._lock:
            begin = self._begin(at_time_s)
            hasty = Span(begin.time_s, begin.beat, self._bpm * NUDGE_BEATS / (NUDGE_BEATS - moved))
            until = begin.beat + NUDGE_BEATS
            self._go_on(hasty, Span(hasty.time_of(until), until, self._bpm))
        return moved

    @contextmanager
    def watching(self) -> Iterator[Event]:
        """An event that is set at each change of the map, and by `wake`."""
        moved = Event()
        with self._lock:
            self._watchers.add(moved)
        try:
            yield moved
        finally:
            with self._lock:
                self._watchers.discard(moved)

    def wake(self) -> None:
        """Set the events of all who watch, as a change would."""
        with self._lock:
            self._tell()

    def _span_at(self, time_s: float) -> Span:
        """The span that holds a time."""
        spans = self._spans
        return spans[max(bisect_right(spans, time_s, key=_time_s) - 1, 0)]

    def _begin(self, at_time_s: float) -> Span:
        """Where a change may begin; held to the order in which changes were asked for."""
        if not isfinite(at_time_s):
            raise ParameterError(f"{at_time_s} s is no time; give a finite number")
        time_s = self._changed_s = max(at_time_s, self._changed_s)
        return Span(time_s, self.beat_at(time_s), self._bpm)

    def _go_on(self, *spans: Span) -> None:
        """Put spans in the place of what the map had from the first one's time on."""
        kept = self._spans[: bisect_left(self._spans, spans[0].time_s, key=_time_s)]
        self._spans = (kept + spans)[-KEPT_SPANS:]
        self._tell()

    def _tell(self) -> None:
        """Set the events of all who watch."""
        for moved in self._watchers:
            moved.set()


def check_bpm(bpm: float) -> None:
    """Raise ParameterError for a tempo that cannot be conducted."""
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise ParameterError(
            f"a tempo of {bpm:g} bpm cannot be kept; give {SLOWEST_BPM:g} to {FASTEST_BPM:g}"
        )


def check_bars(numerator: int, denominator: int, count_in_bars: int) -> None:
    """Raise ParameterError for bars that cannot be counted."""
    if not 1 <= numerator <= MAX_NUMERATOR or denominator not in DENOMINATORS:
        raise ParameterError(f"{numerator}/{denominator} is no metre; give one such as 4/4")
    if count_in_bars < 0:
        raise ParameterError(f"a count-in of {count_in_bars} bars is none; give 0 or more")


def _time_s(span: Span) -> float:
    """Where a span begins, in s."""
    return span.time_s


def _beat(span: Span) -> float:
    """The beat at which a span begins."""
    return span.beat
