"""The counted steps of a session: one decision and one stretch of accompaniment each.

A step is what a player counts: a quarter note in 4/4, a half note in 2/2, a dotted quarter in 12/8,
a group of two or three eighths in 7/8. The harmony models work in steps, so that 12/8 is to them a
bar of four beats with triplets, and 7/8 a bar of three. The time signature may change on any beat;
a bar that the change cuts short has only the steps that fit.

Conventions: beats are quarter notes from the first bar line, steps are numbered from 0 there, bars
from 0; all are negative in the count-in, which is in the first meter.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, permutations
from math import floor

from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Note
from muse.tools.song.meter import (
    COMMON_TIME,
    COUNTED_DENOMINATOR,
    TOUCH,
    beat_groups,
    meter_changes,
    parse_meter,
    pulse_beats,
)

LARGEST_GROUP = 3  # units that are counted as one
MOST_GROUPS = 6  # of a bar whose order is taken from a melody
CLEARLY_BETTER = 1.15  # ratio of weights from which other groups than the usual ones are chosen
SHORTEST_STEP = 0.2  # quarter notes; a shorter rest of a bar is added to the step before


@dataclass(frozen=True)
class GroupedMeter:
    """A time signature with the groups that its units are counted in.

    Attributes:
        meter: the signature, and the beat from which it holds.
        groups: number of units in each group, for example (2, 2, 3) for 7/8.
    """

    meter: Meter
    groups: tuple[int, ...]

    @property
    def step_beats(self) -> tuple[float, ...]:
        """Length of each group in quarter notes."""
        return tuple(count * 4.0 / self.meter.denominator for count in self.groups)


@dataclass(frozen=True)
class Step:
    """A counted step.

    Attributes:
        number: of the step.
        beat, length: in quarter notes.
        bar: number of its bar.
        place: in the bar, from 0.
        bar_steps: lengths of all steps of the bar, in quarter notes.
        grouped: the meter in force.
    """

    number: int
    beat: float
    length: float
    bar: int
    place: int
    bar_steps: tuple[float, ...]
    grouped: GroupedMeter

    @property
    def meter(self) -> Meter:
        """The time signature in force."""
        return self.grouped.meter

    @property
    def end(self) -> float:
        """Beat on which the next step begins."""
        return self.beat + self.length

    @property
    def bar_end(self) -> float:
        """Beat of the next bar line."""
        return self.beat + sum(self.bar_steps[self.place :])

    @property
    def is_bar_line(self) -> bool:
        """Whether a bar begins with the step."""
        return self.place == 0

    @property
    def is_half_bar(self) -> bool:
        """Whether the second half of a bar of equal steps begins with the step."""
        return self.place > 0 and self.place * 2 == len(self.bar_steps)

    @property
    def is_uneven(self) -> bool:
        """Whether the meter mixes groups of two and three."""
        return len(set(self.grouped.groups)) > 1


@dataclass(frozen=True)
class Span:
    """Bars of one kind.

    Attributes:
        beat, step, bar: of its beginning.
        starts: of the steps in a bar, in quarter notes from its bar line.
        lengths: of the steps in a bar, in quarter notes.
        grouped: the meter.
    """

    beat: float
    step: int
    bar: int
    starts: tuple[float, ...]
    lengths: tuple[float, ...]
    grouped: GroupedMeter

    def at(self, number: int) -> Step:
        """Return a step by its number."""
        bar, place = divmod(number - self.step, len(self.starts))
        beat = self.beat + bar * sum(self.lengths) + self.starts[place]
        return Step(
            number, beat, self.lengths[place], self.bar + bar, place, self.lengths, self.grouped
        )


class StepGrid:
    """All steps of a session; the last meter has no end."""

    def __init__(self, meters: Sequence[GroupedMeter]) -> None:
        """Lay out the bars of meters in order, at least one, the first of which is for beat 0."""
        self.meters = tuple(meters)
        self._spans: list[Span] = []
        self._step_starts: list[int] = []
        self._beat_starts: list[float] = []
        self._bar_starts: list[int] = []
        following = [*(each.meter.beat for each in meters[1:]), None]
        for grouped, end in zip(meters, following, strict=True):
            self._add_bars(grouped, end)
        self._step_starts = [span.step for span in self._spans]
        self._beat_starts = [span.beat for span in self._spans]
        self._bar_starts = [span.bar for span in self._spans]

    def step(self, number: int) -> Step:
        """Return a step by its number."""
        return self._span(number, self._step_starts).at(number)

    def bar_line(self, bar: int) -> Step:
        """Return the first step of a bar, by the number of the bar."""
        span = self._spans[max(bisect_right(self._bar_starts, bar) - 1, 0)]
        return span.at(span.step + (bar - span.bar) * len(span.starts))

    def step_of(self, beat: float) -> Step:
        """Return the step that a beat lies in."""
        return self.step(floor(self.position_at(beat) + 1e-9))

    def position_at(self, beat: float) -> float:
        """Return a beat's position in steps; within a step it grows evenly."""
        span = self._span(beat, self._beat_starts)
        bar, rest = divmod(beat - span.beat, sum(span.lengths))
        place = max(bisect_right(span.starts, rest) - 1, 0)
        steps = bar * len(span.starts) + place
        return span.step + steps + (rest - span.starts[place]) / span.lengths[place]

    def beat_of(self, position: float) -> float:
        """Return the beat at a position in steps, the inverse of `position_at`."""
        step = self.step(floor(position))
        return step.beat + (position - step.number) * step.length

    def meter_of(self, beat: float) -> Meter:
        """Return the time signature in force on a beat."""
        return self.step_of(beat).meter

    def _span(self, value: float, starts: Sequence[float]) -> Span:
        """Return the span that a value lies in; the first one extends back without limit."""
        return self._spans[max(bisect_right(starts, value + 1e-9) - 1, 0)]

    def _add_bars(self, grouped: GroupedMeter, end: float | None) -> None:
        """Add the bars of a meter up to the next one, the last of them cut where it begins."""
        lengths, beat, step, bar = grouped.step_beats, 0.0, 0, 0
        if self._spans:
            last, beat = self._spans[-1], grouped.meter.beat
            bars = max(round((beat - last.beat) / sum(last.lengths)), 1)
            step, bar = last.step + bars * len(last.lengths), last.bar + bars
        self._add_span(grouped, lengths, beat, step, bar)
        whole = sum(lengths)
        full = 0 if end is None else floor((end - beat) / whole + 1e-6)
        rest = 0.0 if end is None else end - beat - full * whole
        if rest >= SHORTEST_STEP:
            if not full:
                self._spans.pop()
            beat, step, bar = beat + full * whole, step + full * len(lengths), bar + full
            self._add_span(grouped, cut_steps(lengths, rest), beat, step, bar)

    def _add_span(
        self, grouped: GroupedMeter, lengths: tuple[float, ...], beat: float, step: int, bar: int
    ) -> None:
        """Add a span."""
        starts = tuple(accumulate(lengths[:-1], initial=0.0))
        self._spans.append(Span(beat, step, bar, starts, lengths, grouped))


