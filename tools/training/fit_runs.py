"""Runs a fit: options in; weights, card and summary out.

The folder of a run is OUT/NAME. It holds fit_config.json, what the fit keeps between runs
(renderings, checkpoints), and in the end the weights and their card.
"""

import hashlib
import importlib.util
import json
import logging
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from muse.models.weight_files import CARD_SUFFIX, WEIGHTS_SUFFIX, pack_weights
from muse.tools.errors import BadInputError, ParameterError, missing_extra
from muse.tools.files import read_bytes, write_bytes
from muse.tools.progress import Report, silent
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.options import (
    FitOptions,
    check_fit_takes,
    check_options,
    check_resumable,
    fit_command,
    resolve_fit,
    settings_of,
)
from muse.tools.training.run import Run

log = logging.getLogger("muse")

CONFIG_FILE = "fit_config.json"
CONFIG_FORMAT, SUMMARY_FORMAT = "muse.fit-run/1", "muse.fit/1"
ESTIMATE_FORMAT = "muse.fit-estimate/1"
ONNX_SUFFIX = ".onnx"


def run_fit(
    fit: Fit,
    given: Mapping[str, Any],
    *,
    config: Path | None = None,
    resume: Path | None = None,
    export_to: Path | None = None,
    report: Report = silent,
) -> Run:
    """Fit a model and write it into the run's folder, and into `export_to` if that is given.

    Args:
        fit: makes the model.
        given: options by name, only those that were given.
        config: a TOML file of options.
        resume: folder of an interrupted run to continue.
        export_to: folder into which the weights and their card are copied.
        report: called with the stage and the fraction done.

    Raises:
        ParameterError: an option is wrong, or the fit does not have it.
        BadInputError: data or the run's folder cannot be read.
        MissingPartError: a package or a soundfont that the fit needs is not installed.
    """
    require_modules(fit)
    options = fit_options(fit, given, config, resume)
    job = make_job(fit, options, resume, report)
    write_config(fit, job.folder, options)
    log.info("fitting %s in %s, seed %d", fit.name, job.folder, options.seed)
    started = time.monotonic()
    try:
        fitted = fit.fit(job)
    except KeyboardInterrupt:
        if fit.is_resumable:
            return Run(job.folder, stopped=True)
        raise
    seconds = time.monotonic() - started
    files = files_of(fit, fitted, fit_command(fit, options))
    folders = [job.folder, *([export_to] if export_to else [])]
    paths = [write_files(files, folder) for folder in folders]
    summary = {
        "format": SUMMARY_FORMAT,
        "name": fit.name,
        "what": fit.what,
        "command": fit_command(fit, options),
        "options": msgspec.to_builtins(options),
        "run": str(job.folder),
        "seconds": round(seconds, 3),
        "metrics": dict(fitted.metrics),
        "exported": [str(path) for path in paths[-1]],
    }
    return Run(job.folder, False, summary, summary_text(summary))


def estimate_fit(
    fit: Fit, given: Mapping[str, Any], *, config: Path | None = None
) -> dict[str, Any]:
    """Return what a fit would read and write, and about how long it takes; reads no collection.

    Raises:
        ParameterError, BadInputError: as of `run_fit`.
    """
    options = resolve_fit(fit, given, config)
    settings = settings_of(fit, options)
    data = data_folder(fit, options)
    return {
        "format": ESTIMATE_FORMAT,
        "name": fit.name,
        "reads": [str(path) for path in fit.sources(data)],
        "settings": {name: getattr(settings, name) for name in settings.__dataclass_fields__},
        "seed": options.seed,
        "folder": str(Path(options.out) / fit.name),
        "minutes_with_defaults": fit.minutes,
    }


def require_modules(fit: Fit) -> None:
    """Raise MissingPartError unless the modules that a fit needs are installed."""
    for module in fit.modules:
        if importlib.util.find_spec(module) is None:
            raise missing_extra(module, "train")


