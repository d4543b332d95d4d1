"""Trains a net by its recipe, in a new run or a resumed one; `muse train` calls `train`."""

import importlib.util
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from muse.models.device import choose_device
from muse.models.training.fit import fit, prepare
from muse.models.training.history import is_over
from muse.models.training.signals import Stopped
from muse.models.training.state import State, set_weights
from muse.models.training.totals import format_means
from muse.tools.errors import BadInputError, MuseError, ParameterError, missing_extra
from muse.tools.progress import Report, scale_report, silent
from muse.tools.training.export import card_of, export
from muse.tools.training.fit import Fit
from muse.tools.training.fit_runs import run_fit
from muse.tools.training.job import Job, facts_of, make_job, split_of
from muse.tools.training.options import Options, first_process, resolve, resume_options
from muse.tools.training.plots import plot_pictures
from muse.tools.training.recipe import PreparedTask, Recipe
from muse.tools.training.registry import find_recipe, name_of
from muse.tools.training.results import evaluate, summary_text, write_results
from muse.tools.training.run import Run
from muse.tools.training.run_folder import RunFolder, discard, new_folder

log = logging.getLogger("muse")

PREPARING, TRAINING, MEASURING = 0.05, 0.97, 1.0  # end of each stage on the progress bar


def train(
    name: str,
    given: Mapping[str, Any],
    *,
    config: Path | None = None,
    resume: Path | None = None,
    export_to: Path | None = None,
    report: Report = silent,
) -> Run:
    """Train a net and measure it, or run a fit; in a new run or a resumed one.

    Args:
        name: of the recipe.
        given: options by name, only those that were given.
        config: a TOML file of options.
        resume: folder of a run to continue.
        export_to: folder into which the weights and their card are written at the end.
        report: called with the stage and the fraction done.

    Raises:
        ParameterError: an option is wrong.
        BadInputError: the data, the TOML file or the run cannot be read, or the data has changed.
        MissingPartError: a package that the recipe needs is not installed.
        MuseError: the loss became not a number, memory ran out, or a node is missing.
    """
    recipe = find_recipe(name)
    if isinstance(recipe, Fit):
        return run_fit(
            recipe, given, config=config, resume=resume, export_to=export_to, report=report
        )
    require_lightning()
    return train_recipe(recipe, given, config, resume, export_to, report)


def train_recipe(
    recipe: Recipe,
    given: Mapping[str, Any],
    config: Path | None,
    resume: Path | None,
    export_to: Path | None,
    report: Report,
) -> Run:
    """Train a net with Lightning; arguments and errors as of `train`."""
    old = RunFolder(resume) if resume else None
    options = stored_options(recipe, old, given, config) if old else resolve(recipe, given, config)
    folder = old
    try:
        job = make_job(recipe, options, scale_report(report, 0.0, PREPARING))
        facts = facts_of(job)
        if folder:
            check_same(folder, facts)
        elif first_process():
            folder = new_folder(Path(options.out), facts)
            folder.write_json("split.json", split_of(job.prepared))
            log.info("training %s in %s, seed %d", name_of(recipe), folder.path, job.plan.seed)
        state = run_training(job, folder, scale_report(report, PREPARING, TRAINING))
        if not first_process() or not folder:
            return Run(None)
        return finish(job, folder, state, export_to, scale_report(report, TRAINING, MEASURING))
    except (Stopped, KeyboardInterrupt):
        return interrupted(folder)
    except (FloatingPointError, MemoryError, TimeoutError) as error:
        if folder and not old and not folder.has_history():
            discard(folder)
        raise MuseError(str(error)) from error


def require_lightning() -> None:
    """Raise MissingPartError if Lightning is not installed."""
    if importlib.util.find_spec("lightning") is None:
        raise missing_extra("lightning", "train")


def stored_options(
    recipe: Recipe, folder: RunFolder, given: Mapping[str, Any], config: Path | None
) -> Options:
    """Return the options of a run to resume."""
    if config:
        raise ParameterError("--config is fixed by the run; leave it out with --resume")
    facts = folder.config()
    if facts["name"] != recipe.name:
        raise ParameterError(f"{folder.path} is a run of {facts['name']}, not of {recipe.name}")
    if not folder.can_resume():
        raise BadInputError(f"{folder.path}: has no checkpoint yet; start a new run")
    return resume_options(recipe, facts["options"], given)


def check_same(folder: RunFolder, facts: Mapping[str, Any]) -> None:
    """Raise BadInputError if data or net differ from those that the run was started with."""
    before = folder.config()
    if before["data"]["hash"] != facts["data"]["hash"]:
        path = facts["options"]["data"]
        raise BadInputError(f"{path}: is not the data that {folder.path} was trained on")
    if before["config"] != facts["config"]:
        raise BadInputError(f"{folder.path}: its net has another config; start a new run")
    if before["options"] != facts["options"] and first_process():
        changed = {name: facts[name] for name in ("options", "command")}
        folder.write_json("run_config.json", {**before, **changed})


def run_training(job: Job, folder: RunFolder | None, report: Report) -> State:
    """Train, and return the state at the end; a run that was completed is only read."""
    state = folder.state() if folder and folder.can_resume() else State()
    if is_over(state.history, job.plan):
        return state
    prepare()  # importing Lightning takes seconds
    from muse.models.training.module import Keeper

    writer = folder or RunFolder(Path())  # helping processes never write
    keeper = Keeper(partial(write_and_log, writer, job.recipe.keep_every), writer.write_best)
    notify = report if folder else silent
    return fit(PreparedTask(job.recipe, job.prepared), job.net, job.plan, keeper, state, notify)


def write_and_log(folder: RunFolder, every: int, state: State) -> None:
    """Write a checkpoint; after an epoch, log its figures and keep every `every`-th weights."""
    folder.write_state(state)
    if state.history and not state.batch:
        entry = state.history[-1]
        if every and entry["epoch"] % every == 0:
            folder.write_periodic(state)
        sides = (f"{side} {format_means(entry[side])}" for side in ("train", "validation"))
        log.info("epoch %d: %s", entry["epoch"], "; ".join(sides))


def finish(
    job: Job, folder: RunFolder, state: State, export_to: Path | None, report: Report
) -> Run:
    """Measure the best weights, write all results, and export the weights to `export_to`."""
    report("measuring", 0.0)
    device = choose_device(job.plan.device)
    folder.write_epoch(state)
    weights = folder.weights("best")
    set_weights(job.net, weights)
    results, confusion = evaluate(job.recipe, job.prepared, job.net, job.plan, state, device)
    write_results(folder, results, confusion, state, job.plan, job.recipe.plotted)
    plot_pictures(job.recipe.pictures(job.prepared), folder.plots)
    facts = folder.config()
    summary = {
        **facts,
        "format": "muse.training/1",
        "run": str(folder.path),
        "seconds": round(state.seconds, 3),
        "results": results,
    }
    if export_to:
        card = card_of(job.recipe, job.prepared, facts, results)
        paths = export(export_to, job.recipe.name, weights, card)
        summary["exported"] = [str(path) for path in paths]
    return Run(folder.path, False, summary, summary_text(facts, results, state))


def interrupted(folder: RunFolder | None) -> Run:
    """Return a stopped run; if it has no checkpoint, delete its folder and raise."""
    if not first_process():
        return Run(None, stopped=True)
    if folder and folder.can_resume():
        return Run(folder.path, stopped=True)
    if folder:
        discard(folder)
    raise KeyboardInterrupt