def cut_steps(lengths: Sequence[float], rest: float) -> tuple[float, ...]:
    """Return the steps of a bar that lasts only `rest` quarter notes."""
    kept: list[float] = []
    for length in lengths:
        if rest < SHORTEST_STEP:
            break
        kept.append(min(length, rest))
        rest -= kept[-1]
    kept[-1] += rest
    return tuple(kept)


def group_meters(meters: Sequence[Meter], bpm: float | None = None) -> tuple[GroupedMeter, ...]:
    """Return the meters of a song in order from beat 0 on, with the usual groups.

    Args:
        meters: as in a Song; a signature shorter than a step is left out.
        bpm: tempo in quarter notes per minute, if known; it decides how 3/8 is counted.
    """
    changes = meter_changes(meters)
    ends = [*(meter.beat for meter in changes[1:]), float("inf")]
    kept = [m for m, end in zip(changes, ends, strict=True) if end - m.beat >= SHORTEST_STEP]
    return tuple(GroupedMeter(meter, beat_groups(meter, bpm)) for meter in kept)


class StepMeter(Meter, frozen=True):
    """The bars of a session as the harmony models read them: a step is a quarter note.

    Attributes:
        numerator: number of steps in the current bar.
        grid: tells where each bar begins.
    """

    grid: StepGrid

    def step(self, number: int) -> Step:
        """Return a step by its number."""
        return self.grid.step(number)