def fit_options(
    fit: Fit, given: Mapping[str, Any], config: Path | None, resume: Path | None
) -> FitOptions:
    """Return the options of a new or a resumed run."""
    check_fit_takes(fit, given)
    if resume is None:
        return resolve_fit(fit, given, config)
    if not fit.is_resumable:
        raise ParameterError(f"{fit.name} keeps no checkpoints; run it again without --resume")
    if config:
        raise ParameterError("--config is fixed by the run; leave it out with --resume")
    check_resumable(given, {"data"})
    options = check_options({**read_run_options(fit, resume), **given}, FitOptions)
    settings_of(fit, options)
    return options


def read_run_options(fit: Fit, folder: Path) -> dict[str, Any]:
    """Return the options stored in a run's folder; raises BadInputError or ParameterError."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise BadInputError(f"{folder}: is not the folder of a fit; start a new run")
    try:
        stored = json.loads(read_bytes(path))
        name, options = stored["name"], dict(stored["options"])
    except (ValueError, LookupError, TypeError) as error:
        raise BadInputError(f"{path}: is damaged ({error})") from error
    if name != fit.name:
        raise ParameterError(f"{folder} is a run of {name}, not of {fit.name}")
    return options


def make_job(fit: Fit, options: FitOptions, resume: Path | None, report: Report) -> FitJob:
    """Return the job of a run, after checking that its data is there."""
    data = data_folder(fit, options)
    fit.sources(data)
    folder = resume or Path(options.out) / fit.name
    settings = settings_of(fit, options)
    return FitJob(data, settings, options.seed, folder, resume is not None, report)


def data_folder(fit: Fit, options: FitOptions) -> Path:
    """Return the data folder; raises ParameterError or BadInputError if it is missing."""
    if options.data is None:
        if fit.collections:
            needed = ", ".join(fit.collections)
            raise ParameterError(
                f"{fit.name} learns from {needed}; name the folder that holds them with --data"
            )
        return Path()
    path = Path(options.data)
    if not path.exists():
        raise BadInputError(f"{path}: no such file or folder")
    return path


def write_config(fit: Fit, folder: Path, options: FitOptions) -> None:
    """Write the options into a run's folder, for `--resume`."""
    stored = {"format": CONFIG_FORMAT, "name": fit.name, "options": msgspec.to_builtins(options)}
    write_bytes(folder / CONFIG_FILE, (json.dumps(stored, indent=2) + "\n").encode())


def files_of(fit: Fit, fitted: Fitted, command: str) -> dict[str, bytes]:
    """Return the weights and their card by file name; the card is last, as it holds a hash."""
    card = {
        "name": fit.name,
        "task": fit.task,
        "what": fit.what,
        "licence": fit.licence,
        "config": dict(fitted.config),
        "data": fitted.data,
        **fitted.extras,
        "metrics": dict(fitted.metrics),
        "command": command,
        "made_by": f"muse {version('muse-toolbox')}",
    }
    if isinstance(fitted.arrays, bytes):
        card["sha256"] = hashlib.sha256(fitted.arrays).hexdigest()
        text = (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode()
        return {f"{fit.name}{ONNX_SUFFIX}": fitted.arrays, f"{fit.name}{CARD_SUFFIX}": text}
    data, text = pack_weights(dict(fitted.arrays), card)
    return {f"{fit.name}{WEIGHTS_SUFFIX}": data, f"{fit.name}{CARD_SUFFIX}": text}


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files into a folder and return their paths."""
    for name, data in files.items():
        write_bytes(folder / name, data)
    return [folder / name for name in files]


def summary_text(summary: Mapping[str, Any]) -> str:
    """Return the summary of a run as text for a terminal."""
    lines = [
        f"{summary['name']}: {summary['what']}",
        summary["command"],
        "",
        *(f"{name}: {json.dumps(value)}" for name, value in summary["metrics"].items()),
        f"time: {summary['seconds']:.0f} s",
        *(f"wrote {path}" for path in summary["exported"]),
    ]
    return "\n".join(lines) + "\n"
