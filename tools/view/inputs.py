"""Inputs of `muse view`: a song in any format that muse reads, or audio, recognized by content."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from muse.tools.datasets.readers import find_kind, read_head, song_in
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import input_name, on_disk
from muse.tools.song.document import Song, Track


@dataclass(frozen=True)
class Sound:
    """An audio file that has not been read yet."""

    path: Path
    name: str


@contextmanager
def open_input(source: str | Path) -> Iterator[Song | Sound]:
    """Open a Song, which is read, or audio, which can be read inside the `with`.

    Args:
        source: a path, or '-' for standard input.

    Raises:
        BadInputError: the file is missing or empty, or a song that cannot be read.
    """
    name = input_name(source)
    with on_disk(source) as path:
        head = head_of(path, name)
        if not head:
            raise BadInputError(f"{name}: is empty")
        yield song_in(path.read_bytes(), name) if find_kind(head) else Sound(path, name)


def head_of(path: Path, name: str) -> bytes:
    """Return the first bytes of a file, which tell its kind."""
    try:
        return read_head(path)
    except OSError as error:
        raise BadInputError(f"{name}: {error.strerror or error}") from error


def with_tracks(song: Song, wanted: str | None) -> Song:
    """Return the song with some of its tracks: numbers from 1, or parts of their names.

    Args:
        song: not changed.
        wanted: for example "1,3" or "lead,bass"; None for all tracks.

    Raises:
        ParameterError: a name matches no track.
    """
    if wanted is None:
        return song
    chosen: set[int] = set()
    for word in filter(None, (word.strip() for word in wanted.split(","))):
        found = tracks_called(song.tracks, word)
        if not found:
            names = ", ".join(f"{i} {t.name or t.role}" for i, t in enumerate(song.tracks, 1))
            raise ParameterError(f"--tracks: no track matches '{word}'; the tracks are {names}")
        chosen |= found
    tracks = [track for index, track in enumerate(song.tracks) if index in chosen]
    return msgspec.structs.replace(song, tracks=tracks)


def tracks_called(tracks: Sequence[Track], word: str) -> set[int]:
    """Return the indices of the tracks with a number, or with the word in their name or role."""
    if word.isdecimal():
        return {int(word) - 1} & set(range(len(tracks)))
    named = (f"{track.name} {track.role}".lower() for track in tracks)
    return {index for index, names in enumerate(named) if word.lower() in names}


def with_found_chords(song: Song) -> Song:
    """Return the song with chords and keys detected from its notes where it has none."""
    from muse.tools.theory.chord_finding import find_chords
    from muse.tools.theory.key_finding import find_keys

    chords, keys = song.chords or find_chords(song), song.keys or find_keys(song)
    return msgspec.structs.replace(song, chords=chords, keys=keys)
