"""What a net needs to be trained by `muse train NAME`: one class, a recipe.

A recipe prepares the data, describes the net, and turns examples into batches and batches into a
loss. Everything else - options, loop, resume, run folder, plots, export - is done for it. The net
and its config dataclass live in models/NAME.py; the recipe in tools/training/recipes/NAME.py.

    class Echo(Recipe):
        name, what, licence = "echo", "says the last chord again", "MIT"
        settings = EchoSettings                     # a dataclass; --set KEY=VALUE sets fields
        defaults = {"epochs": 20, "batch_size": 64, "lr": 1e-3, "patience": 4}
        watched = Watched("top1", "higher")

        def prepare(self, data, settings, report): ...    # files -> Prepared
        def config(self, prepared, settings): ...         # -> EchoConfig
        def build(self, config): ...                      # -> nn.Module
        def batch(self, examples, indices, dice): ...     # -> dict of tensors
        def outcome(self, net, batch): ...                # -> Outcome(loss, sums)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muse.models.training.task import Batch, Indices, Means, Outcome, Side, Watched
from muse.tools.progress import Report

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure
    from torch import nn

SIDES: tuple[Side, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Source:
    """Data that a net learns from, as its card tells it.

    Attributes:
        name: of the corpus.
        licence: of the corpus.
        songs: how many of its songs were used.
        note: attribution, and how it was used.
    """

    name: str
    licence: str
    songs: int
    note: str = ""


@dataclass(frozen=True)
class Examples:
    """One side of the data.

    Attributes:
        arrays: what batches are made of; the first axis of each counts examples unless `count`
            is given (then they may be flat, with offsets among them).
        songs: identities of the songs that the examples are from; no song is on two sides.
        tokens: that are predicted in one pass.
        count: of examples; None takes the length of the first array.
    """

    arrays: Mapping[str, NDArray[Any]]
    songs: tuple[str, ...]
    tokens: int
    count: int | None = None

    def __len__(self) -> int:
        """How many examples."""
        if self.count is not None:
            return self.count
        return len(next(iter(self.arrays.values()), ()))


@dataclass(frozen=True)
class Prepared:
    """All data of a run.

    Attributes:
        train: what is learnt from.
        validation: what tells the best epoch.
        test: what the figures are measured on, once.
        vocabulary_hash: of the vocabulary that the ids are from; see fingerprint.hash_of.
        sources: where the data is from.
        extras: plain values that belong into the card of the weights, such as the vocabulary.
    """

    train: Examples
    validation: Examples
    test: Examples
    vocabulary_hash: str
    sources: tuple[Source, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    def side(self, name: Side) -> Examples:
        """One side by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


@dataclass(frozen=True)
class Confusion:
    """What was taken for what.

    Attributes:
        labels: names of the classes.
        counts: (classes, classes), rows what was true, columns what was predicted.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class NoSettings:
    """Nothing can be set."""


class Recipe(ABC):
    """How one net is trained; see the example on top of this file.

    Attributes:
        name: as `muse train NAME` takes it, and of the weights' files.
        what: one line for the card.
        task: what the net is for, in one word.
        licence: of the weights.
        settings: a dataclass with defaults; its fields are what --set and [settings] may change,
            of data or net.
        defaults: options of the command that this net wants otherwise, by their names.
        watched: metric on the validation side that tells the best epoch.
        needs_data: whether --data must be given.
        keep_every: epochs between two checkpoints that stay; 0 keeps best and last only.
        plotted: metrics whose history is drawn, besides loss and the watched one.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    task: ClassVar[str] = ""
    licence: ClassVar[str] = "MIT"
    settings: ClassVar[type] = NoSettings
    defaults: ClassVar[Mapping[str, Any]] = {}
    watched: ClassVar[Watched] = Watched()
    needs_data: ClassVar[bool] = True
    keep_every: ClassVar[int] = 0
    plotted: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def prepare(self, data: Path, settings: Any, report: Report) -> Prepared:
        """The data, split by song; the split depends on the songs and never on the run's seed.

        Args:
            data: file or folder that exists.
            settings: an instance of `settings`.
            report: hears how far it is.

        Raises:
            BadInputError: nothing in it can be read; the message names it.
        """

    @abstractmethod
    def config(self, prepared: Prepared, settings: Any) -> Any:
        """The net's config, a dataclass of plain values."""

    @abstractmethod
    def build(self, config: Any) -> nn.Module:
        """The net with fresh weights, from torch's random numbers only."""

    @abstractmethod
    def batch(
        self, examples: Examples, indices: Indices, dice: np.random.Generator | None
    ) -> Batch:
        """The examples with those indices as tensors; dice is None when nothing may be varied."""

    @abstractmethod
    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Loss and sums of metrics of a batch that is on the net's device."""

    def derived(self, means: Means) -> Means:
        """The metrics with what follows from them, such as a perplexity from a loss."""
        return means

    def baselines(self, prepared: Prepared) -> dict[str, Means]:
        """Name to metrics on the test side, of what a net must beat."""
        return {}

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """Further measures on the test side, as plain values."""
        return {}

    def confusion(
        self, net: nn.Module, prepared: Prepared, device: torch.device
    ) -> Confusion | None:
        """What was taken for what on the test side; None where that says nothing."""
        return None

    def pictures(self, prepared: Prepared) -> Mapping[str, Figure]:
        """Figures of the data, by the names of their files without suffix."""
        return {}


@dataclass(frozen=True)
class PreparedTask:
    """A recipe with its data, as the loop in models wants it.

    Attributes:
        recipe: how.
        prepared: on what.
    """

    recipe: Recipe
    prepared: Prepared

    def examples(self, side: Side) -> int:
        """How many examples the side has."""
        return len(self.prepared.side(side))

    def batch(self, side: Side, indices: Indices, rng: np.random.Generator | None) -> Batch:
        """The examples with those indices."""
        return self.recipe.batch(self.prepared.side(side), indices, rng)

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Loss and metrics."""
        return self.recipe.outcome(net, batch)
