"""Estimates a training run for `muse train NAME --dry-run`; needs no Lightning."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from msgspec.structs import replace

from muse.models.device import choose_device
from muse.models.training.evaluate import count_parameters, seconds_per_step
from muse.models.training.fit import memory_errors
from muse.models.training.order import TrainBatches
from muse.models.training.task import Batch, Indices, Side
from muse.tools.errors import MuseError
from muse.tools.progress import Report, silent
from muse.tools.training.fit import Fit
from muse.tools.training.fit_runs import estimate_fit
from muse.tools.training.job import Job, data_path, make_job, split_sizes
from muse.tools.training.options import Options, resolve, settings_of
from muse.tools.training.recipe import PreparedTask, Recipe, Sample
from muse.tools.training.registry import find_recipe

STEPS_PER_VALIDATION = 1 / 3  # time of a batch without its backward pass, relative to one with it


def rehearse(
    name: str, given: Mapping[str, Any], *, config: Path | None = None, report: Report = silent
) -> dict[str, Any]:
    """Return the sizes of a training run and about how long it takes, without training.

    The time comes from a few steps. A recipe that makes its own data makes a sample of it; nothing
    stays on the disk. Of a fit, the collections and settings are returned.

    Raises:
        ParameterError, BadInputError, MuseError: as of `train`.
    """
    recipe = find_recipe(name)
    if isinstance(recipe, Fit):
        return estimate_fit(recipe, given, config=config)
    with TemporaryDirectory(prefix="muse-") as folder:
        sample, job = sampled_job(recipe, resolve(recipe, given, config), Path(folder), report)
    task = SampledTask(recipe, job.prepared, sample.examples if sample else {})
    return {
        "format": "muse.training-estimate/1",
        "name": name,
        **data_figures(job, sample),
        "parameters": count_parameters(job.net),
        **time_figures(job, task),
    }


@dataclass(frozen=True)
class SampledTask(PreparedTask):
    """A task with a sample of its data, which is repeated up to the size of the whole.

    Attributes:
        planned: number of examples of each side of the whole; empty if all the data are there.
    """

    planned: Mapping[Side, int]

    def examples(self, side: Side) -> int:
        """Return the number of examples of a side of the whole data."""
        return self.planned.get(side, super().examples(side))

    def batch(self, side: Side, indices: Indices, rng: np.random.Generator | None) -> Batch:
        """Return the examples with these indices, as in `PreparedTask`."""
        return super().batch(side, indices % super().examples(side), rng)


def sampled_job(
    recipe: Recipe, options: Options, folder: Path, report: Report
) -> tuple[Sample | None, Job]:
    """Return the job of a run, with a sample of data that the recipe would make itself."""
    sample = recipe.sample(data_path(recipe, options), settings_of(recipe, options), folder)
    if sample is not None:
        options = replace(options, data=None, settings=asdict(sample.settings))
    return sample, make_job(recipe, options, report)


def data_figures(job: Job, sample: Sample | None) -> dict[str, Any]:
    """Return the sizes of the data, and of the files that the run will write them to."""
    if sample is None:
        return {"split": split_sizes(job.prepared)}
    figures: dict[str, Any] = {
        "split": {side: {"examples": count} for side, count in sample.examples.items()}
    }
    if sample.size_bytes:
        figures |= {"data_folder": str(sample.folder), "data_bytes": sample.size_bytes}
    return figures


def time_figures(job: Job, task: SampledTask) -> dict[str, Any]:
    """Return the number of steps and about how long they take, from a few of them."""
    plan = job.plan
    try:
        with memory_errors(plan):
            each = seconds_per_step(task, job.net, plan, choose_device(plan.device))
    except MemoryError as error:
        raise MuseError(str(error)) from error
    ranks = plan.devices * plan.nodes
    steps = len(TrainBatches(task, plan.batch_size, plan.seed, epoch=0, ranks=ranks))
    checks = task.examples("validation") / plan.batch_size * STEPS_PER_VALIDATION
    epoch = each * (steps + checks)
    return {
        "batches_per_epoch": steps,
        "seconds_per_epoch": round(epoch, 3),
        "epochs_at_most": plan.epochs,
        "seconds_at_most": round(epoch * plan.epochs, 3),
        "device": str(choose_device(plan.device)),
    }
