"""Chord charts as text: bars in a grid, a new line for each section."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from muse.tools.song.document import Section, Song
from muse.tools.song.meter import Bar, nearest_bar, signature_text
from muse.tools.view.symbols import cell_text, chords_by_bar, sounding
from muse.tools.view.text import DIM, STRONG, Line, Span, line

BARS_IN_LINE = 4
NARROWEST_CELL = 6  # characters
NUMBER_WIDTH = 5  # characters, for the number of the first bar of a line
SECTION_STYLE = "bold yellow"
METER_STYLE = "cyan"


@dataclass(frozen=True)
class Cell:
    """One bar of the chart."""

    bar: Bar
    text: str
    label: str | None

    @property
    def meter(self) -> str:
        """The time signature with a space after it if it is new, else nothing."""
        return f"{signature_text(self.bar)} " if self.bar.new_meter else ""

    @property
    def width(self) -> int:
        """Characters of the bar."""
        return len(self.meter) + len(self.text)


def chord_chart(song: Song, bars: Sequence[Bar], width: int) -> list[Line]:
    """Write the chart of some bars of a song.

    Args:
        song: its chords and sections.
        bars: to be shown, in order.
        width: characters in a line; longer bars are cut.

    Returns:
        Lines such as `  1 | Dm9 | G13 . C7 . | % |`, the label of a section above its first bar.
    """
    cells = chart_cells(song, bars)
    widest = max([NARROWEST_CELL, *(cell.width for cell in cells)])
    fits = (width - NUMBER_WIDTH - 2) // (widest + 3)
    in_line = next((count for count in (BARS_IN_LINE, 2, 1) if count <= fits), 1)
    room = min(widest, (width - NUMBER_WIDTH - 2) // in_line - 3)
    lines: list[Line] = []
    for row in rows(cells, in_line):
        if row[0].label is not None:
            lines += [[]] * bool(lines) + [line(f"[{row[0].label}]"[:width], SECTION_STYLE)]
        lines.append(row_line(row, room))
    return lines


def chart_cells(song: Song, bars: Sequence[Bar]) -> list[Cell]:
    """Return each bar with its text; the first one names its chord even if it began earlier."""
    chords = chords_by_bar(sounding(song.chords, bars), bars)
    labels = section_labels(song.sections, bars)
    cells = []
    for index, (bar, own) in enumerate(zip(bars, chords, strict=True)):
        before = chords[index - 1] if index and index not in labels else None
        text = cell_text(own, bar, before)
        if before is None and not own.changes:
            text = own.sustained or ""
        cells.append(Cell(bar, text, labels.get(index)))
    return cells


def section_labels(sections: Sequence[Section], bars: Sequence[Bar]) -> dict[int, str]:
    """Return the label of the section that begins nearest to each bar."""
    if not bars:
        return {}
    inside = [s for s in sections if bars[0].start <= s.beat < bars[-1].end]
    return {nearest_bar(bars, section.beat): section.label for section in inside}


def rows(cells: Sequence[Cell], size: int) -> Iterator[list[Cell]]:
    """Yield the lines of the chart; each section begins a new one."""
    row: list[Cell] = []
    for cell in cells:
        if row and (len(row) == size or cell.label is not None):
            yield row
            row = []
        row.append(cell)
    if row:
        yield row


def row_line(row: Sequence[Cell], room: int) -> Line:
    """Write one line of bars."""
    spans = [Span(f"{row[0].bar.number:>{NUMBER_WIDTH - 1}} ", DIM), Span("|", DIM)]
    for cell in row:
        text = cell.text if cell.width <= room else cell.text[: room - len(cell.meter) - 1] + "…"
        spans.append(Span(f" {cell.meter}", METER_STYLE))
        spans.append(Span(f"{text:<{room - len(cell.meter)}} ", STRONG))
        spans.append(Span("|", DIM))
    return spans
