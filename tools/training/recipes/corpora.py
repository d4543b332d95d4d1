"""Shared by the recipes over songs: reading them, choosing corpora, sources for the card."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from muse.models.training.task import Means
from muse.tools.datasets.chord_data import ChordData, load_chord_data, read_chord_data
from muse.tools.datasets.melody_data import MelodyData, load_melody_data, read_melody_data
from muse.tools.datasets.song_sets import ArraySong, SongSet
from muse.tools.datasets.splits import Split
from muse.tools.errors import BadInputError
from muse.tools.progress import Report
from muse.tools.training.data_folder import (
    CHORD_COLLECTIONS,
    MELODY_COLLECTIONS,
    SOURCES,
    collections_in,
)
from muse.tools.training.recipe import Source

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CACHE = ".npz"

# Times that a song of a corpus is in the training data; others are there once. The lead sheets of
# OpenEWLD, also labelled jazz, are of the swing era: triads and dominants, few ii chords. Thrice,
# the charts of jazz.txt are about as many songs as those.
REPEATS = {"jazz": 3}

S = TypeVar("S", bound=ArraySong)


@dataclass(frozen=True)
class CountSettings:
    """Settings of a fit that counts songs.

    Attributes:
        split_seed: of the split by song.
    """

    split_seed: int = 0


class SplitSettings(Protocol):
    """Settings that choose songs."""

    @property
    def split_seed(self) -> int:
        """Seed of the split by song."""
        ...

    @property
    def corpora(self) -> str:
        """Names of corpora separated by commas; empty for all."""
        ...


def load_chords(data: Path, report: Report) -> ChordData:
    """Return the songs with chords of a data folder, of any folder or file, or of a cache.

    Args:
        data: the data folder, of which the chord collections are read; or files of songs; or a
            .npz that `save_chord_data` wrote.
        report: called with the stage and the fraction done.

    Raises:
        BadInputError: there are no songs with chords.
    """
    if data.suffix == CACHE:
        return load_chord_data(data)
    problems: list[BadInputError] = []
    found = read_chord_data(collections_in(data, CHORD_COLLECTIONS), problems.append, report)
    log_skipped(problems)
    return found


def load_melodies(data: Path, report: Report) -> MelodyData:
    """Return the melodies of a data folder, of any folder or file, or of a cache.

    Arguments and errors are those of `load_chords`.
    """
    if data.suffix == CACHE:
        return load_melody_data(data)
    problems: list[BadInputError] = []
    found = read_melody_data(collections_in(data, MELODY_COLLECTIONS), problems.append, report)
    log_skipped(problems)
    return found


def chosen_sides(
    found: SongSet[S], settings: SplitSettings, data: Path, what: str
) -> dict[Split, list[S]]:
    """Return the songs of the chosen corpora by side of the split.

    Args:
        found: all songs.
        settings: name the corpora and the split.
        data: where the songs are from, for the message of an error.
        what: kind of songs, for the message of an error.

    Raises:
        BadInputError: the training side is empty.
    """
    wanted = set(filter(None, settings.corpora.split(",")))
    sides = {
        side: [song for song in songs if not wanted or song.corpus in wanted]
        for side, songs in found.sides(settings.split_seed).items()
    }
    if not sides["train"]:
        raise BadInputError(f"{data}: no {what} of {settings.corpora or 'any corpus'} in it")
    return sides


def repeated(songs: Iterable[S]) -> list[S]:
    """Return songs to train on, each as often as REPEATS says."""
    return [song for song in songs for _ in range(REPEATS.get(song.corpus, 1))]


def figures_of(row: "DataclassInstance") -> Means:
    """Return the fields of a row of figures as plain numbers."""
    return {name: float(value) for name, value in asdict(row).items()}


def sources_of(songs: Iterable[ArraySong]) -> tuple[Source, ...]:
    """Return the collections that the songs are from, each with its number of songs."""
    found = []
    for corpus, count in Counter(song.corpus for song in songs).items():
        name, licence, note = SOURCES.get(corpus, (corpus, "unknown", ""))
        found.append(Source(name, licence, count, note))
    return tuple(found)


def source_records(songs: Iterable[ArraySong]) -> list[dict[str, Any]]:
    """Return `sources_of` as plain values for a card."""
    return [asdict(source) for source in sources_of(songs)]


def log_skipped(problems: Iterable[BadInputError]) -> None:
    """Log a warning for each song that was skipped, with the reason."""
    for problem in problems:
        logging.getLogger("muse").warning("skipped: %s", problem)
