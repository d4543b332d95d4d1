"""Sets of songs as arrays: read from any collection, split by song, stored in one file.

Conventions: a song has an id, a context (properties of the whole song, a dataclass) and arrays of
equal length. The file is an .npz without pickles: each array with all songs concatenated, and a
JSON header with the ids, lengths, contexts and groups of near-duplicates.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.duplicates import add_singletons, group_fingerprints
from muse.tools.datasets.fingerprints import Fingerprint
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.readers import Problem, Source, find_sources
from muse.tools.datasets.splits import SHARES, SPLITS, Split, split_songs
from muse.tools.errors import BadInputError
from muse.tools.files import write_bytes
from muse.tools.progress import Report
from muse.tools.song.document import Song

Groups = tuple[tuple[str, ...], ...]
# exceptions of reading a file that is broken or of another kind
UNREADABLE = (
    *(OSError, ValueError, KeyError, IndexError, EOFError),
    *(zipfile.BadZipFile, zlib.error, msgspec.DecodeError),
)


class ArraySong(Protocol):
    """A song as arrays of equal length."""

    @property
    def id(self) -> str:
        """Path within the collections, starting with the collection's name."""

    @property
    def corpus(self) -> str:
        """Name of the collection."""

    @property
    def context(self) -> Any:
        """Properties of the whole song."""

    def __len__(self) -> int:
        """Length of each of its arrays."""


S = TypeVar("S", bound=ArraySong)


@dataclass(frozen=True)
class SongSet(Generic[S]):
    """Songs in the order of reading, and the groups of near-duplicates among them."""

    songs: tuple[S, ...]
    groups: Groups = ()

    def sides(self, seed: int = 0, shares: Sequence[float] = SHARES) -> dict[Split, list[S]]:
        """Return the songs of each split; near-duplicates are in the same split.

        Raises:
            ParameterError: invalid shares; see `split_songs`.
        """
        side = split_songs(add_singletons(self.groups, (s.id for s in self.songs)), seed, shares)
        return {name: [s for s in self.songs if side[s.id] == name] for name in SPLITS}


@dataclass(frozen=True)
class SongSetLayout(Generic[S]):
    """File layout of one kind of song.

    Attributes:
        format: name and version, in the header of each file.
        what: plural name of such songs in messages.
        columns: name and dtype of each array.
        context: type of the contexts.
        song: constructor from an id, a context and the arrays by name.
    """

    format: str
    what: str
    columns: Mapping[str, Any]
    context: type
    song: Callable[..., S]


class Header(msgspec.Struct):
    """Content of a file beside its arrays."""

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
    """Read collections in any format that `datasets.readers` knows.

    Args:
        paths: files and folders.
        read: converts id, Song and source to arrays and a fingerprint.
        what: plural name of such songs in messages.
        problem: called with each error of a file or song, which is then skipped. If None, the first
            error is raised.
        report: called with the progress.

    Returns:
        The songs, and groups of ids of near-duplicates.

    Raises:
        BadInputError: nothing at a path, no usable song, or (without `problem`) an unreadable file.
    """
    sources = [source for path in paths for source in find_sources(path, problem)]
    songs: dict[str, S] = {}
    prints: dict[str, Fingerprint] = {}
    for number, source in enumerate(sources):
        report(f"reading {source.id}", number / len(sources))
        with reported(problem):
            for name, song in source.stream():
                song_id = name if name not in songs else f"{name}#{number}"
                with reported(problem):  # one bad song of a file leaves the others
                    songs[song_id], prints[song_id] = read(song_id, song, source)
    if not songs:
        raise BadInputError(f"no {what} in the input")
    groups = tuple(map(tuple, group_fingerprints(prints)))
    report("reading", 1.0)
    return tuple(songs.values()), groups


@contextmanager
def reported(problem: Problem | None) -> Iterator[None]:
    """Pass a BadInputError to `problem`, or raise it if that is None."""
    try:
        yield
    except BadInputError as error:
        if problem is None:
            raise
        problem(error)


def save_song_set(path: str | Path, data: SongSet[S], layout: SongSetLayout[S]) -> None:
    """Write songs and groups as one .npz file without pickles."""
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


def load_song_set(path: str | Path, layout: SongSetLayout[S]) -> tuple[tuple[S, ...], Groups]:
    """Read a file written by `save_song_set`.

    Raises:
        BadInputError: not such a file, or written with another vocabulary.
    """
    try:
        # opened here, since numpy leaves a broken archive open
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            header = msgspec.json.decode(stored["header"].tobytes(), type=Header)
            check_header(header, layout)
            arrays = {name: stored[name].astype(kind) for name, kind in layout.columns.items()}
        return split_arrays(header, arrays, layout), header.groups
    except UNREADABLE as error:
        raise BadInputError(f"{path}: not a file of {layout.what} ({error})") from error


def check_header(header: Header, layout: SongSetLayout[S]) -> None:
    """Raise ValueError for a file of another format or vocabulary."""
    if header.format != layout.format or header.vocabulary_hash != CHORD_VOCABULARY.hash:
        raise ValueError("written with another format or vocabulary; build the file again")


def split_arrays(
    header: Header, arrays: Mapping[str, NDArray[Any]], layout: SongSetLayout[S]
) -> tuple[S, ...]:
    """Split concatenated arrays into songs; raises ValueError if the lengths do not match."""
    ends = np.cumsum(header.lengths)
    if any(len(array) != ends[-1] for array in arrays.values()):
        raise ValueError("its arrays are not as long as its header says")
    pieces = {name: np.split(array, ends[:-1]) for name, array in arrays.items()}
    return tuple(
        layout.song(
            name,
            msgspec.convert(context, layout.context),
            **{column: pieces[column][index] for column in layout.columns},
        )
        for index, (name, context) in enumerate(zip(header.ids, header.contexts, strict=True))
    )
