"""Sets of songs as arrays: read from any collection, split by song, kept in one file.

Conventions:
    a song has an id, a context (what is known of it as a whole, a dataclass) and arrays of one
    length. The file is one .npz without pickles: each array of all songs in a row, and a header in
    JSON with what the arrays do not say.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.duplicates import groups_of_prints, with_singles
from muse.tools.datasets.fingerprints import Fingerprint
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.readers import Problem, Source, find_sources
from muse.tools.datasets.splits import SHARES, SPLITS, Split, split_songs
from muse.tools.errors import BadInputError
from muse.tools.files import write_bytes
from muse.tools.progress import Report
from muse.tools.song.document import Song

Groups = tuple[tuple[str, ...], ...]
# what reading a file raises that is not one of these, or is broken
UNREADABLE = (
    *(OSError, ValueError, KeyError, IndexError, EOFError),
    *(zipfile.BadZipFile, zlib.error, msgspec.DecodeError),
)


class ArraySong(Protocol):
    """A song as arrays of one length."""

    @property
    def id(self) -> str:
        """Path within the collections, the collection's name first."""

    @property
    def corpus(self) -> str:
        """The collection that it is from."""

    @property
    def context(self) -> Any:
        """What is known of it as a whole."""

    def __len__(self) -> int:
        """Length of each of its arrays."""


S = TypeVar("S", bound=ArraySong)


@dataclass(frozen=True)
class SongSet(Generic[S]):
    """Songs in the order in which they were read, and the groups of near-duplicates among them."""

    songs: tuple[S, ...]
    groups: Groups = ()

    def sides(self, seed: int = 0, shares: Sequence[float] = SHARES) -> dict[Split, list[S]]:
        """The songs for training, validation and test, near-duplicates on one side.

        Raises:
            ParameterError: the shares do not add up to 1.
        """
        side = split_songs(with_singles(self.groups, (s.id for s in self.songs)), seed, shares)
        return {name: [s for s in self.songs if side[s.id] == name] for name in SPLITS}


@dataclass(frozen=True)
class Layout(Generic[S]):
    """How songs of one kind are kept.

    Attributes:
        format: name and version, in the header of each file.
        what: such songs, in messages.
        columns: name and type of each array.
        context: type of the contexts.
        song: makes a song of its id, its context and its arrays by name.
    """

    format: str
    what: str
    columns: Mapping[str, Any]
    context: type
    song: Callable[..., S]


class Header(msgspec.Struct):
    """What a file says beside its arrays."""

    format: str
    vocabulary_hash: str
    ids: list[str]
    lengths: list[int]
    contexts: list[Any]
    groups: Groups


def read_song_set(
    paths: Iterable[str | Path],
    read: Callable[[str, Song, Source], tuple[S, Fingerprint]],
    what: str,
    problem: Problem | None,
    report: Report,
) -> tuple[tuple[S, ...], Groups]:
    """Read collections, all that corpus.reading knows: songs, and groups of near-duplicates.

    Args:
        paths: files and folders.
        read: makes the arrays and the fingerprint of a song of its id, the song and its source.
        what: such songs, in messages.
        problem: told of each file or song that cannot be used, which is then left out; None lets
            the first one end the reading.
        report: told how far the reading is.

    Raises:
        BadInputError: nothing there, nothing usable there, or see `problem`.
    """
    sources = [source for path in paths for source in find_sources(path)]
    songs: dict[str, S] = {}
    prints: dict[str, Fingerprint] = {}
    for number, source in enumerate(sources):
        report(f"reading {source.id}", number / len(sources))
        try:
            for name, song in source.read():
                own = name if name not in songs else f"{name}#{number}"
                songs[own], prints[own] = read(own, song, source)
        except BadInputError as error:
            if problem is None:
                raise
            problem(error)
    if not songs:
        raise BadInputError(f"no {what} in the input")
    groups = tuple(map(tuple, groups_of_prints(prints)))
    report("reading", 1.0)
    return tuple(songs.values()), groups


def save_song_set(path: str | Path, data: SongSet[S], layout: Layout[S]) -> None:
    """Write songs and groups as one .npz, without pickles."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(song, name) for song in data.songs])
        for name in layout.columns
    }
    header = Header(
        format=layout.format,
        vocabulary_hash=CHORD_VOCABULARY.hash,
        ids=[song.id for song in data.songs],
        lengths=[len(song) for song in data.songs],
        contexts=[song.context for song in data.songs],
        groups=data.groups,
    )
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, header=np.frombuffer(msgspec.json.encode(header), np.uint8), **arrays
    )
    write_bytes(Path(path), buffer.getvalue())


def load_song_set(path: str | Path, layout: Layout[S]) -> tuple[tuple[S, ...], Groups]:
    """Read what `save_song_set` wrote.

    Raises:
        BadInputError: not such a file, or one of another vocabulary.
    """
    try:
        # opened here, since numpy leaves a broken archive open
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            header = msgspec.json.decode(stored["header"].tobytes(), type=Header)
            check_header(header, layout, path)
            arrays = {name: stored[name].astype(kind) for name, kind in layout.columns.items()}
        return songs_of(header, arrays, layout), header.groups
    except UNREADABLE as error:
        raise BadInputError(f"{path}: not a file of {layout.what} ({error})") from error


def check_header(header: Header, layout: Layout[S], path: str | Path) -> None:
    """Raise BadInputError for a file of another kind or vocabulary."""
    if header.format != layout.format or header.vocabulary_hash != CHORD_VOCABULARY.hash:
        raise BadInputError(f"{path}: written with another vocabulary; read the songs anew")


def songs_of(
    header: Header, arrays: Mapping[str, NDArray[Any]], layout: Layout[S]
) -> tuple[S, ...]:
    """The songs of arrays in which they stand in a row; raises ValueError if these do not fit."""
    ends = np.cumsum(header.lengths)
    if any(len(array) != ends[-1] for array in arrays.values()):
        raise ValueError("its arrays are not as long as its header says")
    pieces = {name: np.split(array, ends[:-1]) for name, array in arrays.items()}
    return tuple(
        layout.song(
            name,
            msgspec.convert(context, layout.context),
            **{column: pieces[column][place] for column in layout.columns},
        )
        for place, (name, context) in enumerate(zip(header.ids, header.contexts, strict=True))
    )
