"""Files that a melody is asked for with: songs, motifs, rhythms."""

import sys

from muse.tools.datasets.readers import read_songs
from muse.tools.errors import ParameterError
from muse.tools.files import PIPE
from muse.tools.song.document import Song


def songs_in(source: str) -> list[Song]:
    """All songs of a file, whatever its kind, or of standard input for '-'.

    Raises:
        ParameterError: standard input is a terminal.
        BadInputError: it cannot be read.
    """
    if source == PIPE and sys.stdin.isatty():
        raise ParameterError("no song: name a file, or pipe one in, as from `muse chords --bars 8`")
    return [song for _, song in read_songs(source)]


def first_song(source: str) -> Song:
    """The song of a file, or its first one; raises as songs_in."""
    return songs_in(source)[0]
