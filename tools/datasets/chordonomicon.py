"""Reader of Chordonomicon: 666 000 songs as a table with a row of chords for each, CSV or Parquet.

    id,chords,...,decade,rock_genre,...,main_genre
    7,<intro_1> C <verse_1> F Amin7 Fs/As Cno3d,...,1980.0,,...,soul

Conventions: rows are streamed, so that memory does not grow with the table. Each chord lasts a bar
of 4/4, as the table has no lengths; a chord that is repeated is held. `s` is a sharp. A tag such as
`<verse_1>` begins a section, labeled "verse 1". A song's id holds its style, its genre where that
is another word, and its decade: `NAME/soul/1980s/7`; style_labels.py reads the style from there. A
chord that cannot be read is unknown; a row without chords is left out.
Source: Kantarelis et al., "Chordonomicon: A dataset of 666,000 songs and their chord progressions",
arXiv:2410.22046, 2024. The data is CC BY-NC 4.0: weights trained on it may not be sold.
"""

import csv
import importlib
import io
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from muse.tools.datasets.chord_events import Style
from muse.tools.datasets.text_lines import NamedSongs, make_chord
from muse.tools.errors import EXTRA_OF, BadInputError, missing_extra
from muse.tools.song.document import Chord, Section, Song
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.symbol import UNKNOWN_CHORD

PARQUET_MAGIC = b"PAR1"
CHORDS = "chords"
COLUMNS = ("id", CHORDS, "decade", "main_genre", "genres", "rock_genre")
KNOWN_COLUMNS = {"id", "decade", "main_genre"}  # one of them beside the chords marks the table
BAR_BEATS = 4.0
LONGEST_FIELD = 1 << 20  # characters of one field of the CSV
ROWS_AT_ONCE = 4096  # of a Parquet file
SHARP = re.compile(r"(^|/)([A-G])s(?!us)")
TAG = re.compile(r"<([^<>]+)>")
STYLE_OF_GENRE: dict[str, Style] = {
    "soul": "soul",
    "r&b": "soul",
    "funk": "soul",
    "jazz": "jazz",
    "rock": "rock",
    "alternative": "rock",
    "metal": "rock",
    "punk": "rock",
    "pop rock": "rock",
    "pop": "pop",
}
DEFAULT_STYLE: Style = "pop"

log = logging.getLogger("muse")


def looks_like_chordonomicon(head: bytes) -> bool:
    """Return whether a file is a Parquet table, or a CSV table with the columns of this one."""
    if head.startswith(PARQUET_MAGIC):
        return True
    first = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode("utf-8", "replace")
    names = {name.strip().strip('"') for name in first.split(",")}
    return CHORDS in names and bool(names & KNOWN_COLUMNS)


def read_chordonomicon(data: bytes, name: str) -> NamedSongs:
    """Read all songs of a table in memory; `stream_chordonomicon` reads large files.

    Raises:
        BadInputError: not such a table, or no song in it.
    """
    if data.startswith(PARQUET_MAGIC):
        rows = parquet_rows(io.BytesIO(data), name)
    else:
        rows = csv_rows(io.StringIO(data.decode("utf-8-sig", "replace"), newline=""), name)
    songs = list(songs_of_rows(rows, name))
    if not songs:
        raise BadInputError(f"{name}: no song with chords")
    return songs


def stream_chordonomicon(path: Path, name: str) -> Iterator[tuple[str, Song]]:
    """Yield the songs of a table with the ends of their ids, row by row.

    Raises:
        BadInputError: not such a table; the message gives the line.
        MissingPartError: a Parquet file, and pyarrow is not installed.
    """
    with path.open("rb") as file:
        is_parquet = file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    if is_parquet:
        yield from songs_of_rows(parquet_rows(path, name), name)
        return
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        yield from songs_of_rows(csv_rows(text, name), name)


