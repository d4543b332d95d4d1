"""The bars of a score at their places in the song, as they are played."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from muse.tools.datasets.musicxml_score.content import BarContent, bar_length
from muse.tools.datasets.repeats import BarMarks
from muse.tools.song.document import Meter
from muse.tools.song.meter import meter_of_length

Value = TypeVar("Value")
ZERO = Fraction(0)


@dataclass(frozen=True)
class PlayedBar:
    """A bar at its place in the song: index as written, pass, start and length."""

    index: int
    passes: int
    start: Fraction
    length: Fraction


@dataclass(frozen=True)
class Span:
    """A bar of the song: start and length in quarter notes, and its meter."""

    start: Fraction
    length: Fraction
    meter: Meter

    def is_completed_by(self, length: Fraction) -> bool:
        """Return whether a bar that is cut short becomes full with some more quarter notes."""
        return self.length < bar_length(self.meter) == self.length + length


def place_bars(
    order: Sequence[tuple[int, int]],
    lengths: Sequence[Fraction],
    meters: Sequence[Meter | None],
    continues: Sequence[bool],
) -> tuple[list[PlayedBar], list[Span]]:
    """Return the played bars at their places, and the bars of the song.

    A pickup ends on a bar line. Two parts of a bar that a repeat cuts are one bar of the song.

    Args:
        order: as `play_order` returns it.
        lengths: of the written bars, in quarter notes.
        meters: of the written bars; None for music without meter.
        continues: for each written bar, whether it may be the rest of the bar before.
    """
    played: list[PlayedBar] = []
    spans: list[Span] = []
    start = ZERO
    for index, passes in order:
        length = lengths[index]
        is_rest = bool(played) and (index != played[-1].index + 1 or continues[index])
        played.append(PlayedBar(index, passes, start, length))
        if is_rest and spans[-1].is_completed_by(length):
            spans[-1] = replace(spans[-1], length=spans[-1].length + length)
        else:
            meter = meters[index] or meter_of_length(float(length), 0.0)
            spans.append(Span(start, length, meter))
        start += length
    shift = pickup_length(spans)
    return (
        [replace(bar, start=bar.start + shift) for bar in played],
        [replace(span, start=span.start + shift) for span in spans],
    )


def pickup_length(spans: Sequence[Span]) -> Fraction:
    """Return the quarter notes before a first bar that is cut short, a pickup."""
    if len(spans) < 2:
        return ZERO
    return max(bar_length(spans[0].meter) - spans[0].length, ZERO)


def continuations(bars: Sequence[BarContent], marks: Sequence[BarMarks]) -> list[bool]:
    """Return for each bar whether it may be the rest of the bar before.

    It is if it does not count, or has the same number, or if a repeat parts the two.
    """
    return [
        i > 0
        and (
            bar.is_implicit
            or (bool(bar.number) and bar.number == bars[i - 1].number)
            or marks[i].begins_repeat
            or marks[i - 1].times > 0
        )
        for i, bar in enumerate(bars)
    ]


def placed(
    played: Sequence[PlayedBar],
    bars: Sequence[Sequence[tuple[Fraction, Value]]],
    *,
    forward: bool,
) -> list[tuple[Fraction, Value]]:
    """Return what stands in the bars at its places in the song.

    Where the playing jumps back, what is in force there begins again.

    Args:
        played: the bars as played.
        bars: for each written bar, its values and their places.
        forward: whether what is in force also begins again after a jump forward.
    """
    found: list[tuple[Fraction, Value]] = []
    in_force = list(last_values(bars))
    previous = -1
    for bar in played:
        own = bars[bar.index]
        is_jump = bar.index <= previous or (forward and bar.index > previous + 1)
        before = in_force[bar.index]
        if is_jump and before and not any(place == 0 for place, _ in own):
            found += [(bar.start, before[1])] if not found or found[-1][1] != before[1] else []
        found += [(bar.start + place, value) for place, value in own]
        previous = bar.index
    return found


def last_values(
    bars: Sequence[Sequence[tuple[Fraction, Value]]],
) -> Iterator[tuple[Fraction, Value] | None]:
    """Yield for each bar the last value before it, or None."""
    last = None
    for bar in bars:
        yield last
        last = bar[-1] if bar else last
