"""Reading of the input songs of `muse melody`: the song, a motif, a rhythm."""

import sys

from muse.tools.datasets.readers import read_songs
from muse.tools.errors import ParameterError
from muse.tools.files import PIPE
from muse.tools.song.document import Song


def read_input_songs(source: str) -> list[Song]:
    """Read all songs of a file of any kind, or of standard input for '-'.

    Raises:
        ParameterError: standard input is a terminal.
        BadInputError: a file cannot be read.
    """
    if source == PIPE and sys.stdin.isatty():
        raise ParameterError(
            "no song given; name a file, or pipe one in, for example from `muse chords --bars 8`"
        )
    return [song for _, song in read_songs(source)]


def read_first_song(source: str) -> Song:
    """Read the first song of a file or of standard input; raises as `read_input_songs`."""
    return read_input_songs(source)[0]
