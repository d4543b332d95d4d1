"""What training would cost: `muse train NAME --dry-run`. Needs no Lightning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muse.models.device import choose_device
from muse.models.training.evaluate import parameters_of, seconds_per_step
from muse.models.training.fit import memory_errors
from muse.models.training.order import TrainBatches
from muse.tools.errors import MuseError
from muse.tools.progress import Report, silent
from muse.tools.training.job import make_job, split_sizes
from muse.tools.training.options import resolve
from muse.tools.training.recipe import PreparedTask
from muse.tools.training.registry import find_recipe

STEPS_PER_VALIDATION = 1 / 3  # time of a batch without its backward pass, beside one with


def rehearse(
    name: str, given: Mapping[str, Any], *, config: Path | None = None, report: Report = silent
) -> dict[str, Any]:
    """What training would be: sizes, and about how long, from a few steps; trains nothing.

    A recipe that makes its own data makes it now, where the training will find it.

    Raises:
        ParameterError, BadInputError, MuseError: as train.
    """
    recipe = find_recipe(name)
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
        "parameters": parameters_of(job.net),
        "batches_per_epoch": steps,
        "seconds_per_epoch": round(epoch, 3),
        "epochs_at_most": plan.epochs,
        "seconds_at_most": round(epoch * plan.epochs, 3),
        "device": str(choose_device(plan.device)),
    }
