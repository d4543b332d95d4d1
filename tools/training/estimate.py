"""Estimates a training run for `muse train NAME --dry-run`; needs no Lightning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muse.models.device import choose_device
from muse.models.training.evaluate import count_parameters, seconds_per_step
from muse.models.training.fit import memory_errors
from muse.models.training.order import TrainBatches
from muse.tools.errors import MuseError
from muse.tools.progress import Report, silent
from muse.tools.training.fit import Fit
from muse.tools.training.fit_runs import estimate_fit
from muse.tools.training.job import make_job, split_sizes
from muse.tools.training.options import resolve
from muse.tools.training.recipe import PreparedTask
from muse.tools.training.registry import find_recipe

STEPS_PER_VALIDATION = 1 / 3  # time of a batch without its backward pass, relative to one with it


def rehearse(
    name: str, given: Mapping[str, Any], *, config: Path | None = None, report: Report = silent
) -> dict[str, Any]:
    """Return the sizes of a training run and about how long it takes, without training.

    The time comes from a few steps. A recipe that makes its own data makes it now, and the training
    finds it. Of a fit, the collections and settings are returned.

    Raises:
        ParameterError, BadInputError, MuseError: as of `train`.
    """
    recipe = find_recipe(name)
    if isinstance(recipe, Fit):
        return estimate_fit(recipe, given, config=config)
    job = make_job(recipe, resolve(recipe, given, config), report)
    task, plan = PreparedTask(recipe, job.prepared), job.plan
    try:
        with memory_errors(plan):
            each = seconds_per_step(task, job.net, plan, choose_device(plan.device))
    except MemoryError as error:
        raise MuseError(str(error)) from error
    ranks = plan.devices * plan.nodes
    steps = len(TrainBatches(task, plan.batch_size, plan.seed, epoch=0, ranks=ranks))
    checks = len(job.prepared.validation) / plan.batch_size * STEPS_PER_VALIDATION
    epoch = each * (steps + checks)
    return {
        "format": "muse.training-estimate/1",
        "name": name,
        "split": split_sizes(job.prepared),
        "parameters": count_parameters(job.net),
        "batches_per_epoch": steps,
        "seconds_per_epoch": round(epoch, 3),
        "epochs_at_most": plan.epochs,
        "seconds_at_most": round(epoch * plan.epochs, 3),
        "device": str(choose_device(plan.device)),
    }
