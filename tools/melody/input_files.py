"""Songs from files and standard input: the song, motif and rhythm of `muse melody`."""

import sys

from muse.tools.datasets.readers import read_songs
from muse.tools.errors import ParameterError
from muse.tools.files import PIPE
from muse.tools.song.document import Song


def read_input_songs(source: str) -> list[Song]:
    """Read all songs of a file of any kind, or of standard input for '-'.

    Raises:
        ParameterError: standard input is a terminal.
        BadInputError: it cannot be read.
    """
    if source == PIPE and sys.stdin.isatty():
        raise ParameterError("no song: name a file, or pipe one in, as from `muse chords --bars 8`")
    return [song for _, song in read_songs(source)]


def read_first_song(source: str) -> Song:
    """Read the first song of a file; raises as `read_input_songs`."""
    return read_input_songs(source)[0]
