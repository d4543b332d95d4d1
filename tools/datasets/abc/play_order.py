"""The order in which the bars of a voice are played: repeats, endings and parts.

A repeat without a start goes back to the end of the last repeat, to the last double bar line, or to
the beginning. A section is played as often as its signs say, or as its highest ending.
Source: the ABC standard 2.1, sections 4.8 and 4.9.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.datasets.abc.voice import Bar
from muse.tools.errors import BadInputError
from muse.tools.song.meter import MAX_BARS

LONGEST_TAIL = 3  # bars by which the last ending may be longer than the first
Played = list[tuple[int, int]]  # index of a bar, and the pass through its section, from 0


def play_order(bars: Sequence[Bar], parts: Sequence[str]) -> tuple[Played, set[str]]:
    """Return the bars in the order played.

    Args:
        bars: of the voice.
        parts: labels in the order played; empty to play the bars as they stand.

    Returns:
        Index and pass of each bar, and the labels that no bar has.

    Raises:
        BadInputError: more bars than MAX_BARS.
    """
    spans = part_spans(bars)
    if not parts or not spans:
        return section_order(bars, 0, len(bars)), set()
    order: Played = []
    before = next(iter(spans.values()))[0]  # music before the first label is played first
    order += section_order(bars, 0, before)
    for label in parts:
        if label in spans:
            order += section_order(bars, *spans[label])
        if len(order) > MAX_BARS:
            raise too_many_bars()
    return order, {label for label in parts if label not in spans}


def too_many_bars() -> BadInputError:
    """Return the error for a tune that is too long to be one."""
    return BadInputError(f"its repeats make more than {MAX_BARS} bars")


def part_spans(bars: Sequence[Bar]) -> dict[str, tuple[int, int]]:
    """Return the first and last bar (exclusive) of each label, in order; the last of a label."""
    starts = [index for index, bar in enumerate(bars) if bar.label]
    ends = [*starts[1:], len(bars)][: len(starts)]
    return {bars[start].label: (start, end) for start, end in zip(starts, ends, strict=True)}


@dataclass
class Section:
    """The section that is being played.

    Attributes:
        start: its first bar.
        number: of the pass, from 1.
        is_explicit: whether it begins with a repeat sign.
        ending: first bar of the ending that is being played, if any.
    """

    start: int
    number: int = 1
    is_explicit: bool = False
    ending: int | None = None

    def begin(self, index: int) -> None:
        """Begin the next section at a bar."""
        self.start, self.number, self.is_explicit, self.ending = index, 1, False, None


def section_order(bars: Sequence[Bar], first: int, last: int) -> Played:
    """Return the order of the bars from `first` up to `last`, exclusive, with their repeats."""
    order: Played = []
    section, index = Section(first), first
    while index < last:
        bar = bars[index]
        if bar.starts and index != section.start:
            section.begin(index)
        section.is_explicit |= bar.starts > 0
        if bar.endings is not None and section.number not in bar.endings:
            index = after_ending(bars, index, last)
            if index < last and bars[index].endings is None:
                section.begin(index)
            continue
        section.ending = index if bar.endings else section.ending
        order.append((index, section.number - 1))
        if len(order) > MAX_BARS:
            raise too_many_bars()
        index = next_bar(bars, index, last, section)
    return order


def next_bar(bars: Sequence[Bar], index: int, last: int, section: Section) -> int:
    """Return the bar after `index` in the order played, and bring the section up to date."""
    bar, following = bars[index], index + 1
    if bar.ends and section.number < passes(bars, section.start, index, last):
        section.number += 1
        return section.start
    if bar.ends and (start := section_in_ending(bars, index, section)):
        section.begin(start)
        section.number = 2
        return start
    in_endings = following < last and bars[following].endings
    double = bar.is_double and not section.is_explicit
    if bar.ends or double or (bar.is_double and section.number > 1 and not in_endings):
        section.begin(following)
    return following


def section_in_ending(bars: Sequence[Bar], index: int, section: Section) -> int | None:
    """Return where a section begins that follows the last ending without any sign, if one does.

    An ending that no sign closes is taken to be as long as the first one if the next repeat is
    more than LONGEST_TAIL bars behind that.
    """
    if section.ending is None or section.number == 1:
        return None
    opening = next(i for i in range(section.start, section.ending + 1) if bars[i].endings)
    end = section.ending + after_ending(bars, opening, len(bars)) - opening
    return end if index + 1 - end > LONGEST_TAIL else None


def after_ending(bars: Sequence[Bar], index: int, last: int) -> int:
    """Return the first bar after the ending that begins at `index`."""
    index += 1
    while index < last and not (
        bars[index].endings
        or bars[index].starts
        or bars[index - 1].ends
        or bars[index - 1].is_double
    ):
        index += 1
    return index


def passes(bars: Sequence[Bar], start: int, end: int, last: int) -> int:
    """Return how often the section from `start` to `end` is played: by its signs or its endings."""
    highest = 0
    index = start
    while index < last:
        bar = bars[index]
        if index > start and bar.starts:
            break
        if bar.endings:
            highest = max(highest, *bar.endings)
        elif index > end:
            break
        if index >= end and bars[index].ends and not (index + 1 < last and bars[index + 1].endings):
            break
        index += 1
    return max(highest, bars[start].starts, bars[end].ends)
