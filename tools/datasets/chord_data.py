"""Collections as sets of ChordSongs: read, grouped by near-duplicates, saved in one file.

The lists of progressions have no durations: each of their chords lasts a bar. Styles follow the
rule of style_labels.py.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muse.tools.datasets.billboard import looks_like_billboard
from muse.tools.datasets.chord_events import Context
from muse.tools.datasets.chord_songs import COLUMNS, ChordSong, chord_song
from muse.tools.datasets.fingerprints import Fingerprint, fingerprint
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.readers import Problem, Source
from muse.tools.datasets.song_sets import (
    SongSet,
    SongSetLayout,
    load_song_set,
    read_song_set,
    save_song_set,
)
from muse.tools.datasets.style_labels import artist_in, style_of
from muse.tools.datasets.vocabulary import UNKNOWN_ID
from muse.tools.progress import Report, silent
from muse.tools.song.document import Song

__all__ = [
    "ChordData",
    "ChordSong",
    "load_chord_data",
    "read_chord_data",
    "save_chord_data",
]

FORMAT = "muse.chord-data/1"
LAYOUT = SongSetLayout(FORMAT, "chord data", COLUMNS, Context, ChordSong)
HEAD = 8192  # bytes of a file that are searched for an artist


@dataclass(frozen=True)
class ChordData(SongSet[ChordSong]):
    """Songs in reading order, and the groups of near-duplicates among them."""

    def content_hash(self) -> str:
        """Return the SHA-256 of all songs, groups and the vocabulary."""
        digest = hashlib.sha256(f"{FORMAT} {CHORD_VOCABULARY.hash} {self.groups}".encode())
        for song in self.songs:
            digest.update(f"{song.id} {song.context}".encode())
            for name in COLUMNS:
                digest.update(np.ascontiguousarray(getattr(song, name)).tobytes())
        return digest.hexdigest()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the numbers of songs, chords, unknown chords and chord types by corpus."""
        counts: dict[str, dict[str, int]] = {}
        for corpus in dict.fromkeys(song.corpus for song in self.songs):
            songs = [song for song in self.songs if song.corpus == corpus]
            ids = np.concatenate([song.common_ids() for song in songs])
            counts[corpus] = {
                "songs": len(songs),
                "chords": len(ids),
                "unknown": int((ids == UNKNOWN_ID).sum()),
                "types": len(np.unique(ids)),
            }
        return counts


def read_chord_data(
    paths: Iterable[str | Path], problem: Problem | None = None, report: Report = silent
) -> ChordData:
    """Read collections of any kind that datasets.readers knows.

    Args:
        paths: files and folders.
        problem: called with the error of each file or song that is skipped; if None, the first
            error is raised.
        report: called with the progress.

    Raises:
        BadInputError: nothing usable was found, or see `problem`.
    """
    return ChordData(*read_song_set(paths, read_chords, "songs with chords", problem, report))


def read_chords(name: str, song: Song, source: Source) -> tuple[ChordSong, Fingerprint]:
    """Return the arrays and the fingerprint of a song; raises BadInputError."""
    return chord_song(name, song, style_of(name, artist_of(source))), fingerprint(song)


def artist_of(source: Source) -> str:
    """Return the artist named in a Billboard file; empty for all other files."""
    path = Path(source.path)
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return artist_in(head.decode("utf-8", "replace")) if looks_like_billboard(head) else ""


def save_chord_data(path: str | Path, data: ChordData) -> None:
    """Write songs and groups to one .npz file, without pickles."""
    save_song_set(path, data, LAYOUT)


def load_chord_data(path: str | Path) -> ChordData:
    """Load what `save_chord_data` wrote.

    Raises:
        BadInputError: it is not such a file, or of another vocabulary.
    """
    return ChordData(*load_song_set(path, LAYOUT))
