"""Reader of iReal Pro links, `irealb://` and `irealbook://`, alone or in an exported HTML playlist.

Conventions:
    A song is Title=Composer=...=Style=Key=...=Music. The music of `irealb://` is scrambled: in each
    block of 50 characters some change places, and three groups of characters are abbreviated.
    A bar is a row of cells; a chord, a space, `p` and `n` take one cell each. In a bar of four
    cells, in up to four beats, each cell is a beat; other numbers of cells are spread evenly.
    Repeats, endings, D.C., D.S. and codas are played out, the form once. Alternate chords, which
    stand in brackets above a chord, are left out.
Source: irealpro.com, "iReal Pro Custom Chord Chart Protocol"; the scrambling as published by the
projects accompaniser and ireal-reader.
"""

import html
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from muse.tools.datasets.bar_lines import HOLD, REPEAT, REPEAT_TWO, take_words
from muse.tools.datasets.chart_fields import NUMBER_RANGES
from muse.tools.datasets.chart_layout import WrittenBar, song_from_bars
from muse.tools.datasets.chart_symbols import ChartSymbols
from muse.tools.datasets.roadmaps import RoadMarks
from muse.tools.datasets.text_lines import NamedSongs, decoded, title_id
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song

LINK = re.compile(
    r"""href\s*=\s*(?:"(?P<double>ireal[^"]+)"|'(?P<single>ireal[^']+)')"""
    r"""|(?P<bare>ireal(?:b|book)://[^"\n]+)""",
    re.IGNORECASE,
)
SCHEME = re.compile(r"ireal(b|book)://")
SCRAMBLED = "1r34LbKcu7"  # before the music of an `irealb://` song
BLOCK = 50  # characters
EXCHANGED = (*range(5), *range(10, 24))  # places that change with those from the end of a block
ABBREVIATIONS = {"Kcl": "| x", "LZ": " |", "XyQ": "   "}
PLAIN_FIELDS = 6  # of a song of an `irealbook://` link
SONG_END = "==="
METERS = {"12": "12/8", "42": "4/2"}  # T12; other numbers are numerator and denominator
SECTIONS = {"i": "intro", "V": "verse"}
TIMES = re.compile(r"(\d)\s*x", re.IGNORECASE)
CUT_NOTE = "no final bar line; the link may be cut off"
ALTERNATE_NOTE = "alternate chords in brackets are left out"

TOKEN = re.compile(
    r"(?P<comment><[^>]*>)"
    r"|(?P<chord>[A-GW][b#]?(?:\*[^*\s|\[\]{}]{1,12}\*|(?:sus|add\d|alt|[+\-^\dhob#])*)(?:/[A-G][b#]?)?)"
    r"|(?P<alternate>\([^)]*\))"
    r"|T(?P<meter>\d\d)|\*(?P<section>[a-zA-Z])|N(?P<ending>\d)"
    r"|(?P<line>[|\[\]{}Z])|(?P<sign>[xrnpSQ ])|[sYfUl,]|."
)


@dataclass
class Cells:
    """The bar being read: a sign per cell, and what belongs to the bar."""

    signs: list[str] = field(default_factory=list)
    marks: RoadMarks = field(default_factory=RoadMarks)
    label: str = ""

    @property
    def has_chords(self) -> bool:
        """Whether a cell holds anything but blanks."""
        return any(sign != HOLD for sign in self.signs)


@dataclass
class MusicReader:
    """Reader of the music of one song."""

    fields: dict[str, str]
    bars: list[WrittenBar] = field(default_factory=list)
    cells: Cells = field(default_factory=Cells)
    is_open: bool = False
    chord: str = ""
    notes: set[str] = field(default_factory=set)


def looks_like_ireal(head: bytes) -> bool:
    """Return whether a file holds iReal Pro links."""
    return b"irealb://" in head or b"irealbook://" in head


