"""A piano roll as text: two semitones to a line in half blocks, drums in named lanes.

Conventions: a cell of the grid is (pitch, column) and holds (track, whether a note begins there).
With colors all tracks share a roll; without, each has its own.
"""

from collections.abc import Iterable, Sequence

from muse.tools.notation.drum_kit import CYMBAL, DrumPiece, lanes, piece_of
from muse.tools.song.document import Note, Song, Track
from muse.tools.song.meter import Bar, signature_text
from muse.tools.theory.pitch import OCTAVE, midi_name
from muse.tools.view.chart import METER_STYLE, SECTION_STYLE
from muse.tools.view.colors import faded, track_colors
from muse.tools.view.page import System, systems
from muse.tools.view.symbols import leadsheet_symbol, sounding
from muse.tools.view.text import DIM, STRONG, Line, Span, line, merged

LABEL_WIDTH = 7  # characters to the left of the roll
SMALLEST_RANGE = OCTAVE
UPPER, LOWER, BOTH, BAR_LINE = "▀", "▄", "█", "│"
ACCENT, GHOST = 100, 50  # lowest velocity of an accent, highest of a ghost note

Grid = dict[tuple[int, int], tuple[int, bool]]


def piano_roll(song: Song, bars: Sequence[Bar], width: int, *, color: bool) -> list[Line]:
    """Draw the roll of some bars of a song, in as many systems as needed.

    Args:
        song: its tracks, chords and sections.
        bars: to be shown, in order.
        width: characters in a line.
        color: whether the lines will be printed in colors.
    """
    lines: list[Line] = legend(song.tracks, width) if color else []
    for system in systems(bars, width - LABEL_WIDTH):
        lines += [
            *[[]] * bool(lines),
            *header_lines(song, system),
            *pitched_lines(song, bars, system, color),
        ]
        lines += drum_lines(song, bars, system, color)
    return lines


def legend(tracks: Sequence[Track], width: int) -> list[Line]:
    """Return the names of the pitched tracks in their colors, in as many lines as needed."""
    lines: list[Line] = []
    room = 0
    for track, color in zip(tracks, track_colors(tracks), strict=True):
        if track.is_drum or not track.notes:
            continue
        span = Span(f"■ {track.name or track.role}  "[:width], color)
        if len(span.text) > room:
            lines.append([])
            room = width
        lines[-1].append(span)
        room -= len(span.text)
    return lines


def header_lines(song: Song, system: System) -> list[Line]:
    """Return the lines above a system: sections, bar numbers with meters, and chord symbols."""
    start, end = system.bars[0].start, system.bars[-1].end
    numbers = [
        (system.lines[i], f"{bar.number}" + f" {signature_text(bar)}" * bar.new_meter)
        for i, bar in enumerate(system.bars)
    ]
    sections = [
        (system.column(s.beat), f"[{s.label}]") for s in song.sections if start <= s.beat < end
    ]
    chords = [
        (system.column(chord.start_beats), leadsheet_symbol(chord.symbol))
        for chord in sounding(song.chords, system.bars)
    ]
    return [
        *placed(sections, system.width, SECTION_STYLE),
        *placed(numbers, system.width, METER_STYLE),
        *placed(chords, system.width, STRONG),
    ]


def placed(texts: Iterable[tuple[int, str]], width: int, style: str) -> list[Line]:
    """Write texts at their columns, in as many lines as they need without touching."""
    rows: list[str] = []
    for column, text in texts:
        row = next((i for i, row in enumerate(rows) if len(row) < column or not row), len(rows))
        if row == len(rows):
            rows.append("")
        rows[row] = f"{rows[row]:<{column}}{text}"[:width]
    return [[Span(" " * LABEL_WIDTH), Span(row, style)] for row in rows]


def pitched_lines(song: Song, bars: Sequence[Bar], system: System, color: bool) -> list[Line]:
    """Draw the rolls of one system: one for all pitched tracks, or one for each."""
    chosen = [i for i, track in enumerate(song.tracks) if not track.is_drum]
    notes_of = {i: notes_within(song.tracks[i].notes, bars) for i in chosen}
    chosen = [i for i in chosen if notes_of[i]]
    colors = track_colors(song.tracks)
    lines: list[Line] = []
    for group in [chosen] if color else [[i] for i in chosen]:
        pitches = {note.pitch for i in group for note in notes_of[i]}
        if not pitches:
            continue
        if not color:
            lines.append(line(song.tracks[group[0]].name or song.tracks[group[0]].role))
        grid: Grid = {}
        for index in reversed(group):  # the first track lies on top
            fill_grid(grid, song.tracks[index].notes, index, system)
        lines += roll_lines(grid, range_of(pitches), system, colors, color)
    return lines


