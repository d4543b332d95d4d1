"""Builds a training job from a recipe and its options, and records it as plain values."""

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
from torch import nn

from muse.models.device import choose_device
from muse.models.training.evaluate import count_parameters
from muse.models.training.state import seed_everything
from muse.models.training.task import TrainingPlan
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.progress import Report
from muse.tools.training.fingerprint import data_hash
from muse.tools.training.options import Options, command_of, plan_of, settings_of
from muse.tools.training.recipe import SIDES, Prepared, Recipe

PACKAGES = ("muse-toolbox", "torch", "lightning", "numpy")


@dataclass(frozen=True)
class Job:
    """A recipe with everything that a run needs.

    Attributes:
        recipe: of the net.
        options: of the run.
        plan: the options in the form that the training loop takes.
        prepared: the data.
        config: of the net.
        net: with random weights that depend on the seed.
    """

    recipe: Recipe
    options: Options
    plan: TrainingPlan
    prepared: Prepared
    config: Any
    net: nn.Module


def make_job(recipe: Recipe, options: Options, report: Report) -> Job:
    """Prepare the data and build the net."""
    settings = settings_of(recipe, options)
    plan = plan_of(recipe, options)
    check_device(plan)
    prepared = recipe.prepare(data_path(recipe, options), settings, report)
    for side in SIDES:
        if not len(prepared.side(side)):
            raise BadInputError(
                f"{options.data or recipe.name}: too little data for {recipe.name}; "
                f"the {side} side is empty"
            )
    config = recipe.config(prepared, settings)
    seed_everything(plan.seed)
    return Job(recipe, options, plan, prepared, config, recipe.build(config))


def check_device(plan: TrainingPlan) -> None:
    """Raise ParameterError if the device is not available."""
    try:
        choose_device(plan.device)
    except ValueError as error:
        raise ParameterError(str(error)) from error


def data_path(recipe: Recipe, options: Options) -> Path:
    """Return the path of the data; raises ParameterError or BadInputError if it is missing."""
    if options.data is None:
        if recipe.needs_data:
            raise ParameterError(f"{recipe.name} learns from files; name them with --data")
        return Path()
    path = Path(options.data)
    if not path.exists() and not recipe.makes_data:
        raise BadInputError(f"{path}: no such file or folder")
    return path


def facts_of(job: Job) -> dict[str, Any]:
    """Return the contents of run_config.json."""
    prepared = job.prepared
    return {
        "name": job.recipe.name,
        "what": job.recipe.what,
        "command": command_of(job.recipe, job.options),
        "options": msgspec.to_builtins(job.options),
        "config": as_json(asdict(job.config)),
        "parameters": count_parameters(job.net),
        "vocabulary_hash": prepared.vocabulary_hash,
        "data": {
            "hash": data_hash(prepared),
            "sources": [asdict(source) for source in prepared.sources],
            "split": split_sizes(prepared),
        },
        "versions": {"python": platform.python_version(), **dict(map(version_of, PACKAGES))},
    }


def as_json(values: Any) -> Any:
    """Return plain values as a JSON file would give them back: tuples become lists."""
    return json.loads(json.dumps(values))


def version_of(package: str) -> tuple[str, str]:
    """Return a package and its version."""
    try:
        return package, version(package)
    except PackageNotFoundError:
        return package, "unknown"


def split_sizes(prepared: Prepared) -> dict[str, dict[str, int]]:
    """Return the number of songs, examples and tokens on each side."""
    sides = {name: prepared.side(name) for name in SIDES}
    return {
        name: {"songs": len(side.songs), "examples": len(side), "tokens": side.tokens}
        for name, side in sides.items()
    }


def split_of(prepared: Prepared) -> dict[str, list[str]]:
    """Return the ids of the songs on each side."""
    return {name: list(prepared.side(name).songs) for name in SIDES}
