"""Songs of training data: read from files and assigned to splits."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from muse.tools.datasets.duplicates import add_singletons, find_near_duplicates
from muse.tools.datasets.forms.options import FormOptions
from muse.tools.datasets.readers import find_sources
from muse.tools.datasets.splits import Split, split_songs
from muse.tools.errors import BadInputError
from muse.tools.progress import Report, silent
from muse.tools.song.document import Song

logger = logging.getLogger("muse")


@dataclass(frozen=True)
class Entry:
    """A song with its id and split."""

    id: str
    song: Song
    split: Split


@dataclass
class SongCollection:
    """Songs read from the inputs.

    Attributes:
        entries: the songs in the order of reading.
        problems: one line for each file or song that cannot be used.
        groups: ids of near-duplicates; each group is in one split.
    """

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    groups: list[list[str]] = field(default_factory=list)


def collect_songs(
    inputs: Sequence[str], options: FormOptions, report: Report = silent
) -> SongCollection:
    """Read files and folders, and assign their songs to splits.

    Args:
        inputs: files, folders, or '-'.
        options: its seed and shares determine the splits.
        report: called with the progress.

    Raises:
        BadInputError: an input does not exist, or no song can be read.
    """
    collection = SongCollection()
    songs = read_all(inputs, collection.problems, report)
    if not songs:
        reason = collection.problems[0] if collection.problems else "no songs in the input"
        raise BadInputError(reason)
    collection.groups = find_near_duplicates(songs.items())
    splits = split_songs(add_singletons(collection.groups, songs), options.seed, options.shares)
    collection.entries = [Entry(name, song, splits[name]) for name, song in songs.items()]
    return collection


def read_all(inputs: Sequence[str], problems: list[str], report: Report) -> dict[str, Song]:
    """Return all songs by id; add unreadable files to `problems`."""

    def problem(error: BadInputError) -> None:
        problems.append(str(error))

    sources = [source for path in inputs for source in find_sources(path, problem)]
    songs: dict[str, Song] = {}
    for number, source in enumerate(sources):
        report("reading", number / len(sources))
        try:
            read = source.read()
        except BadInputError as error:
            problems.append(str(error))
            continue
        for name, song in read:
            songs[unique_id(name, song, songs)] = song
    report("reading", 1.0)
    return songs


def unique_id(name: str, song: Song, songs: dict[str, Song]) -> str:
    """Return the name, with a number appended if another song has it."""
    number, candidate = 1, name
    while candidate in songs and songs[candidate] is not song:
        number += 1
        candidate = f"{name}#{number}"
    return candidate