def csv_rows(lines: Iterable[str], name: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a CSV table by column; raises BadInputError."""
    csv.field_size_limit(LONGEST_FIELD)
    table = csv.reader(lines)
    try:
        head = [column.strip() for column in next(table, [])]
        places = {column: head.index(column) for column in COLUMNS if column in head}
        if CHORDS not in places:
            raise BadInputError(f"{name}: its first line names no column '{CHORDS}'")
        for row in table:
            yield {column: row[place] for column, place in places.items() if place < len(row)}
    except csv.Error as error:
        raise BadInputError(f"{name}, line {table.line_num}: not CSV ({error})") from error


def parquet_rows(source: Any, name: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a Parquet table by column, read some thousands at a time."""
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise missing_extra("pyarrow", EXTRA_OF["pyarrow"]) from error
    try:
        file = parquet.ParquetFile(source)
        columns = [column for column in COLUMNS if column in file.schema_arrow.names]
        if CHORDS not in columns:
            raise BadInputError(f"{name}: the table has no column '{CHORDS}'")
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns):
            for row in batch.to_pylist():
                yield {column: str(value) for column, value in row.items() if value is not None}
    except (OSError, ValueError) as error:
        if isinstance(error, BadInputError):
            raise
        raise BadInputError(f"{name}: not a readable Parquet file ({error})") from error


def songs_of_rows(rows: Iterable[Mapping[str, str]], name: str) -> Iterator[tuple[str, Song]]:
    """Yield the songs of the rows that have chords; log how many have none, and unread chords."""
    empty, unread = 0, set[str]()
    for number, row in enumerate(rows, 1):
        song = song_of_chords(row.get(CHORDS, ""), unread)
        if song.chords:
            yield id_of_row(row, number), song
        else:
            empty += 1
    if empty:
        log.info("%s: left out %d rows without chords", name, empty)
    if unread:
        shown = ", ".join(sorted(unread)[:5])
        log.info("%s: %d spellings are no chords and unknown: %s", name, len(unread), shown)


def song_of_chords(text: str, unread: set[str]) -> Song:
    """Return the Song of a row's chords and tags; spellings that cannot be read join `unread`."""
    chords: list[Chord] = []
    sections: list[Section] = []
    beat = 0.0
    for word, run in groupby(TAG.sub(r" <\1> ", text).split()):
        if word[0] == "<":
            sections.append(Section(beat, word[1:-1].replace("_", " ")))
            continue
        length = BAR_BEATS * sum(1 for _ in run)
        chords.append(chord_at(word, beat, length, unread))
        beat += length
    return Song(sections=sections, chords=chords)


def chord_at(word: str, beat: float, length: float, unread: set[str]) -> Chord:
    """Return a chord at a beat."""
    chord = read_word(word)
    if chord is None:
        unread.add(word)
        return make_chord(beat, beat + length, UNKNOWN_CHORD)
    return msgspec.structs.replace(chord, start_beats=beat, duration_beats=length)


@lru_cache(maxsize=65536)
def read_word(word: str) -> Chord | None:
    """Return the chord of a spelling such as `Fsmin7/Cs` at beat 0; None if it is none."""
    try:
        return make_chord(0.0, BAR_BEATS, parse_chord(plain_spelling(word)))
    except BadInputError:
        return None


def plain_spelling(word: str) -> str:
    """Return a chord in lead-sheet spelling: `s` behind a letter is a sharp, but not in `Gsus4`."""
    return SHARP.sub(r"\1\2#", word)


def id_of_row(row: Mapping[str, str], number: int) -> str:
    """Return style, genre where it is another word, decade, and the row's id or number."""
    genre = (row.get("main_genre") or row.get("rock_genre") or "").strip().lower()
    style = STYLE_OF_GENRE.get(genre, "rock" if row.get("rock_genre") else DEFAULT_STYLE)
    decade = re.match(r"\d{4}", row.get("decade", ""))
    parts = (
        style,
        genre.replace("/", "-") if genre not in {"", style} else "",
        f"{decade[0]}s" if decade else "",
        row.get("id", "").strip() or str(number),
    )
    return "/".join(filter(None, parts))
