"""Collections as sets of MelodySongs: read, grouped by near-duplicates, saved in one file."""

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
    """Songs in reading order, and the groups of near-duplicates among them."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the numbers of songs and notes by corpus."""
        songs = Counter(song.corpus for song in self.songs)
        notes: Counter[str] = Counter()
        for song in self.songs:
            notes[song.corpus] += len(song)
        return {name: {"songs": songs[name], "notes": notes[name]} for name in songs}


def read_melody_data(
    paths: Iterable[str | Path], problem: Problem | None = None, report: Report = silent
) -> MelodyData:
    """Read collections of any kind that datasets.readers knows.

    Args:
        paths: files and folders.
        problem: called with the error of each file or song that is skipped; if None, the first
            error is raised.
        report: called with the progress.

    Raises:
        BadInputError: nothing usable was found, or see `problem`.
    """
    return MelodyData(*read_song_set(paths, read_melody, "songs with a melody", problem, report))


def read_melody(name: str, song: Song, _source: Source) -> tuple[MelodySong, Fingerprint]:
    """Return the arrays and the fingerprint of a song; raises BadInputError."""
    return melody_song(name, song), fingerprint(melody_only(song))


def melody_only(song: Song) -> Song:
    """Return the song with its melody as the only track, for a fingerprint of the melody."""
    lead = msgspec.structs.replace(find_melody_track(song), role="lead", confidence=None)
    return msgspec.structs.replace(song, tracks=[lead])


def save_melody_data(path: str | Path, data: MelodyData) -> None:
    """Write songs and groups to one .npz file, without pickles."""
    save_song_set(path, data, LAYOUT)


def load_melody_data(path: str | Path) -> MelodyData:
    """Load what `save_melody_data` wrote.

    Raises:
        BadInputError: it is not such a file, or of another vocabulary.
    """
    return MelodyData(*load_song_set(path, LAYOUT))
