"""Meters of a score as sections that begin on bar lines.

Conventions: a tick is `1 / Scheme.ticks_per_beat` of a quarter note; `tpq` is the score's
resolution; an exact time is an integer, ticks times `tpq`.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from symusic.core import ScoreTick

from muse.tools.tokens.scheme import Scheme
from muse.tools.tokens.token_types import DEFAULT_METER, METERS, STEPS_PER_BEAT

METER_NUMBERS = {meter: number for number, meter in enumerate(METERS)}


@dataclass(frozen=True)
class MeterSection:
    """A passage in one meter.

    Attributes:
        start: of its first bar, in ticks.
        number: of the meter in `token_types.METERS`.
        bar: length of a bar, in ticks.
        step: length of a step, in ticks.
    """

    start: int
    number: int
    bar: int
    step: int


def make_section(start: int, number: int, ticks: int) -> MeterSection:
    """Return the section of a meter from a tick on, with `ticks` per quarter note."""
    upper, lower = METERS[number]
    beat = ticks * 4 // lower
    return MeterSection(start, number, upper * beat, max(beat // STEPS_PER_BEAT, 1))


def meter_sections(score: ScoreTick, scheme: Scheme, losses: dict[str, int]) -> list[MeterSection]:
    """Return the meters of a score, each from a bar line on; 4/4 for a scheme without meters."""
    ticks = scheme.ticks_per_beat
    sections = [make_section(0, METER_NUMBERS[DEFAULT_METER], ticks)]
    if "meter" not in scheme.features:
        return sections
    for change in sorted(score.time_signatures, key=lambda change: int(change.time)):
        number = METER_NUMBERS.get((change.numerator, change.denominator))
        if number is None:
            losses["meter not in the vocabulary"] = losses.get("meter not in the vocabulary", 0) + 1
            continue
        add_section(sections, round_ticks(change.time, score, ticks), number, ticks, losses)
    return sections


def add_section(
    sections: list[MeterSection], tick: int, number: int, ticks: int, losses: dict[str, int]
) -> None:
    """Append a change of meter at the first bar line at or after a tick."""
    last = sections[-1]
    bars = max(-((last.start - tick) // last.bar), 0)
    start = last.start + bars * last.bar
    if start != tick:
        losses["meter inside a bar"] = losses.get("meter inside a bar", 0) + 1
    if start == last.start:
        sections.pop()
    if not sections or sections[-1].number != number:
        sections.append(make_section(start, number, ticks))


def round_ticks(time: int, score: ScoreTick, ticks: int) -> int:
    """Convert a time of the score to other ticks, rounding halves up."""
    return (2 * int(time) * ticks + score.ticks_per_quarter) // (2 * score.ticks_per_quarter)


def section_at(sections: list[MeterSection], tick: int) -> MeterSection:
    """Return the section of a tick."""
    return sections[bisect_right(sections, tick, key=lambda section: section.start) - 1]


def sections_at_notes(
    sections: list[MeterSection], times: Iterable[int], tpq: int, ticks: int
) -> list[MeterSection]:
    """Return the sections that a scheme can represent if it writes the meter only at notes.

    A decoder reads a change of meter at a note, and counts the bars before it in the previous
    meter. A change therefore takes effect at the first bar, counted in this way, whose first note
    has the new meter.

    Args:
        sections: meters of the score.
        times: exact times of the notes, ascending.
        tpq: exact times per tick.
        ticks: per quarter note.
    """
    written: list[MeterSection] = []
    last = -1  # start of the last bar with a note
    for time in times:
        true = section_at(sections, time // tpq)
        now = written[-1] if written else make_section(0, true.number, ticks)
        written = written or [now]
        bar = now.start + (time // tpq - now.start) // now.bar * now.bar
        changed = make_section(bar, true.number, ticks)
        step = changed.step * tpq
        position = (2 * (time - bar * tpq) + step) // (2 * step) * changed.step
        if bar != last and true.number != now.number and position < changed.bar:
            if bar == now.start:
                written.pop()
            written.append(changed)
        last = bar
    return written or sections[:1]
