"""What the recipes over songs share: choosing songs, the collections they know, plain figures."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from muse.models.training.task import Means
from muse.tools.datasets.song_sets import ArraySong, SongSet
from muse.tools.datasets.splits import Split
from muse.tools.errors import BadInputError
from muse.tools.training.recipe import Source

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound=ArraySong)

# what is known of the collections that muse's own nets are trained on
SOURCES = {
    "pop909": ("POP909", "MIT", "Wang et al., ISMIR 2020"),
    "billboard": ("McGill Billboard", "CC0", "Burgoyne, Wild and Fujinaga, ISMIR 2011"),
    "openewld": ("OpenEWLD", "MIT, tunes in the public domain", "Simonetta et al., 2018"),
    "progressions": ("free-midi-chords", "MIT", "Ludovic Drolez"),
    "neo_soul": ("examples/neo_soul.txt", "MIT", "written for muse"),
}


class SplitSettings(Protocol):
    """Settings that choose songs."""

    @property
    def split_seed(self) -> int:
        """Of the split by song."""
        ...

    @property
    def corpora(self) -> str:
        """Names with commas between them; empty for all."""
        ...


def chosen_sides(
    found: SongSet[S], settings: SplitSettings, data: Path, what: str
) -> dict[Split, list[S]]:
    """The songs of the corpora asked for, by side of the split.

    Args:
        found: all songs.
        settings: which of them, and how they are split.
        data: where they are from, for a message.
        what: they are, for a message.

    Raises:
        BadInputError: none of them is left to learn from.
    """
    wanted = set(filter(None, settings.corpora.split(",")))
    sides = {
        side: [song for song in songs if not wanted or song.corpus in wanted]
        for side, songs in found.sides(settings.split_seed).items()
    }
    if not sides["train"]:
        raise BadInputError(f"{data}: no {what} of {settings.corpora or 'any kind'}")
    return sides


def figures_of(row: "DataclassInstance") -> Means:
    """A row of figures as plain numbers."""
    return {name: float(value) for name, value in asdict(row).items()}


def sources_of(songs: Iterable[ArraySong]) -> tuple[Source, ...]:
    """The collections that the songs are from, with how many songs of each."""
    found = []
    for corpus, count in Counter(song.corpus for song in songs).items():
        name, licence, note = SOURCES.get(corpus, (corpus, "unknown", ""))
        found.append(Source(name, licence, count, note))
    return tuple(found)


def warn_of(problems: Iterable[BadInputError]) -> None:
    """Say which songs were left out, and why."""
    for problem in problems:
        logging.getLogger("muse").warning("left out: %s", problem)
