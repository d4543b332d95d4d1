"""What a model needs to be made by `muse train NAME` without a training loop: one class, a fit.

A fit reads collections from the data folder and returns arrays and the facts of their card: counts,
a small net with its own loop, or a table of measurements. Options, the run's folder, the common
fields of the card and the export are handled in fit_runs.py. Nets that need checkpoints, early
stopping or several devices are a Recipe (recipe.py), which Lightning trains.

    class Unigram(Fit):
        name, what, task = "unigram", "frequency of each chord", "chords"
        settings = UnigramSettings          # a dataclass; --set KEY=VALUE sets its fields
        collections = ("pop909",)           # folders or files inside --data

        def fit(self, job): ...             # FitJob -> Fitted
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muse.tools.progress import Report
from muse.tools.training.data_folder import find_collection
from muse.tools.training.recipe import NoSettings

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class FitJob:
    """What one run of a fit works with.

    Attributes:
        data: the data folder, or a file that the fit reads in its place.
        settings: an instance of the fit's `settings`.
        seed: of every random choice.
        folder: the run's folder, for intermediate files and checkpoints.
        is_resumed: whether to continue from the checkpoint in `folder`.
        report: called with the stage and the fraction done.
    """

    data: Path
    settings: Any
    seed: int
    folder: Path
    is_resumed: bool
    report: Report

    def collection(self, name: str) -> Path:
        """Return the path of a collection inside the data folder; raises BadInputError."""
        return find_collection(self.data, name)


@dataclass(frozen=True)
class Fitted:
    """What a fit returns.

    Attributes:
        arrays: arrays of NAME.safetensors, or the bytes of NAME.onnx.
        config: sizes and constants that the arrays belong to.
        data: the collections used, with licence and attribution.
        metrics: figures measured, plain values.
        extras: further fields of the card, such as the hash of a vocabulary.
    """

    arrays: Mapping[str, NDArray[Any]] | bytes
    config: Mapping[str, Any]
    data: Any
    metrics: Mapping[str, Any]
    extras: Mapping[str, Any] = field(default_factory=dict)


class Fit(ABC):
    """How one model is made; see the example at the top of this file.

    Attributes:
        name: as `muse train NAME` takes it, and of the weights' files.
        what: one line for the card.
        task: what the model is for, in one word.
        licence: of the weights.
        settings: a dataclass with defaults; --set and [settings] change its fields.
        collections: names of the folders and files in --data that are read; empty if none.
        cache: suffix of a file that --data may name in place of the folder; empty if none.
        modules: importable modules of the extra [train] that the fit needs.
        is_resumable: whether an interrupted run can be continued with --resume.
        minutes: that the full run takes on one processor core, about; None if not measured.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    task: ClassVar[str] = ""
    licence: ClassVar[str] = "MIT"
    settings: ClassVar[type] = NoSettings
    collections: ClassVar[tuple[str, ...]] = ()
    cache: ClassVar[str] = ""
    modules: ClassVar[tuple[str, ...]] = ()
    is_resumable: ClassVar[bool] = False
    minutes: ClassVar[float | None] = None

    @abstractmethod
    def fit(self, job: FitJob) -> Fitted:
        """Read the data and return the arrays and the facts of their card.

        Raises:
            BadInputError: a collection is missing or holds nothing usable.
            MissingPartError: a soundfont or library is not installed.
        """

    def sources(self, data: Path) -> list[Path]:
        """Return the folders and files that a run reads; raises BadInputError if one is missing."""
        if self.cache and data.suffix == self.cache:
            return [data]
        return [find_collection(data, name) for name in self.collections]


def as_float32(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays in single precision."""
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}
