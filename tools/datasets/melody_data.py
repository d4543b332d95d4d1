"""Melodies with chords: read from any collection, split by song, kept in one file (song_sets)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from muse.tools.datasets.fingerprints import Fingerprint, fingerprint
from muse.tools.datasets.forms.melody import find_melody_track
from muse.tools.datasets.melody_songs import ARRAYS, MelodyContext, MelodySong, melody_song
from muse.tools.datasets.readers import Problem, Source
from muse.tools.datasets.song_sets import (
    SongSet,
    SongSetLayout,
    load_song_set,
    read_song_set,
    save_song_set,
)
from muse.tools.progress import Report, silent
from muse.tools.song.document import Song

FORMAT = "muse.melody-data/1"
LAYOUT = SongSetLayout(FORMAT, "melodies", ARRAYS, MelodyContext, MelodySong)


@dataclass(frozen=True)
class MelodyData(SongSet[MelodySong]):
    """Songs in the order in which they were read, and the groups of near-duplicates among them."""

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
    return MelodyData(*read_song_set(paths, read_melody, "songs with a melody", problem, report))


def read_melody(name: str, song: Song, _source: Source) -> tuple[MelodySong, Fingerprint]:
    """The arrays of a song and what it is recognised by; raises BadInputError."""
    return melody_song(name, song), fingerprint(led_by_melody(song))


def led_by_melody(song: Song) -> Song:
    """The song with its melody as the only track, so that it is recognised by that."""
    lead = msgspec.structs.replace(find_melody_track(song), role="lead", confidence=None)
    return msgspec.structs.replace(song, tracks=[lead])


def save_melody_data(path: str | Path, data: MelodyData) -> None:
    """Write songs and groups as one .npz, without pickles."""
    save_song_set(path, data, LAYOUT)


def load_melody_data(path: str | Path) -> MelodyData:
    """Read what `save_melody_data` wrote.

    Raises:
        BadInputError: not such a file, or one of another vocabulary.
    """
    return MelodyData(*load_song_set(path, LAYOUT))