def counted_beats(meter: Meter) -> float:
    """Return the length of the beat that --bpm counts, in quarter notes: a half note in 2/2."""
    if meter.denominator < COUNTED_DENOMINATOR:
        return 4.0 / meter.denominator
    return pulse_beats(meter)


def step_meter(grid: StepGrid, number: int = 0) -> StepMeter:
    """Return the bars of a grid for the harmony models, at one of its steps."""
    return StepMeter(0.0, len(grid.step(number).bar_steps), 4, grid)


COMMON_METERS = group_meters([COMMON_TIME])


def parse_grouped_meter(text: str, bpm: float | None = None) -> GroupedMeter:
    """Read a time signature such as "7/8", or with its groups "3+2+2/8".

    Args:
        text: the signature.
        bpm: tempo in quarter notes per minute, if known; it decides how 3/8 is counted.

    Raises:
        BadInputError: not a time signature.
    """
    above, slash, below = text.strip().partition("/")
    parts = above.split("+")
    if not all(part.isdecimal() for part in parts):
        raise BadInputError(f"'{text}' is not a time signature, such as 4/4, 7/8 or 3+2+2/8")
    meter = parse_meter(f"{sum(map(int, parts))}{slash}{below}")
    groups = beat_groups(meter, bpm)
    if len(parts) > 1 and meter.denominator > COUNTED_DENOMINATOR:
        groups = tuple(count for part in parts for count in split_group(int(part)))
    return GroupedMeter(meter, groups)


def split_group(units: int) -> tuple[int, ...]:
    """Return a group as groups of at most three units: 4 is counted as 2 + 2."""
    if units <= LARGEST_GROUP:
        return (units,)
    return beat_groups(Meter(0.0, units, 8)) if units % 2 else (2,) * (units // 2)


def grouped_as_played(
    meters: Sequence[GroupedMeter], notes: Sequence[Note]
) -> tuple[GroupedMeter, ...]:
    """Return the meters with the groups that a melody suggests, for example (3, 2, 2) for 7/8.

    Groups begin where long and loud notes begin. The usual groups stay unless others fit clearly
    better.
    """
    ends = [*(each.meter.beat for each in meters[1:]), float("inf")]
    return tuple(
        each
        if len(set(each.groups)) == 1 or len(each.groups) > MOST_GROUPS
        else best_groups(each, end, notes)
        for each, end in zip(meters, ends, strict=True)
    )


def best_groups(grouped: GroupedMeter, end: float, notes: Sequence[Note]) -> GroupedMeter:
    """Return a meter with the groups on whose beginnings the most weight of a melody falls."""
    unit, units = 4.0 / grouped.meter.denominator, grouped.meter.numerator
    weights = [0.0] * units
    for note in notes:
        if grouped.meter.beat - TOUCH <= note.start_beats < end - TOUCH:
            place = round((note.start_beats - grouped.meter.beat) / unit) % units
            weights[place] += min(note.duration_beats / unit, LARGEST_GROUP) * note.velocity

    def fit(groups: tuple[int, ...]) -> float:
        return sum(weights[start] for start in accumulate(groups[:-1]))

    best = max(sorted(set(permutations(grouped.groups))), key=fit)
    is_clear = fit(best) > CLEARLY_BETTER * fit(grouped.groups)
    return GroupedMeter(grouped.meter, best) if is_clear else grouped
