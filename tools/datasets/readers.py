"""Reader of any kind of file or folder as Songs.

Every command that takes a song reads it here: `read_song` gives one, `read_songs` all of a file or
folder. The kind of a file is detected from its content, not its name: MIDI, Song document, MusicXML
(plain or compressed), ABC, Harte chord labels, Billboard annotation, chart, iReal Pro link,
ChordPro, progressions in Roman numerals. Folders are walked in order of names; a POP909 folder
inside is one song, and text files of no known kind are left out: those that may hold songs by their
suffix are reported, others (a README, a table) are not.

Conventions: a song's id is its path relative to the parent of the given folder, without suffix:
`pop909/001`. Songs of one file have a number or name appended: `list/3`.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from muse.tools.datasets.abc.reader import looks_like_abc, read_abc
from muse.tools.datasets.billboard import looks_like_billboard, read_billboard
from muse.tools.datasets.charts import looks_like_bars, looks_like_charts, read_charts
from muse.tools.datasets.chordonomicon import (
    looks_like_chordonomicon,
    read_chordonomicon,
    stream_chordonomicon,
)
from muse.tools.datasets.chordpro import looks_like_chordpro, read_chordpro
from muse.tools.datasets.harte_labels import looks_like_labels, read_labels
from muse.tools.datasets.ireal import looks_like_ireal, read_ireal
from muse.tools.datasets.musicxml import read_musicxml
from muse.tools.datasets.musicxml_score.file import is_cut_in_prolog, looks_like_musicxml
from muse.tools.datasets.pop909 import is_pop909, read_pop909
from muse.tools.datasets.roman_numerals import (
    looks_like_numerals,
    looks_like_progressions,
    read_numerals,
    read_progressions,
)
from muse.tools.datasets.text_lines import NamedSongs, Reader, decoded
from muse.tools.errors import BadInputError
from muse.tools.files import PIPE, STDIN_NAME, input_name, read_bytes, real_path
from muse.tools.song.document import Song, song_from_json
from muse.tools.song.midi import songs_from_midi
from muse.tools.song.midi_container import looks_like_midi
from muse.tools.song.validation import first_problem
from muse.tools.theory.written_keys import with_weighed_keys

HEAD_BYTES = 8192  # bytes from which the kind of a file is detected
LONGEST_PROLOG = 16 << 20  # bytes of comments before the root element of XML
# a file with one of these suffixes that cannot be read is an error; it is not skipped
MUSIC_SUFFIXES = {".mid", ".midi", ".kar", ".mxl", ".musicxml", ".abc", ".lab"}
# files of a folder with these suffixes are read if their content is of a known kind
OTHER_SUFFIXES = {
    *(".json", ".txt", ".xml", ".chords", ".roman", ".html", ".htm", ""),
    *(".cho", ".chopro", ".chordpro", ".crd", ".pro", ".csv", ".parquet"),
}
# of these only the files with songs are mentioned: most pages hold none
PAGE_SUFFIXES = {".html", ".htm", ".pro", ".csv", ".parquet"}
# first words of the names of text files that come with a collection
NO_SONGS = ("readme", "license", "licence", "copying", "notice", "changes", "citation", "makefile")

logger = logging.getLogger("muse")

Problem = Callable[[BadInputError], None]


@dataclass(frozen=True)
class Kind:
    """A kind of file: a test on its first bytes, and its reader."""

    name: str
    fits: Callable[[bytes], bool]
    read: Reader


def read_midi(data: bytes, name: str) -> NamedSongs:
    """Read the song of a MIDI file, or the songs of one of type 2."""
    songs = songs_from_midi(data, name)
    if len(songs) == 1:
        return [("", with_weighed_keys(songs[0], name))]
    return [
        (str(number), with_weighed_keys(song, f"{name}: {number}"))
        for number, song in enumerate(songs, 1)
    ]


def read_score(data: bytes, name: str) -> NamedSongs:
    """Read the song of a MusicXML file; raises BadInputError."""
    songs = read_musicxml(data, name)
    return [
        (part, with_weighed_keys(song, f"{name}: {part}" if part else name)) for part, song in songs
    ]


def read_document(data: bytes, name: str) -> NamedSongs:
    """Read a Song document, or several with one per line."""
    lines = [line for line in data.splitlines() if line.strip()]
    # within one document no line ends with } while the next begins with {
    if len(lines) < 2 or not (lines[0].rstrip()[-1:] == b"}" and lines[1].lstrip()[:1] == b"{"):
        return [("", song_from_json(data, name))]
    return [
        (str(number), song_from_json(line, f"{name}, line {number}"))
        for number, line in enumerate(lines, 1)
    ]


def looks_like_document(head: bytes) -> bool:
    """Return whether a file begins as a JSON object; ChordPro has a word behind the brace."""
    return head.lstrip().startswith(b"{") and not looks_like_chordpro(head)


def read_chart_file(data: bytes, name: str) -> NamedSongs:
    """Read the songs of a file of charts; raises BadInputError."""
    return read_charts(decoded(data, name), name)


def chart_head(data: bytes) -> str:
    """Return the first whole lines or bars of a file, to detect a chart; "" if they are no text."""
    try:
        text = decoded(data, "")
    except BadInputError:
        return ""
    if len(data) < HEAD_BYTES:
        return text
    return text.rpartition("\n")[0] or text.rpartition("|")[0]


TABLE = Kind("Chordonomicon table", looks_like_chordonomicon, read_chordonomicon)
# the first kind that fits is taken: a new kind of file is one row
KINDS = (
    Kind("MIDI", looks_like_midi, read_midi),
    Kind("progressions (JSON)", looks_like_progressions, read_progressions),
    Kind("Song document", looks_like_document, read_document),
    Kind("MusicXML", looks_like_musicxml, read_score),
    Kind("ABC", looks_like_abc, read_abc),
    Kind("Billboard annotation", looks_like_billboard, read_billboard),
    TABLE,
    Kind("iReal Pro link", looks_like_ireal, read_ireal),
    Kind("chart", lambda head: looks_like_charts(chart_head(head)), read_chart_file),
    Kind("bars of chords", lambda head: looks_like_bars(chart_head(head)), read_chart_file),
    Kind("ChordPro", looks_like_chordpro, read_chordpro),
    Kind("Harte labels", looks_like_labels, read_labels),
    Kind("Roman numerals", looks_like_numerals, read_numerals),
)


@dataclass(frozen=True)
class Source:
    """A file, or a POP909 folder, that contains one or more songs.

    Attributes:
        id: prefix of the ids of its songs.
        path: of the file or folder; '-' is standard input.
    """

    id: str
    path: str

    def read(self) -> list[tuple[str, Song]]:
        """Read the songs with their ids; raises BadInputError."""
        path = Path(self.path)
        if self.path != PIPE and path.is_dir():
            return [(self.id, read_pop909(path))]
        data = read_bytes(self.path)
        name = input_name(self.path)
        songs = read_data(data, name)
        return [(f"{self.id}/{part}" if part else self.id, song) for part, song in songs]

    def stream(self) -> Iterator[tuple[str, Song]]:
        """Yield the songs with their ids, those of a large table row by row; raises as `read`."""
        path = Path(self.path)
        if self.path == PIPE or not path.is_file() or not is_table(path):
            yield from self.read()
            return
        for part, song in stream_chordonomicon(path, input_name(self.path)):
            yield f"{self.id}/{part}", song


def is_table(path: Path) -> bool:
    """Return whether a file is a table of songs; reading it reports why it cannot be opened."""
    try:
        return find_kind(read_head(path)) == TABLE
    except OSError:
        return False


def read_song(source: str | Path) -> Song:
    """Read the song of a file of any kind, or of standard input for '-'; of several the first.

    Raises:
        BadInputError: a folder, a file that is missing, or in no format that muse reads.
    """
    sources = find_sources(source) if str(source) == PIPE or not is_collection(source) else []
    if not sources:
        raise BadInputError(f"{source}: is a folder; name one of its files")
    return first_song(sources[0].read(), input_name(source))


def song_in(data: bytes, name: str) -> Song:
    """Read the song in the bytes of a file of any known kind, of several the first.

    Raises:
        BadInputError: unknown kind or malformed content; the message names the file.
    """
    return first_song(read_data(data, name), name)


def first_song(songs: NamedSongs, name: str) -> Song:
    """Return the first of the songs of a file; says so if there are several."""
    if len(songs) > 1:
        logger.info("%s: %d songs; using the first", name, len(songs))
    return songs[0][1]


def is_collection(path: str | Path) -> bool:
    """Return whether a path is a folder of several songs."""
    return Path(path).is_dir() and not is_pop909(real_path(Path(path)))


def read_songs(path: str | Path, problem: Problem | None = None) -> Iterator[tuple[str, Song]]:
    """Yield the songs of a file, a folder, or standard input for '-', with their ids.

    Args:
        path: file, folder or '-'.
        problem: called with each file's error; the file is then skipped. If None, the first error
            is raised.

    Raises:
        BadInputError: nothing to read at the path, or an unreadable file; the message names it.
    """
    for source in find_sources(path, problem):
        try:
            yield from source.stream()
        except BadInputError as error:
            if problem is None:
                raise
            problem(error)


def read_data(data: bytes, name: str) -> NamedSongs:
    """Read the songs in the bytes of a file of any known kind.

    Raises:
        BadInputError: unknown kind or malformed content; the message names the file.
    """
    songs = require_kind(head_of(data), name).read(data, name)
    for part, song in songs:
        problem = first_problem(song)
        if problem:
            raise BadInputError(f"{name}: {part} {problem}" if part else f"{name}: {problem}")
    return songs


def find_sources(path: str | Path, problem: Problem | None = None) -> list[Source]:
    """Return the readable files and POP909 folders at a path, in order of names.

    Args:
        path: file, folder or '-'.
        problem: called for each file of a folder that may hold songs by its suffix, and is of no
            known kind; such files are left out. If None, their number is logged.

    Raises:
        BadInputError: the path does not exist, or a folder contains nothing that muse reads.
    """
    if str(path) == PIPE:
        return [Source(STDIN_NAME, PIPE)]
    root = Path(path)
    if not root.exists():
        raise BadInputError(f"{path}: no such file or folder")
    name = real_path(root).name
    if root.is_file():
        return [Source(Path(name).stem, str(root))]
    unknown: list[Path] = []
    sources = [
        Source(str((Path(name) / found.relative_to(root)).with_suffix("")), str(found))
        for found in walk(root, unknown)
    ]
    report_unknown(unknown, problem)
    if not sources:
        raise BadInputError(f"{path}: no file of songs found in this folder")
    return disambiguate_ids(sources)


def report_unknown(paths: Sequence[Path], problem: Problem | None) -> None:
    """Report files of a folder that are of no known kind: each, or without `problem` their number.

    Files that come with a collection, such as a README, are not reported.
    """
    paths = [path for path in paths if not path.name.lower().startswith(NO_SONGS)]
    paths = [path for path in paths if path.suffix.lower() not in PAGE_SUFFIXES]
    if problem is not None:
        for path in paths:
            problem(BadInputError(f"{path}: not a known kind of song file"))
    elif paths:
        logger.info("left out %d files of no known kind, such as %s", len(paths), paths[0])


def disambiguate_ids(sources: list[Source]) -> list[Source]:
    """Append the suffix to ids that several sources share, such as a.mid and a.json."""
    counts: dict[str, int] = {}
    for source in sources:
        counts[source.id] = counts.get(source.id, 0) + 1
    return [
        source
        if counts[source.id] == 1
        else Source(source.id + Path(source.path).suffix, source.path)
        for source in sources
    ]


def walk(root: Path, unknown: list[Path]) -> Iterator[Path]:
    """Yield the files of a folder that contain songs, and POP909 folders, in order of names.

    Files of OTHER_SUFFIXES whose content is of no known kind are added to `unknown`.
    """
    if is_pop909(real_path(root)):
        yield root
        return
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        songs = [name for name in folders if is_pop909(here / name)]
        folders[:] = sorted(name for name in folders if name not in songs and name[:1] != ".")
        possible = sorted(here / name for name in files if name[:1] != "." and may_hold(name))
        readable = [path for path in possible if holds_songs(path)]
        unknown += [path for path in possible if path not in readable]
        yield from sorted([*readable, *(here / name for name in songs)])


def may_hold(name: str) -> bool:
    """Return whether a file of a folder may hold songs, by its suffix."""
    return Path(name).suffix.lower() in MUSIC_SUFFIXES | OTHER_SUFFIXES


def holds_songs(path: Path) -> bool:
    """Return whether a file of a folder should be read, by its suffix or else its content."""
    if path.suffix.lower() in MUSIC_SUFFIXES:
        return True
    try:
        return find_kind(read_head(path)) is not None
    except OSError:
        return True  # reading it later raises the error with the file's name


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file, enough to detect its kind; raises OSError."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        # of XML the root element tells the kind, and comments before it may be long
        return head + file.read(LONGEST_PROLOG) if is_cut_in_prolog(head) else head


def head_of(data: bytes) -> bytes:
    """Return as much of the start of a file as tells its kind, as `read_head` does."""
    head = data[:HEAD_BYTES]
    return data[: HEAD_BYTES + LONGEST_PROLOG] if is_cut_in_prolog(head) else head


def find_kind(head: bytes) -> Kind | None:
    """Return the kind of a file by its first bytes; None if unknown."""
    return next((kind for kind in KINDS if kind.fits(head)), None)


def require_kind(head: bytes, name: str) -> Kind:
    """Return the kind of a file as `find_kind`; raises BadInputError if unknown or empty."""
    if not head:
        raise BadInputError(f"{name}: is empty")
    kind = find_kind(head)
    if kind is None:
        known = ", ".join(kind.name for kind in KINDS)
        raise BadInputError(f"{name}: not a known kind of song file ({known})")
    return kind
