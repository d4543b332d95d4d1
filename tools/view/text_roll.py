"""A piano roll in letters: two semitones to a line in half blocks, drums in named lanes.

Conventions: a cell of the grid is (pitch, column) and holds (track, whether a note begins there).
With colours all tracks share a roll; without, each has its own.
"""

from collections.abc import Iterable, Sequence

from muse.tools.notation.drum_kit import CYMBAL, Piece, lanes, piece_of
from muse.tools.song.document import Note, Song, Track
from muse.tools.song.meter import Bar, signature_text
from muse.tools.theory.pitch import midi_name
from muse.tools.view.chart import METER_STYLE, SECTION_STYLE
from muse.tools.view.colors import faded, track_colours
from muse.tools.view.page import System, systems
from muse.tools.view.symbols import shown, sounding
from muse.tools.view.text import DIM, STRONG, Line, Span, line, merged

LABEL_WIDTH = 7  # letters to the left of the roll
SMALLEST_RANGE = OCTAVE = 12  # semitones
UPPER, LOWER, BOTH, BAR_LINE = "▀", "▄", "█", "│"
ACCENT, GHOST = 100, 50  # velocities from which on, and up to which, a drum is written otherwise

Grid = dict[tuple[int, int], tuple[int, bool]]


def piano_roll(song: Song, bars: Sequence[Bar], width: int, *, colour: bool) -> list[Line]:
    """The roll of some of a song's bars, in as many systems as they need.

    Args:
        song: its tracks, chords and sections.
        bars: those to show, in order; the song's other bars are left out.
        width: letters in a line.
        colour: whether the lines will be printed in colours.
    """
    lines: list[Line] = legend(song.tracks, width) if colour else []
    for system in systems(bars, width - LABEL_WIDTH):
        lines += [
            *[[]] * bool(lines),
            *over(song, system),
            *pitched_lines(song, bars, system, colour),
        ]
        lines += drum_lines(song, bars, system, colour)
    return lines


def legend(tracks: Sequence[Track], width: int) -> list[Line]:
    """The pitched tracks' names in their colours, in as many lines as they need."""
    lines: list[Line] = []
    room = 0
    for track, colour in zip(tracks, track_colours(tracks), strict=True):
        if track.is_drum or not track.notes:
            continue
        span = Span(f"■ {track.name or track.role}  "[:width], colour)
        if len(span.text) > room:
            lines.append([])
            room = width
        lines[-1].append(span)
        room -= len(span.text)
    return lines


def over(song: Song, system: System) -> list[Line]:
    """Bar numbers with sections and metres, and chord symbols."""
    start, end = system.bars[0].start, system.bars[-1].end
    numbers = [
        (system.lines[i], f"{bar.number}" + f" {signature_text(bar)}" * bar.new_meter)
        for i, bar in enumerate(system.bars)
    ]
    sections = [
        (system.column(s.beat), f"[{s.label}]") for s in song.sections if start <= s.beat < end
    ]
    chords = [
        (system.column(chord.start_beats), shown(chord.symbol))
        for chord in sounding(song.chords, system.bars)
    ]
    return [
        *placed(sections, system.width, SECTION_STYLE),
        *placed(numbers, system.width, METER_STYLE),
        *placed(chords, system.width, STRONG),
    ]


def placed(texts: Iterable[tuple[int, str]], width: int, style: str) -> list[Line]:
    """Texts at their columns, in as many lines as keep them from touching."""
    rows: list[str] = []
    for column, text in texts:
        row = next((i for i, row in enumerate(rows) if len(row) < column or not row), len(rows))
        if row == len(rows):
            rows.append("")
        rows[row] = f"{rows[row]:<{column}}{text}"[:width]
    return [[Span(" " * LABEL_WIDTH), Span(row, style)] for row in rows]


def pitched_lines(song: Song, bars: Sequence[Bar], system: System, colour: bool) -> list[Line]:
    """The rolls of one system: one of all pitched tracks, or one for each."""
    chosen = [i for i, track in enumerate(song.tracks) if not track.is_drum]
    heard = {i: notes_within(song.tracks[i].notes, bars) for i in chosen}
    chosen = [i for i in chosen if heard[i]]
    colours = track_colours(song.tracks)
    lines: list[Line] = []
    for group in [chosen] if colour else [[i] for i in chosen]:
        pitches = {note.pitch for i in group for note in heard[i]}
        if not pitches:
            continue
        if not colour:
            lines.append(line(song.tracks[group[0]].name or song.tracks[group[0]].role))
        grid: Grid = {}
        for index in reversed(group):  # the first track lies on top
            fill(grid, song.tracks[index].notes, index, system)
        lines += roll_lines(grid, range_of(pitches), system, colours, colour)
    return lines


