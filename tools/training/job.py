"""A recipe, its options, data and net together; and what is written down about them."""

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
    """A recipe with all that a run needs.

    Attributes:
        recipe: what is trained.
        options: as set.
        plan: the same, for the loop.
        prepared: the data.
        config: of the net.
        net: with fresh weights drawn with the seed.
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
    checked_device(plan)
    prepared = recipe.prepare(data_path(recipe, options), settings, report)
    for side in SIDES:
        if not len(prepared.side(side)):
            raise BadInputError(
                f"{options.data or recipe.name}: too little that {recipe.name} can learn from; "
                f"nothing is left to {'learn from' if side == 'train' else f'be the {side} side'}"
            )
    config = recipe.config(prepared, settings)
    seed_everything(plan.seed)
    return Job(recipe, options, plan, prepared, config, recipe.build(config))


def checked_device(plan: TrainingPlan) -> None:
    """Raise ParameterError when the device is not there."""
    try:
        choose_device(plan.device)
    except ValueError as error:
        raise ParameterError(str(error)) from error


def data_path(recipe: Recipe, options: Options) -> Path:
    """Where the data is."""
    if options.data is None:
        if recipe.needs_data:
            raise ParameterError(f"{recipe.name} learns from files; name them with --data")
        return Path()
    path = Path(options.data)
    if not path.exists():
        raise BadInputError(f"{path}: no such file or folder")
    return path


def facts_of(job: Job) -> dict[str, Any]:
    """What is written into run_config.json."""
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
        "versions": {"python": platform.python_version(), **dict(map(versioned, PACKAGES))},
    }


def as_json(values: Any) -> Any:
    """Plain values as they come back from a JSON file: tuples are lists."""
    return json.loads(json.dumps(values))


def versioned(package: str) -> tuple[str, str]:
    """A package and its version."""
    try:
        return package, version(package)
    except PackageNotFoundError:
        return package, "unknown"


def split_sizes(prepared: Prepared) -> dict[str, dict[str, int]]:
    """How much is on each side."""
    sides = {name: prepared.side(name) for name in SIDES}
    return {
        name: {"songs": len(side.songs), "examples": len(side), "tokens": side.tokens}
        for name, side in sides.items()
    }


def split_of(prepared: Prepared) -> dict[str, list[str]]:
    """Which songs are on each side."""
    return {name: list(prepared.side(name).songs) for name in SIDES}
