"""What the recipes over songs share: the collections they know, and plain figures."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from muse.models.training.task import Means
from muse.tools.errors import BadInputError
from muse.tools.training.recipe import Source

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# what is known of the collections that muse's own nets are trained on
SOURCES = {
    "pop909": ("POP909", "MIT", "Wang et al., ISMIR 2020"),
    "billboard": ("McGill Billboard", "CC0", "Burgoyne, Wild and Fujinaga, ISMIR 2011"),
    "openewld": ("OpenEWLD", "MIT, tunes in the public domain", "Simonetta et al., 2018"),
    "progressions": ("free-midi-chords", "MIT", "Ludovic Drolez"),
    "neo_soul": ("examples/neo_soul.txt", "MIT", "written for muse"),
}


class FromCorpus(Protocol):
    """A song that knows which collection it is from."""

    @property
    def corpus(self) -> str:
        """The collection's name."""
        ...


def figures_of(row: "DataclassInstance") -> Means:
    """A row of figures as plain numbers."""
    return {name: float(value) for name, value in asdict(row).items()}


def sources_of(songs: Iterable[FromCorpus]) -> tuple[Source, ...]:
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
