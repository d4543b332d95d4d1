"""What a net needs to be trained by `muse train NAME`: one class, a recipe.

A recipe prepares the data, describes the net, and turns examples into batches and batches into a
loss. Options, training loop, resuming, run folder, plots and export are shared by all recipes. The
net and its config are in models/NAME/, the recipe in tools/training/recipes/NAME.py, and its name
in registry.py. A model that needs no such loop is a Fit (fit.py).

    class Echo(Recipe):
        name, what, licence = "echo", "repeats the last chord", "MIT"
        settings = EchoSettings                     # a dataclass; --set KEY=VALUE sets fields
        defaults = {"epochs": 20, "batch_size": 64, "lr": 1e-3, "patience": 4}
        watched = Watched("top1", "higher")

        def prepare(self, data, settings, report): ...    # files -> Prepared
        def config(self, prepared, settings): ...         # -> EchoConfig
        def build(self, config): ...                      # -> nn.Module
        def batch(self, examples, indices, rng): ...      # -> dict of tensors
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
    """A corpus that a net learns from, as it appears on the card.

    Attributes:
        name: of the corpus.
        licence: of the corpus.
        songs: number of its songs that are used.
        note: attribution, and how the corpus is used.
    """

    name: str
    licence: str
    songs: int
    note: str = ""


@dataclass(frozen=True)
class Examples:
    """One side of the data.

    Attributes:
        arrays: of which batches are made; the first axis of each has one entry per example unless
            `count` is given (then they may be flat, with offsets among them).
        songs: ids of the songs that the examples are from; no song is on two sides.
        tokens: number of predictions in one pass over the side.
        count: number of examples; None takes the length of the first array.
    """

    arrays: Mapping[str, NDArray[Any]]
    songs: tuple[str, ...]
    tokens: int
    count: int | None = None

    def __len__(self) -> int:
        """Return the number of examples."""
        if self.count is not None:
            return self.count
        return len(next(iter(self.arrays.values()), ()))


@dataclass(frozen=True)
class Prepared:
    """All data of a run.

    Attributes:
        train: examples that the net learns from.
        validation: examples that decide which epoch is best.
        test: examples that the figures are measured on, once.
        vocabulary_hash: of the vocabulary of the ids; see fingerprint.hash_of.
        sources: corpora that the data is from.
        extras: further plain values for the card of the weights, such as the vocabulary.
    """

    train: Examples
    validation: Examples
    test: Examples
    vocabulary_hash: str
    sources: tuple[Source, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    def side(self, name: Side) -> Examples:
        """Return one side by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix.

    Attributes:
        labels: names of the classes.
        counts: (classes, classes), true classes in rows, predicted ones in columns.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """A small part of the data that a recipe makes itself, for an estimate.

    Attributes:
        settings: with which `prepare` makes the part.
        examples: number of examples on each side of the whole data.
        size_bytes: of the files that the whole data will be written to; 0 for none.
        folder: of these files.
    """

    settings: Any
    examples: Mapping[Side, int]
    size_bytes: int = 0
    folder: Path = Path()


@dataclass(frozen=True)
class NoSettings:
    """No settings."""


class Recipe(ABC):
    """How one net is trained; see the example at the top of this file.

    Attributes:
        name: as `muse train NAME` takes it, and of the weights' files.
        what: one line for the card.
        task: what the net is for, in one word.
        licence: of the weights.
        settings: a dataclass with defaults for data and net; --set and [settings] change its
            fields.
        defaults: options of the command whose default is another one for this net, by name.
        watched: metric on the validation side that decides which epoch is best.
        needs_data: whether --data must be given.
        makes_data: whether `prepare` makes the data where --data names a missing folder.
        keep_every: epochs between two checkpoints that are not deleted; 0 leaves the best and the
            last only.
        plotted: metrics whose history is plotted, besides loss and the watched one.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    task: ClassVar[str] = ""
    licence: ClassVar[str] = "MIT"
    settings: ClassVar[type] = NoSettings
    defaults: ClassVar[Mapping[str, Any]] = {}
    watched: ClassVar[Watched] = Watched()
    needs_data: ClassVar[bool] = True
    makes_data: ClassVar[bool] = False
    keep_every: ClassVar[int] = 0
    plotted: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def prepare(self, data: Path, settings: Any, report: Report) -> Prepared:
        """Return the data, split by song; the split never depends on the run's seed.

        Args:
            data: file or folder that exists.
            settings: an instance of `settings`.
            report: called with the stage and the fraction done.

        Raises:
            BadInputError: `data` holds nothing usable; the message names it.
        """

    def sample(self, data: Path, settings: Any, folder: Path) -> Sample | None:
        """Return how a part of the data is made for an estimate; None if the data are only read.

        Args:
            data: as of `prepare`.
            settings: as of `prepare`.
            folder: for files of the part; it is deleted after the estimate.
        """
        return None

    @abstractmethod
    def config(self, prepared: Prepared, settings: Any) -> Any:
        """Return the net's config, a dataclass of plain values."""

    @abstractmethod
    def build(self, config: Any) -> nn.Module:
        """Return the net with random weights, drawn by torch only."""

    @abstractmethod
    def batch(self, examples: Examples, indices: Indices, rng: np.random.Generator | None) -> Batch:
        """Return the examples with these indices as tensors; `rng` draws augmentation, if any."""

    @abstractmethod
    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Return loss and sums of metrics for a batch that is on the net's device."""

    def derived(self, means: Means) -> Means:
        """Return the metrics and those derived from them, such as a perplexity from a loss."""
        return means

    def baselines(self, prepared: Prepared) -> dict[str, Means]:
        """Return metrics on the test side of simple models to compare with, by name."""
        return {}

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """Return further measures on the test side, as plain values."""
        return {}

    def confusion(
        self, net: nn.Module, prepared: Prepared, device: torch.device
    ) -> Confusion | None:
        """Return the confusion matrix of the test side; None if the net has no classes."""
        return None

    def pictures(self, prepared: Prepared) -> Mapping[str, Figure]:
        """Return figures of the data by file name without suffix."""
        return {}


@dataclass(frozen=True)
class PreparedTask:
    """A recipe with its data: the `Task` of the training loop.

    Attributes:
        recipe: of the net.
        prepared: its data.
    """

    recipe: Recipe
    prepared: Prepared

    def examples(self, side: Side) -> int:
        """Return the number of examples of a side."""
        return len(self.prepared.side(side))

    def batch(self, side: Side, indices: Indices, rng: np.random.Generator | None) -> Batch:
        """Return the examples with these indices as tensors."""
        return self.recipe.batch(self.prepared.side(side), indices, rng)

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Return loss and metrics of a batch."""
        return self.recipe.outcome(net, batch)