def notes_within(notes: Sequence[Note], bars: Sequence[Bar]) -> list[Note]:
    """Return the notes that sound in some bars."""
    start, end = bars[0].start, bars[-1].end
    return [n for n in notes if n.start_beats < end and n.start_beats + n.duration_beats >= start]


def range_of(pitches: Iterable[int]) -> tuple[int, int]:
    """Return the lowest and highest pitch drawn: even and odd, at least an octave apart."""
    low, high = min(pitches), max(pitches)
    missing = max(SMALLEST_RANGE - (high - low), 0) // 2
    low, high = max(low - missing, 0), min(high + missing, 127)
    return low - low % 2, high | 1


def fill_grid(grid: Grid, notes: Sequence[Note], track: int, system: System) -> None:
    """Draw the notes of one track that sound in a system."""
    begin = system.bars[0].start
    for note in sorted(notes_within(notes, system.bars), key=lambda note: note.start_beats):
        first = system.column(max(note.start_beats, begin))
        last = system.column(note.start_beats + note.duration_beats)
        last = min(max(last, first + 1), system.width - 1)
        begins = note.start_beats >= begin - 0.5 / system.per_beat
        for column in range(first, last):
            grid[note.pitch, column] = (track, begins and column == first)


def roll_lines(
    grid: Grid, pitches: tuple[int, int], system: System, colors: Sequence[str], color: bool
) -> list[Line]:
    """Draw the lines of one roll, the highest first."""
    low, high = pitches
    rows = range(high - 1, low - 1, -2)
    return [row_line(grid, pitch, system, colors, color) for pitch in rows]


def row_line(grid: Grid, pitch: int, system: System, colors: Sequence[str], color: bool) -> Line:
    """Draw the line of a pitch and the one above it; each C is labeled."""
    label = midi_name(pitch) if pitch % OCTAVE == 0 else ""
    spans = [Span(f"{label:>{LABEL_WIDTH - 1}} ", DIM)]
    bar_lines = set(system.lines)
    for column in range(system.width):
        upper, lower = grid.get((pitch + 1, column)), grid.get((pitch, column))
        if column in bar_lines:  # a note that continues is drawn across it
            upper, lower = crossing(grid, pitch + 1, column), crossing(grid, pitch, column)
        if not (upper or lower):
            empty = BAR_LINE if column in bar_lines else "·" if pitch % OCTAVE == 0 else " "
            spans.append(Span(empty, DIM))
        else:
            spans.append(block(cell(upper, colors), cell(lower, colors), color))
    return merged(spans)


def crossing(grid: Grid, pitch: int, column: int) -> tuple[int, bool] | None:
    """Return the note on a bar line: the one before it, if it continues after it."""
    before, behind = grid.get((pitch, column - 1)), grid.get((pitch, column + 1))
    if before and behind and not behind[1] and before[0] == behind[0]:
        return before[0], False
    return None


def cell(content: tuple[int, bool] | None, colors: Sequence[str]) -> str:
    """Return the color of a cell, '' for an empty one."""
    if content is None:
        return ""
    track, begins = content
    return colors[track] if begins else faded(colors[track])


def block(upper: str, lower: str, color: bool) -> Span:
    """Draw two cells, one above the other, in their colors."""
    if upper and lower and (upper == lower or not color):
        return Span(BOTH, upper)
    if upper and lower:
        return Span(UPPER, f"{upper} on {lower}")
    return Span(UPPER, upper) if upper else Span(LOWER, lower)


def drum_lines(song: Song, bars: Sequence[Bar], system: System, color: bool) -> list[Line]:
    """Draw a lane for each drum that plays in the bars shown, feet at the bottom."""
    hits = [n for track in song.tracks if track.is_drum for n in notes_within(track.notes, bars)]
    used = lanes({note.pitch for note in hits})
    if not used:
        return []
    return [[], *(lane_line(piece, hits, system) for piece in reversed(used))]


def lane_line(piece: DrumPiece, hits: Iterable[Note], system: System) -> Line:
    """Draw one drum: o for drums, x for cymbals, capitals for accents, dim for ghost notes."""
    letter = "x" if piece.head == CYMBAL else "o"
    columns = {column: Span(BAR_LINE, DIM) for column in system.lines}
    for note in hits:
        if piece_of(note.pitch) == piece and system.holds(note.start_beats):
            text = letter.upper() if note.velocity >= ACCENT else letter
            style = DIM if note.velocity <= GHOST else ""
            columns[system.column(note.start_beats)] = Span(text, style)
    label = Span(f"{piece.name:>{LABEL_WIDTH - 1}} ", DIM)
    return merged([label, *(columns.get(c, Span(" ")) for c in range(system.width))])
