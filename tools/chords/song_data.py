"""Songs of chords: read from any collection, split by song, kept in one file.

A song is what song_arrays makes of it. The lists of progressions have no durations: each of their
chords lasts a bar. The style is told by the rule of styles.py, which see for what is not known.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from muse.tools.chords.events import (
    Context,
)
from muse.tools.chords.song_arrays import COLUMNS, ChordSong, chord_song
from muse.tools.chords.styles import artist_in, style_of
from muse.tools.corpus.billboard import looks_like_billboard
from muse.tools.corpus.duplicates import groups_of_prints, with_singles
from muse.tools.corpus.fingerprints import Fingerprint, fingerprint
from muse.tools.corpus.reading import Source, find_sources
from muse.tools.corpus.splits import SHARES, SPLITS, Split, split_songs
from muse.tools.errors import BadInputError
from muse.tools.files import write_bytes
from muse.tools.forms.harmony import (
    CHORD_VOCABULARY,
)
from muse.tools.forms.vocabulary import UNKNOWN_ID
from muse.tools.progress import Report, silent

__all__ = [
    "ChordData",
    "ChordSong",
    "load_chord_data",
    "read_chord_data",
    "save_chord_data",
]

FORMAT = "muse.chord-data/1"
HEAD = 8192  # bytes of a file in which an artist may stand


@dataclass(frozen=True)
class ChordData:
    """Songs in the order in which they were read, and the groups of near-duplicates among them."""

    songs: tuple[ChordSong, ...]
    groups: tuple[tuple[str, ...], ...] = ()

    def sides(
        self, seed: int = 0, shares: Sequence[float] = SHARES
    ) -> dict[Split, list[ChordSong]]:
        """The songs for training, validation and test, near-duplicates on one side.

        Raises:
            ParameterError: the shares do not add up to 1.
        """
        side = split_songs(with_singles(self.groups, (s.id for s in self.songs)), seed, shares)
        return {name: [s for s in self.songs if side[s.id] == name] for name in SPLITS}

    def content_hash(self) -> str:
        """SHA-256 of all songs, groups and the vocabulary: changes where anything in them does."""
        digest = hashlib.sha256(f"{FORMAT} {CHORD_VOCABULARY.hash} {self.groups}".encode())
        for song in self.songs:
            digest.update(f"{song.id} {song.context}".encode())
            for name in COLUMNS:
                digest.update(np.ascontiguousarray(getattr(song, name)).tobytes())
        return digest.hexdigest()

    def counts(self) -> dict[str, dict[str, int]]:
        """Songs, chords, unknown chords and types of chords in a common key by corpus."""
        found: dict[str, dict[str, int]] = {}
        for corpus in dict.fromkeys(song.corpus for song in self.songs):
            own = [song for song in self.songs if song.corpus == corpus]
            ids = np.concatenate([song.common_ids() for song in own])
            found[corpus] = {
                "songs": len(own),
                "chords": len(ids),
                "unknown": int((ids == UNKNOWN_ID).sum()),
                "types": len(np.unique(ids)),
            }
        return found


Problem = Callable[[BadInputError], None]


def read_chord_data(
    paths: Iterable[str | Path], problem: Problem | None = None, report: Report = silent
) -> ChordData:
    """Read collections: all that corpus.reading knows, in files and folders.

    Args:
        paths: what to read.
        problem: told of each file or song that cannot be used, which is then left out; without it
            the first one ends the reading.
        report: told how far the reading is.

    Raises:
        BadInputError: nothing there, nothing usable there, or see `problem`.
    """
    sources = [source for path in paths for source in find_sources(path)]
    songs: dict[str, ChordSong] = {}
    prints: dict[str, Fingerprint] = {}
    for number, source in enumerate(sources):
        report(f"reading {source.id}", number / len(sources))
        try:
            for name, song in source.read():
                own = name if name not in songs else f"{name}#{number}"
                songs[own] = chord_song(own, song, style_of(own, artist_of(source)))
                prints[own] = fingerprint(song)
        except BadInputError as error:
            if problem is None:
                raise
            problem(error)
    if not songs:
        raise BadInputError("no songs with chords in the input")
    groups = groups_of_prints(prints)
    report("reading", 1.0)
    return ChordData(tuple(songs.values()), tuple(map(tuple, groups)))


def artist_of(source: Source) -> str:
    """The artist that the file itself names, as those of Billboard do; empty for all others."""
    path = Path(source.path)
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return artist_in(head.decode("utf-8", "replace")) if looks_like_billboard(head) else ""


def save_chord_data(path: str | Path, data: ChordData) -> None:
    """Write songs and groups as one .npz, without pickles."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(song, name) for song in data.songs]) for name in COLUMNS
    }
    header = {
        "format": FORMAT,
        "vocabulary_hash": CHORD_VOCABULARY.hash,
        "ids": [song.id for song in data.songs],
        "lengths": [len(song) for song in data.songs],
        "contexts": [song.context for song in data.songs],
        "groups": data.groups,
    }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, header=np.frombuffer(msgspec.json.encode(header), np.uint8), **arrays
    )
    write_bytes(Path(path), buffer.getvalue())


class Header(msgspec.Struct):
    """What such a file says beside its arrays."""

    format: str
    vocabulary_hash: str
    ids: list[str]
    lengths: list[int]
    contexts: list[Context]
    groups: tuple[tuple[str, ...], ...]


def load_chord_data(path: str | Path) -> ChordData:
    """Read what `save_chord_data` wrote.

    Raises:
        BadInputError: not such a file, or one of another vocabulary.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            header = msgspec.json.decode(stored["header"].tobytes(), type=Header)
            arrays = {name: stored[name].astype(kind) for name, kind in COLUMNS.items()}
    except (OSError, ValueError, KeyError, EOFError, msgspec.DecodeError) as error:
        raise BadInputError(f"{path}: not a file of chord data ({error})") from error
    if header.format != FORMAT or header.vocabulary_hash != CHORD_VOCABULARY.hash:
        raise BadInputError(f"{path}: written with another vocabulary; read the songs anew")
    ends = np.cumsum(header.lengths)[:-1]
    pieces = {name: np.split(array, ends) for name, array in arrays.items()}
    songs = tuple(
        ChordSong(name, context, **{column: pieces[column][place] for column in COLUMNS})
        for place, (name, context) in enumerate(zip(header.ids, header.contexts, strict=True))
    )
    return ChordData(songs, header.groups)