def notes_within(notes: Sequence[Note], bars: Sequence[Bar]) -> list[Note]:
    """The notes that sound in some bars."""
    start, end = bars[0].start, bars[-1].end
    return [n for n in notes if n.start_beats < end and n.start_beats + n.duration_beats >= start]


def range_of(pitches: Iterable[int]) -> tuple[int, int]:
    """The lowest and highest pitch drawn: even, odd, and not too near to each other."""
    low, high = min(pitches), max(pitches)
    missing = max(SMALLEST_RANGE - (high - low), 0) // 2
    low, high = max(low - missing, 0), min(high + missing, 127)
    return low - low % 2, high | 1


def fill(grid: Grid, notes: Sequence[Note], track: int, system: System) -> None:
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
    grid: Grid, pitches: tuple[int, int], system: System, colours: Sequence[str], colour: bool
) -> list[Line]:
    """The lines of one roll, the highest first."""
    low, high = pitches
    rows = range(high - 1, low - 1, -2)
    return [row_line(grid, pitch, system, colours, colour) for pitch in rows]


def row_line(grid: Grid, pitch: int, system: System, colours: Sequence[str], colour: bool) -> Line:
    """The line of a pitch and the one above it; each C has its name."""
    label = midi_name(pitch) if pitch % OCTAVE == 0 else ""
    spans = [Span(f"{label:>{LABEL_WIDTH - 1}} ", DIM)]
    bar_lines = set(system.lines)
    for column in range(system.width):
        upper, lower = grid.get((pitch + 1, column)), grid.get((pitch, column))
        if column in bar_lines:  # one column, so a note that goes on is not broken by it
            upper, lower = crossing(grid, pitch + 1, column), crossing(grid, pitch, column)
        if not (upper or lower):
            empty = BAR_LINE if column in bar_lines else "·" if pitch % OCTAVE == 0 else " "
            spans.append(Span(empty, DIM))
        else:
            spans.append(block(cell(upper, colours), cell(lower, colours), colour))
    return merged(spans)


def crossing(grid: Grid, pitch: int, column: int) -> tuple[int, bool] | None:
    """What sounds over a bar line: the note before it, where it goes on behind it."""
    before, behind = grid.get((pitch, column - 1)), grid.get((pitch, column + 1))
    if before and behind and not behind[1] and before[0] == behind[0]:
        return before[0], False
    return None


def cell(content: tuple[int, bool] | None, colours: Sequence[str]) -> str:
    """The colour of a cell, '' for an empty one."""
    if content is None:
        return ""
    track, begins = content
    return colours[track] if begins else faded(colours[track])


def block(upper: str, lower: str, colour: bool) -> Span:
    """Two cells, one over the other, in their colours."""
    if upper and lower and (upper == lower or not colour):
        return Span(BOTH, upper)
    if upper and lower:
        return Span(UPPER, f"{upper} on {lower}")
    return Span(UPPER, upper) if upper else Span(LOWER, lower)


def drum_lines(song: Song, bars: Sequence[Bar], system: System, colour: bool) -> list[Line]:
    """A line for each instrument of the kit that plays in the bars shown, the feet lowest."""
    hits = [n for track in song.tracks if track.is_drum for n in notes_within(track.notes, bars)]
    used = lanes({note.pitch for note in hits})
    if not used:
        return []
    return [[], *(lane_line(piece, hits, system) for piece in reversed(used))]


def lane_line(piece: Piece, hits: Iterable[Note], system: System) -> Line:
    """One instrument: o for drums, x for cymbals, capitals for accents, faint for ghost notes."""
    letter = "x" if piece.head == CYMBAL else "o"
    columns = {column: Span(BAR_LINE, DIM) for column in system.lines}
    for note in hits:
        if piece_of(note.pitch) == piece and system.holds(note.start_beats):
            text = letter.upper() if note.velocity >= ACCENT else letter
            style = DIM if note.velocity <= GHOST else ""
            columns[system.column(note.start_beats)] = Span(text, style)
    label = Span(f"{piece.name:>{LABEL_WIDTH - 1}} ", DIM)
    return merged([label, *(columns.get(c, Span(" ")) for c in range(system.width))])
