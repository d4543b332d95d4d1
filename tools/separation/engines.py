"""Loads the separation engine of a model, and decides which model `auto` is.

To add a model, add its row to WEIGHTS in models/registry.py; `muse models`, `muse doctor` and
`--model` read that table. To add an engine, also write one module in this folder, called what the
field `engine` of the row says, with a function

    def load(options: EngineOptions) -> Engine
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from muse.models.registry import WEIGHTS, NamedWeights
from muse.tools.errors import ParameterError
from muse.tools.separation.engine import Engine, EngineOptions
from muse.tools.weights import find_weights, locate

log = logging.getLogger("muse")

AUTO = "auto"
DIRECTORY_ENGINE = "demucs"  # runs the models of --model-dir


@lru_cache(maxsize=1)
def load_engine(options: EngineOptions) -> Engine:
    """Load the engine of a model, which may be `auto`.

    The last engine is cached, since loading takes seconds.

    Raises:
        MissingPartError: a package that the engine needs is not installed.
        MuseError: the weights are missing and cannot be fetched.
        ParameterError: an option is out of range, or no model has that name.
    """
    model, reason = choose_model(options.model, options.model_dir)
    if reason:
        log.info("separating with %s: %s", model, reason)
    options = replace(options, model=model)
    load: Callable[[EngineOptions], Engine]
    load = import_module(f"muse.tools.separation.{engine_of(options)}").load
    try:
        return load(options)
    except ValueError as error:
        raise ParameterError(str(error)) from error


def engine_of(options: EngineOptions) -> str:
    """Return the name of the engine that runs a model.

    Raises:
        ParameterError: no model has that name, or it does not separate.
    """
    if options.model_dir is not None:
        return DIRECTORY_ENGINE
    weights = find_weights(options.model)
    if not weights.engine:
        raise ParameterError(f"{options.model} is for {weights.task}, it does not separate")
    return weights.engine


def choose_model(model: str, model_dir: Path | None) -> tuple[str, str]:
    """Return the name of the model to use, and the reason where `auto` left it open.

    The models that `auto` may take are tried in the order of their rank; the last one is taken
    where no other can be used.
    """
    if model != AUTO:
        return model, ""
    *better, last = auto_models()
    if model_dir is not None:
        return better[0].name, f"--model-dir {model_dir}"
    reasons = []
    for weights in better:
        reason = why_unavailable(weights)
        if reason is None:
            return weights.name, "its weights are on this machine"
        reasons.append(reason)
    return last.name, reasons[0]


def auto_models() -> list[NamedWeights]:
    """Return the models that `auto` may take, best first; the last one comes with muse."""
    ranked = [weights for weights in WEIGHTS.values() if weights.auto_rank is not None]
    return sorted(ranked, key=lambda weights: weights.auto_rank or 0)


def why_unavailable(weights: NamedWeights) -> str | None:
    """Return why a model cannot be used without a download or an installation; None if it can."""
    if not locate(weights):
        return f"the weights of {weights.name} are not on this machine"
    if weights.requires and find_spec(weights.requires) is None:
        return f"the weights of {weights.name} are here, but {weights.requires} is not installed"
    return None