def read_ireal(data: bytes, name: str) -> NamedSongs:
    """Read the songs of all links of a file; a song that cannot be read is named and left out.

    Raises:
        BadInputError: no song can be read.
    """
    songs: NamedSongs = []
    problem = "no song in its links"
    for title, fields, music in songs_of_links(decoded(data, name)):
        try:
            song, notes = read_music(music, fields)
        except BadInputError as error:
            problem = f"'{title}': {error}"
            log.warning("%s: left out %s", name, problem)
            continue
        if notes:
            log.info("%s (%s): %s", name, title, notes)
        taken = {name for name, _ in songs}
        songs.append((title_id(title, taken), song))
    if not songs:
        raise BadInputError(f"{name}: {problem}")
    return songs if len(songs) > 1 else [("", songs[0][1])]


log = logging.getLogger("muse")


def songs_of_links(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield title, fields (key and tempo) and unscrambled music of each song."""
    for found in LINK.finditer(text):
        link = unquote(html.unescape(next(filter(None, found.groups()))))
        scheme = SCHEME.match(link)
        if scheme is None:
            continue
        body = link[scheme.end() :].strip()
        yield from (scrambled_songs if scheme[1] == "b" else plain_songs)(body)


def scrambled_songs(body: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the songs of an `irealb://` link, found by the mark before their music."""
    parts = body.split("=")
    for index, part in enumerate(parts):
        if part.startswith(SCRAMBLED) and index >= PLAIN_FIELDS:
            tempo = parts[index + 2] if index + 2 < len(parts) else ""
            music = unscrambled(part.removeprefix(SCRAMBLED))
            yield parts[index - 6].strip(), song_fields(parts[index - 2], tempo), music


def plain_songs(body: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the songs of an `irealbook://` link."""
    for song in body.split(SONG_END):
        parts = song.split("=")
        for start in range(0, len(parts) - PLAIN_FIELDS + 1, PLAIN_FIELDS):
            title, _, _, key, _, music = parts[start : start + PLAIN_FIELDS]
            yield title.strip(), song_fields(key, ""), music


def song_fields(key: str, tempo: str) -> dict[str, str]:
    """Return the fields of a chart that a song states; a tempo of 0 is the style's own."""
    fields = {"key": key.strip()} if key.strip() else {}
    low, high = NUMBER_RANGES["tempo"]
    if tempo.isdecimal() and low <= int(tempo) <= high:
        fields["tempo"] = tempo
    return fields


def unscrambled(text: str) -> str:
    """Return scrambled music in its plain form."""
    blocks = []
    while len(text) > BLOCK:
        block, text = text[:BLOCK], text[BLOCK:]
        blocks.append(exchanged(block) if len(text) > 1 else block)
    plain = "".join(blocks) + text
    for short, long in ABBREVIATIONS.items():
        plain = plain.replace(short, long)
    return plain


def exchanged(block: str) -> str:
    """Exchange the characters of a block that the scrambling exchanges; undoes itself."""
    letters = list(block)
    for place in EXCHANGED:
        letters[place], letters[-1 - place] = letters[-1 - place], letters[place]
    return "".join(letters)


def read_music(music: str, fields: dict[str, str]) -> tuple[Song, str]:
    """Return the Song of plain music, and a text of what was decided.

    Raises:
        BadInputError: no bars, or a chord cannot be read; the message gives its bar.
    """
    reader = MusicReader(dict(fields))
    for found in TOKEN.finditer(music):
        if found.lastgroup is not None:
            TAKE[found.lastgroup](reader, found[found.lastgroup])
    if reader.is_open:
        reader.notes.add(CUT_NOTE)
    close_bar(reader, "Z")
    if not any(bar.signs != [HOLD] for bar in reader.bars):
        raise BadInputError("it has no bars")
    symbols = ChartSymbols()
    symbols.notes.update(dict.fromkeys(reader.notes))
    return song_from_bars(reader.bars, symbols), symbols.message()


def take_comment(reader: MusicReader, text: str) -> None:
    """Read D.C., D.S., Fine and the number of times of a repeat from a comment."""
    marks = reader.cells.marks if reader.cells.signs or not reader.bars else reader.bars[-1].marks
    words = re.sub(r"^\*\d\d", "", text[1:-1])
    take_words(words, marks)
    if (times := TIMES.search(words)) and reader.is_open:
        reader.cells.marks.repeats = int(times[1])


def take_chord(reader: MusicReader, text: str) -> None:
    """Add a chord; W stands for the root and quality of the chord before."""
    root, _, bass = text.partition("/")
    if root == "W":
        root = reader.chord
        text = f"{root}/{bass}" if bass and root else ""
    reader.chord = root
    reader.cells.signs.append(text.replace("*", "") if text else HOLD)


def take_line(reader: MusicReader, line: str) -> None:
    """Close the bar at a bar line and begin the next."""
    close_bar(reader, line)
    reader.is_open = line in "|[{"
    reader.cells.marks.starts_repeat |= line == "{"


def close_bar(reader: MusicReader, line: str) -> None:
    """Add the bar of the cells read so far; blanks outside bars fill up a row of the page."""
    cells = reader.cells
    follows_two = bool(reader.bars) and reader.bars[-1].signs == [REPEAT_TWO]
    is_bar = cells.has_chords or (reader.is_open and cells.signs and line in "|}]Z")
    if is_bar and not (follows_two and not cells.has_chords) and (cells.has_chords or reader.bars):
        signs, places = signs_of_cells(cells.signs, reader.fields)
        where = f"bar {len(reader.bars) + 1}"
        bar = WrittenBar(signs, where, cells.marks, cells.label, dict(reader.fields), places)
        reader.bars.append(bar)
        reader.cells = Cells()
    elif cells.signs:
        cells.signs.clear()
    if line == "}" and reader.bars:
        reader.bars[-1].marks.repeats = max(reader.bars[-1].marks.repeats, 2)


def signs_of_cells(
    cells: list[str], fields: dict[str, str]
) -> tuple[list[str], list[float] | None]:
    """Return the signs of a bar and their places as shares of its length."""
    if REPEAT in cells or REPEAT_TWO in cells:
        return [REPEAT_TWO if REPEAT_TWO in cells else REPEAT], None
    beats = int(fields.get("meter", "4/4").split("/")[0])
    filled = [index for index, sign in enumerate(cells) if sign != HOLD]
    starts = [cell_beat(index, len(cells), beats) for index in filled]
    if len({*starts}) < len(starts):
        starts = [index * beats / len(cells) for index in filled]
    signs = [cells[index] for index in filled]
    if not starts or starts[0] > 0:
        signs, starts = [HOLD, *signs], [0, *starts]
    return signs, [start / beats for start in starts]


def cell_beat(index: int, cells: int, beats: int) -> float:
    """Return the beat, from 0, of a cell of a bar."""
    if cells == STANDARD_CELLS and beats <= STANDARD_CELLS:
        return min(index, beats - 1)
    return index * beats // cells


STANDARD_CELLS = 4


def take_sign(reader: MusicReader, sign: str) -> None:
    """Read a sign that takes a cell, or a segno or coda sign."""
    if sign == "S":
        reader.cells.marks.has_segno = True
    elif sign == "Q":
        reader.cells.marks.coda = "behind" if reader.cells.has_chords else "before"
    else:
        reader.cells.signs.append(CELL_SIGNS[sign])


CELL_SIGNS = {" ": HOLD, "p": HOLD, "n": "N.C.", "x": REPEAT, "r": REPEAT_TWO}


def take_meter(reader: MusicReader, digits: str) -> None:
    """Read a time signature, which holds from this bar on."""
    reader.fields["meter"] = METERS.get(digits, f"{digits[0]}/{digits[1]}")


def take_section(reader: MusicReader, letter: str) -> None:
    """Begin a section at the next bar."""
    reader.cells.label = SECTIONS.get(letter, letter)


def take_ending(reader: MusicReader, digit: str) -> None:
    """Begin an ending at the next bar; 0 is an ending without a number, played every time."""
    if digit != "0":
        reader.cells.marks.endings = (int(digit),)


def take_alternate(reader: MusicReader, text: str) -> None:
    """Leave out an alternate chord."""
    reader.notes.add(ALTERNATE_NOTE)


TAKE = {
    "comment": take_comment,
    "chord": take_chord,
    "alternate": take_alternate,
    "meter": take_meter,
    "section": take_section,
    "ending": take_ending,
    "line": take_line,
    "sign": take_sign,
}
