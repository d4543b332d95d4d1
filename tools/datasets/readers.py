"""Any kind of file or folder as Songs.

A file's kind is told by its content, not by its name: a MIDI file or Song document, a packed or
plain MusicXML score, ABC, Harte chord labels, a Billboard annotation, a chart, progressions in
Roman numerals. A folder is walked in order of names; in it a folder of POP909 is one song, and
texts and other files that are none of these (a README, a table) are passed over.

Conventions: a song's id is its path from the folder that was named, that folder's name included,
without a suffix: `pop909/001`; songs that share a file add a number or name: `list/3`.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from muse.tools.datasets.abc import looks_like_abc, read_abc
from muse.tools.datasets.billboard import looks_like_billboard, read_billboard
from muse.tools.datasets.charts import looks_like_bars, looks_like_charts, read_charts
from muse.tools.datasets.harte_labels import looks_like_labels, read_labels
from muse.tools.datasets.musicxml import looks_like_musicxml, read_musicxml
from muse.tools.datasets.pop909 import is_pop909, read_pop909
from muse.tools.datasets.roman_numerals import (
    looks_like_numerals,
    looks_like_progressions,
    read_numerals,
    read_progressions,
)
from muse.tools.datasets.text_lines import NamedSongs, Reader
from muse.tools.errors import BadInputError
from muse.tools.files import PIPE, read_bytes
from muse.tools.song.document import Song, song_from_json
from muse.tools.song.midi import MIDI_MAGIC, song_from_midi
from muse.tools.song.validation import first_problem

HEAD = 8192  # bytes that tell the kind of a file
# suffixes that promise music: such a file that cannot be read is an error and not passed over
MUSIC_SUFFIXES = {".mid", ".midi", ".kar", ".mxl", ".musicxml", ".abc", ".lab"}
# what else a folder's files may be called
OTHER_SUFFIXES = {".json", ".txt", ".xml", ".chords", ".roman", ""}
STDIN_ID = "stdin"

logger = logging.getLogger("muse")

Problem = Callable[[BadInputError], None]


@dataclass(frozen=True)
class Kind:
    """A kind of file: how to tell it by its first bytes, and how to read it."""

    name: str
    fits: Callable[[bytes], bool]
    read: Reader


def read_midi(data: bytes, name: str) -> NamedSongs:
    """The song of a MIDI file."""
    return [("", song_from_midi(data, name))]


def read_document(data: bytes, name: str) -> NamedSongs:
    """The song of a Song document, or the songs of several, each on a line of its own."""
    lines = [line for line in data.splitlines() if line.strip()]
    # no one document has a line that ends an object and a next one that opens one
    if len(lines) < 2 or not (lines[0].rstrip()[-1:] == b"}" and lines[1].lstrip()[:1] == b"{"):
        return [("", song_from_json(data, name))]
    return [
        (str(number), song_from_json(line, f"{name}, line {number}"))
        for number, line in enumerate(lines, 1)
    ]


def read_chart_file(data: bytes, name: str) -> NamedSongs:
    """The songs of a file of charts."""
    try:
        return read_charts(data.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        raise BadInputError(f"{name}: not UTF-8 text ({error.reason})") from error


# in the order in which they are tried
KINDS = (
    Kind("MIDI", lambda head: head.startswith(MIDI_MAGIC), read_midi),
    Kind("progressions (JSON)", looks_like_progressions, read_progressions),
    Kind("Song document", lambda head: head.lstrip().startswith(b"{"), read_document),
    Kind("MusicXML", looks_like_musicxml, read_musicxml),
    Kind("ABC", looks_like_abc, read_abc),
    Kind("Billboard annotation", looks_like_billboard, read_billboard),
    Kind("chart", lambda head: looks_like_charts(head.decode("utf-8", "replace")), read_chart_file),
    Kind("Harte labels", looks_like_labels, read_labels),
    Kind("Roman numerals", looks_like_numerals, read_numerals),
    Kind(
        "bars of chords",
        lambda head: looks_like_bars(head.decode("utf-8", "replace")),
        read_chart_file,
    ),
)


@dataclass(frozen=True)
class Source:
    """A file, or a folder of POP909, that holds one song or more; `id` is its name among others."""

    id: str
    path: str

    def read(self) -> list[tuple[str, Song]]:
        """The songs with their ids; raises BadInputError."""
        path = Path(self.path)
        if self.path != PIPE and path.is_dir():
            return [(self.id, read_pop909(path))]
        data = read_bytes(self.path)
        name = "standard input" if self.path == PIPE else self.path
        songs = read_data(data, name)
        return [(f"{self.id}/{part}" if part else self.id, song) for part, song in songs]


def read_songs(path: str | Path, problem: Problem | None = None) -> Iterator[tuple[str, Song]]:
    """The songs of a file, a folder, or standard input for '-', with their ids.

    Args:
        path: what to read; see the module for what is known.
        problem: told of each file that cannot be read, which is then left out; without it the first
            such file ends the reading.

    Raises:
        BadInputError: nothing to read there, or a file that cannot be read; the message names it.
    """
    for source in find_sources(path):
        try:
            songs = source.read()
        except BadInputError as error:
            if problem is None:
                raise
            problem(error)
            continue
        yield from songs


def read_data(data: bytes, name: str) -> NamedSongs:
    """The songs in the bytes of a file, whatever its kind.

    Raises:
        BadInputError: no kind that muse reads, or not well made; the message names the file.
    """
    songs = kind_of(data[:HEAD], name).read(data, name)
    for part, song in songs:
        problem = first_problem(song)
        if problem:
            raise BadInputError(f"{name}: {part} {problem}" if part else f"{name}: {problem}")
    return songs


def find_sources(path: str | Path) -> list[Source]:
    """What can be read at a path, in order of names.

    Raises:
        BadInputError: nothing is there, or a folder holds nothing that muse reads.
    """
    if str(path) == PIPE:
        return [Source(STDIN_ID, PIPE)]
    root = Path(path)
    if not root.exists():
        raise BadInputError(f"{path}: no such file or folder")
    name = root.resolve().name
    if root.is_file():
        return [Source(Path(name).stem, str(root))]
    sources = [
        Source(str((Path(name) / found.relative_to(root)).with_suffix("")), str(found))
        for found in walk(root)
    ]
    if not sources:
        raise BadInputError(f"{path}: no file in it that muse reads songs from")
    return with_own_ids(sources)


def with_own_ids(sources: list[Source]) -> list[Source]:
    """The sources, with the suffix in the ids of those that would share one: a.mid and a.json."""
    counts: dict[str, int] = {}
    for source in sources:
        counts[source.id] = counts.get(source.id, 0) + 1
    return [
        source
        if counts[source.id] == 1
        else Source(source.id + Path(source.path).suffix, source.path)
        for source in sources
    ]


def walk(root: Path) -> Iterator[Path]:
    """Files of a folder that hold songs, and folders of POP909, in order of names."""
    if is_pop909(root.resolve()):
        yield root
        return
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        songs = [name for name in folders if is_pop909(here / name)]
        folders[:] = sorted(name for name in folders if name not in songs and name[:1] != ".")
        own = [here / name for name in files if name[:1] != "." and holds_songs(here / name)]
        yield from sorted([*own, *(here / name for name in songs)])


def holds_songs(path: Path) -> bool:
    """Whether a file of a folder is to be read: it says so by its suffix or by its content."""
    suffix = path.suffix.lower()
    if suffix in MUSIC_SUFFIXES:
        return True
    if suffix not in OTHER_SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            return find_kind(file.read(HEAD)) is not None
    except OSError:
        return True  # reading it will say what is wrong


def find_kind(head: bytes) -> Kind | None:
    """The kind of a file by its first bytes; None where it is none that muse reads."""
    return next((kind for kind in KINDS if kind.fits(head)), None)


def kind_of(head: bytes, name: str) -> Kind:
    """As `find_kind`; raises BadInputError where there is none."""
    kind = find_kind(head)
    if kind is None:
        known = ", ".join(kind.name for kind in KINDS)
        raise BadInputError(f"{name}: not a kind of file that holds songs ({known})")
    return kind
