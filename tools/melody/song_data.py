"""Melodies with chords: read from any collection, split by song, kept in one file."""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from muse.tools.corpus.duplicates import groups_of_prints, with_singles
from muse.tools.corpus.fingerprints import Fingerprint, fingerprint
from muse.tools.corpus.reading import find_sources
from muse.tools.corpus.splits import SHARES, SPLITS, Split, split_songs
from muse.tools.errors import BadInputError
from muse.tools.files import write_bytes
from muse.tools.forms.harmony import CHORD_VOCABULARY
from muse.tools.forms.melody import melody_track
from muse.tools.melody.song_arrays import ARRAYS, MelodyContext, MelodySong, melody_song
from muse.tools.progress import Report, silent
from muse.tools.song import Song

FORMAT = "muse.melody-data/1"

Problem = Callable[[BadInputError], None]


@dataclass(frozen=True)
class MelodyData:
    """Songs in the order in which they were read, and the groups of near-duplicates among them."""

    songs: tuple[MelodySong, ...]
    groups: tuple[tuple[str, ...], ...] = ()

    def sides(
        self, seed: int = 0, shares: Sequence[float] = SHARES
    ) -> dict[Split, list[MelodySong]]:
        """The songs for training, validation and test, near-duplicates on one side.

        Raises:
            ParameterError: the shares do not add up to 1.
        """
        side = split_songs(with_singles(self.groups, (s.id for s in self.songs)), seed, shares)
        return {name: [s for s in self.songs if side[s.id] == name] for name in SPLITS}

    def counts(self) -> dict[str, dict[str, int]]:
        """Songs and notes by corpus."""
        songs = Counter(song.corpus for song in self.songs)
        notes: Counter[str] = Counter()
        for song in self.songs:
            notes[song.corpus] += len(song)
        return {name: {"songs": songs[name], "notes": notes[name]} for name in songs}


def read_melody_data(
    paths: Iterable[str | Path], problem: Problem | None = None, report: Report = silent
) -> MelodyData:
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
    songs: dict[str, MelodySong] = {}
    prints: dict[str, Fingerprint] = {}
    for number, source in enumerate(sources):
        report(f"reading {source.id}", number / len(sources))
        try:
            for name, song in source.read():
                own = name if name not in songs else f"{name}#{number}"
                songs[own] = melody_song(own, song)
                prints[own] = fingerprint(led_by_melody(song))
        except BadInputError as error:
            if problem is None:
                raise
            problem(error)
    if not songs:
        raise BadInputError("no songs with a melody in the input")
    report("reading", 1.0)
    return MelodyData(tuple(songs.values()), tuple(map(tuple, groups_of_prints(prints))))


def led_by_melody(song: Song) -> Song:
    """The song with its melody as the only track, so that it is recognised by that."""
    lead = msgspec.structs.replace(melody_track(song), role="lead", confidence=None)
    return msgspec.structs.replace(song, tracks=[lead])


def save_melody_data(path: str | Path, data: MelodyData) -> None:
    """Write songs and groups as one .npz, without pickles."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(song, name) for song in data.songs]) for name in ARRAYS
    }
    header = {
        "format": FORMAT,
        "vocabulary_hash": CHORD_VOCABULARY.hash,
        "ids": [song.id for song in data.songs],
        "lengths": [len(song) for song in data.songs],
        "contexts": [asdict(song.context) for song in data.songs],
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
    contexts: list[MelodyContext]
    groups: tuple[tuple[str, ...], ...]


def load_melody_data(path: str | Path) -> MelodyData:
    """Read what `save_melody_data` wrote.

    Raises:
        BadInputError: not such a file, or one of another vocabulary.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            header = msgspec.json.decode(stored["header"].tobytes(), type=Header)
            arrays = {name: stored[name].astype(kind) for name, kind in ARRAYS.items()}
    except (OSError, ValueError, KeyError, EOFError, msgspec.DecodeError) as error:
        raise BadInputError(f"{path}: not a file of melodies ({error})") from error
    if header.format != FORMAT or header.vocabulary_hash != CHORD_VOCABULARY.hash:
        raise BadInputError(f"{path}: written with another vocabulary; read the songs anew")
    ends = np.cumsum(header.lengths)[:-1]
    pieces = {name: np.split(array, ends) for name, array in arrays.items()}
    songs = tuple(
        MelodySong(name, context, **{key: pieces[key][place] for key in ARRAYS})
        for place, (name, context) in enumerate(zip(header.ids, header.contexts, strict=True))
    )
    return MelodyData(songs, header.groups)
