"""The selection of bars, and their layout in the columns of a terminal."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from muse.tools.errors import ParameterError
from muse.tools.song.meter import Bar

# resolutions of time, the finest that fits is used; the last ones are for bars of 255/1
COLUMNS_PER_BEAT = (8, 4, 2, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32)
BARS_TOGETHER = 4  # lines hold a multiple of this many bars if possible
WANTED_BEATS = 16.0  # quarter notes in a line; the resolution is chosen for them
BAR_RANGE = re.compile(r"(\d+)?(-)?(\d+)?")


def bar_range(text: str | None, bars: Sequence[Bar]) -> list[Bar]:
    """Return the bars that "5-8", "5", "5-" or "all" selects; None selects all.

    Raises:
        ParameterError: not such a range, or none of these bars exists.
    """
    if text is None or text == "all":
        return list(bars)
    found = BAR_RANGE.fullmatch(text.strip())
    if found is None or not (found[1] or found[3]):
        raise ParameterError(f"--bars must be as 5, 5-8, 5- or all, not '{text}'")
    first = int(found[1] or 1)
    last = int(found[3]) if found[3] else len(bars) if found[2] else first
    if last < first:
        raise ParameterError(f"--bars {text}: the first bar is after the last one")
    chosen = list(bars[max(first, 1) - 1 : last])
    if not chosen:
        raise ParameterError(f"--bars {text}: the song has bars 1 to {len(bars)}")
    return chosen


@dataclass(frozen=True)
class System:
    """Bars side by side, each one column for the bar line followed by its time."""

    bars: Sequence[Bar]
    per_beat: float

    @cached_property
    def starts(self) -> list[float]:
        """Start of each bar, in quarter notes."""
        return [bar.start for bar in self.bars]

    @cached_property
    def lines(self) -> list[int]:
        """Column of each bar line, the last one included."""
        columns = [0]
        for bar in self.bars:
            columns.append(columns[-1] + 1 + bar_columns(bar, self.per_beat))
        return columns

    @property
    def width(self) -> int:
        """Total number of columns."""
        return self.lines[-1] + 1

    def holds(self, beat: float) -> bool:
        """Return whether an event at a beat is drawn in this system, by its nearest column."""
        place = round(beat * self.per_beat) / self.per_beat
        return self.bars[0].start <= place < self.bars[-1].end

    def column(self, beat: float) -> int:
        """Return the column of a beat; the end of a bar is the first column of the next one."""
        place = round(beat * self.per_beat) / self.per_beat + 1e-9
        index = min(max(bisect_right(self.starts, place) - 1, 0), len(self.bars) - 1)
        inside = round((place - self.starts[index]) * self.per_beat)
        last = bar_columns(self.bars[index], self.per_beat)
        return self.lines[index] + 1 + min(max(inside, 0), last)


def bar_columns(bar: Bar, per_beat: float) -> int:
    """Return the columns of a bar without its bar line."""
    return max(round(bar.length * per_beat), 1)


def systems(bars: Sequence[Bar], width: int) -> list[System]:
    """Lay out the bars in rows of at most `width` columns, at the finest resolution that fits."""
    wanted = wanted_bars(bars)
    per_beat = next(
        (
            each
            for each in COLUMNS_PER_BEAT
            if span(bars[:wanted], each) <= width and widest(bars, each) <= width
        ),
        COLUMNS_PER_BEAT[-1],
    )
    rows: list[list[Bar]] = []
    for bar in bars:
        if rows and span([*rows[-1], bar], per_beat) <= width:
            rows[-1].append(bar)
        else:
            rows.append([bar])
    return [System(row, per_beat) for row in even_rows(rows, width, per_beat)]


def widest(bars: Iterable[Bar], per_beat: float) -> int:
    """Return the columns of the longest bar by itself."""
    return max(span([bar], per_beat) for bar in bars)


def wanted_bars(bars: Sequence[Bar]) -> int:
    """Return how many bars should be side by side: about WANTED_BEATS, at least BARS_TOGETHER."""
    within = sum(bar.end - bars[0].start <= WANTED_BEATS for bar in bars)
    return max(within - within % BARS_TOGETHER, BARS_TOGETHER)


def even_rows(rows: Sequence[Sequence[Bar]], width: int, per_beat: float) -> list[Sequence[Bar]]:
    """Return rows with a multiple of BARS_TOGETHER bars, if all of them fit."""
    size = len(rows[0]) if rows else 0
    size = size - size % BARS_TOGETHER if size >= BARS_TOGETHER else 0
    bars = [bar for row in rows for bar in row]
    even = [bars[i : i + size] for i in range(0, len(bars), size)] if size else []
    fits = size and all(span(row, per_beat) <= width for row in even)
    return list(even if fits else rows)


def span(bars: Iterable[Bar], per_beat: float) -> int:
    """Return the columns of bars with their bar lines."""
    return sum(bar_columns(bar, per_beat) + 1 for bar in bars) + 1
