"""Read the tunes of an ABC file as Songs.

Repeats, endings and parts are played. Left out, with one line of notice: grace notes, jumps such as
D.C., macros, and what `unread.py` names. A tune that cannot be read is named and skipped.
Source: the ABC standard 2.1.
"""

import logging
import re

from muse.tools.datasets.abc.build_song import song_of
from muse.tools.datasets.abc.parser import parse_tune
from muse.tools.datasets.abc.text import TuneText, decode, split_tunes
from muse.tools.datasets.abc.unread import Unread
from muse.tools.datasets.text_lines import NamedSongs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song
from muse.tools.song.validation import first_problem

log = logging.getLogger("muse")

MARK = re.compile(r"\s*%abc")
REFERENCE, KEY = re.compile(r"^\s*X:\s*\d", re.MULTILINE), re.compile(r"^\s*K:", re.MULTILINE)
LINE_ENDS = str.maketrans("\r", "\n")


def looks_like_abc(head: bytes) -> bool:
    """Return whether a file has `X:` and `K:` fields, which every ABC tune must have."""
    text = decode(head).translate(LINE_ENDS)
    return bool(REFERENCE.search(text) and (KEY.search(text) or MARK.match(text)))


def read_abc(data: bytes, name: str) -> NamedSongs:
    """Read the tunes of an ABC file.

    Several tunes have their numbers (X:) as ids, or are numbered from 1 if these repeat. A tune
    that cannot be read is left out with a warning.

    Raises:
        BadInputError: no tune can be read.
    """
    unread = Unread()
    songs: list[tuple[TuneText, Song]] = []
    errors: list[str] = []
    tunes = split_tunes(decode(data))
    for tune in tunes:
        try:
            songs.append((tune, read_tune(tune, unread)))
        except BadInputError as error:
            errors.append(f"{tune.label}: {error}" if len(tunes) > 1 else str(error))
    if not songs:
        raise BadInputError(f"{name}: {errors[0] if errors else 'it has no tune (X:)'}")
    for text in errors:
        log.warning("%s: skipped %s", name, text)
    if sentence := unread.sentence():
        log.warning("%s: not read: %s", name, sentence)
    return named(songs, len(tunes))


def read_tune(tune: TuneText, unread: Unread) -> Song:
    """Read one tune; raises BadInputError."""
    own = Unread()
    song = song_of(parse_tune(tune, own), own)
    if problem := first_problem(song):
        raise BadInputError(problem)
    unread.update(own)
    return song


def named(songs: list[tuple[TuneText, Song]], count: int) -> NamedSongs:
    """Return the songs with their ids; `count` is the number of tunes in the file."""
    if count == 1:
        return [("", songs[0][1])]
    numbers = [tune.first_value("X") for tune, _ in songs]
    if len(set(numbers)) < len(numbers) or not all(map(str.isdecimal, numbers)):
        numbers = [str(tune.order) for tune, _ in songs]
    return [(number, song) for number, (_, song) in zip(numbers, songs, strict=True)]
