"""The songs that training data is made of: read, put on one side of the split, ready for a form."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from muse.tools.datasets.duplicates import near_duplicates, with_singles
from muse.tools.datasets.forms.options import FormOptions
from muse.tools.datasets.readers import find_sources
from muse.tools.datasets.splits import Split, split_songs
from muse.tools.errors import BadInputError
from muse.tools.progress import Report, silent
from muse.tools.song.document import Song

logger = logging.getLogger("muse")


@dataclass(frozen=True)
class Entry:
    """A song, its id and its side of the split."""

    id: str
    song: Song
    split: Split


@dataclass
class Gathered:
    """What the inputs held.

    Attributes:
        entries: the songs in the order in which they were read.
        problems: a line for each file or song that could not be used.
        groups: ids of songs that are near-duplicates of each other; each group is on one side.
    """

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    groups: list[list[str]] = field(default_factory=list)


def gather(inputs: Sequence[str], options: FormOptions, report: Report = silent) -> Gathered:
    """Read files and folders, and split the songs in them.

    Args:
        inputs: files, folders, or '-'.
        options: seed and shares of the split are used.
        report: told how far the reading is.

    Raises:
        BadInputError: an input is not there, or no song could be read at all.
    """
    found = Gathered()
    songs = read_all(inputs, found.problems, report)
    if not songs:
        reason = found.problems[0] if found.problems else "no songs in the input"
        raise BadInputError(reason)
    found.groups = near_duplicates(songs.items())
    sides = split_songs(with_singles(found.groups, songs), options.seed, options.shares)
    found.entries = [Entry(name, song, sides[name]) for name, song in songs.items()]
    return found


def read_all(inputs: Sequence[str], problems: list[str], report: Report) -> dict[str, Song]:
    """All songs by id; files that cannot be read are noted."""
    sources = [source for path in inputs for source in find_sources(path)]
    songs: dict[str, Song] = {}
    for number, source in enumerate(sources):
        report("reading", number / len(sources))
        try:
            read = source.read()
        except BadInputError as error:
            problems.append(str(error))
            continue
        for name, song in read:
            songs[own_id(name, song, songs)] = song
    report("reading", 1.0)
    return songs


def own_id(name: str, song: Song, songs: dict[str, Song]) -> str:
    """The name, with a number behind it where another song has it already."""
    number, candidate = 1, name
    while candidate in songs and songs[candidate] is not song:
        number += 1
        candidate = f"{name}#{number}"
    return candidate
