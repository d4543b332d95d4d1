"""The metres of a score as sections that begin on bar lines.

Conventions:
    A tick is the scheme's own, `Scheme.ticks_per_beat` to a quarter note; `tpq` is the score's
    resolution, and an exact time is an integer, a tick times `tpq`.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from symusic.core import ScoreTick

from muse.tools.tokens.schemes import Scheme
from muse.tools.tokens.token_types import DEFAULT_METRE, METRES, STEPS_PER_BEAT

METRE_NUMBERS = {metre: number for number, metre in enumerate(METRES)}


@dataclass(frozen=True)
class Section:
    """A stretch of one metre.

    Attributes:
        start: of its first bar, in ticks.
        number: of the metre in `alphabet.METRES`.
        bar: length of a bar, in ticks.
        step: length of a step, in ticks.
    """

    start: int
    number: int
    bar: int
    step: int


def make_section(start: int, number: int, ticks: int) -> Section:
    """The section of a metre from a tick on, with `ticks` to a quarter note."""
    upper, lower = METRES[number]
    beat = ticks * 4 // lower
    return Section(start, number, upper * beat, max(beat // STEPS_PER_BEAT, 1))


def metre_sections(score: ScoreTick, scheme: Scheme, losses: dict[str, int]) -> list[Section]:
    """The metres of a score, each from a bar line on; 4/4 where a scheme holds none."""
    ticks = scheme.ticks_per_beat
    sections = [make_section(0, METRE_NUMBERS[DEFAULT_METRE], ticks)]
    if "metre" not in scheme.holds:
        return sections
    for change in sorted(score.time_signatures, key=lambda change: int(change.time)):
        number = METRE_NUMBERS.get((change.numerator, change.denominator))
        if number is None:
            losses["metre not in the vocabulary"] = losses.get("metre not in the vocabulary", 0) + 1
            continue
        add_section(sections, round_ticks(change.time, score, ticks), number, ticks, losses)
    return sections


def add_section(
    sections: list[Section], tick: int, number: int, ticks: int, losses: dict[str, int]
) -> None:
    """Append a change of metre at the first bar line at or after a tick."""
    last = sections[-1]
    bars = max(-((last.start - tick) // last.bar), 0)
    start = last.start + bars * last.bar
    if start != tick:
        losses["metre inside a bar"] = losses.get("metre inside a bar", 0) + 1
    if start == last.start:
        sections.pop()
    if not sections or sections[-1].number != number:
        sections.append(make_section(start, number, ticks))


def round_ticks(time: int, score: ScoreTick, ticks: int) -> int:
    """A time of the score in other ticks, halves up."""
    return (2 * int(time) * ticks + score.ticks_per_quarter) // (2 * score.ticks_per_quarter)


def section_at(sections: list[Section], tick: int) -> Section:
    """The section that a tick lies in."""
    return sections[bisect_right(sections, tick, key=lambda section: section.start) - 1]


def heard_sections(
    sections: list[Section], times: Iterable[int], tpq: int, ticks: int
) -> list[Section]:
    """The sections of a scheme that tells the metre at notes only: bars follow their first notes.

    A reader learns of a change at a note, and counts the bars up to it by the metre before; so a
    change takes place at the first bar, counted that way, whose first note has the new metre.

    Args:
        sections: as they are.
        times: exact times of the notes, rising.
        tpq: exact times to a tick.
        ticks: to a quarter note.
    """
    heard: list[Section] = []
    last = -1  # start of the last bar with a note
    for time in times:
        true = section_at(sections, time // tpq)
        now = heard[-1] if heard else make_section(0, true.number, ticks)
        heard = heard or [now]
        bar = now.start + (time // tpq - now.start) // now.bar * now.bar
        changed = make_section(bar, true.number, ticks)
        step = changed.step * tpq
        position = (2 * (time - bar * tpq) + step) // (2 * step) * changed.step
        if bar != last and true.number != now.number and position < changed.bar:
            if bar == now.start:
                heard.pop()
            heard.append(changed)
        last = bar
    return heard or sections[:1]
