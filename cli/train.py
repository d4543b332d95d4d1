"""`muse train`: train a model by a recipe, resume a run, or estimate one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muse.cli.completion import complete_names
from muse.cli.exit_codes import ExitCode
from muse.cli.help_format import Command
from muse.cli.names import DEVICES, RECIPES, SCHEDULES, TRAINING_PRECISIONS, one_of
from muse.cli.options import OUTPUT, PROCESSING, AsJson, Number, Text, option

if TYPE_CHECKING:
    from muse.tools.training.run import Run

RUN, OPTIMIZER = "Run", "Optimizer"
RECIPE = "the recipe's"

Name = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help=f"Recipe to train by: {', '.join(RECIPES)}, or your own as package.module:Class.",
        autocompletion=complete_names(*RECIPES),
    ),
]
Data = Annotated[
    Text,
    option(
        panel=RUN,
        metavar="PATH",
        default=RECIPE,
        help="Folder of the collections, or any file or folder of songs, to learn from.",
    ),
]
Config = Annotated[
    Path | None,
    option(
        panel=RUN,
        metavar="FILE.toml",
        help="TOML file with options as keys; options on the command line override it.",
    ),
]
Settings = Annotated[
    list[str] | None,
    option(
        "--set",
        panel=RUN,
        metavar="NAME=VALUE",
        help="Hyperparameter of the recipe, may be repeated; a wrong name lists all names.",
    ),
]
Resume = Annotated[
    Path | None,
    option(panel=RUN, metavar="DIR", help="Folder of an interrupted run to resume."),
]
Epochs = Annotated[
    int | None, option(panel=RUN, metavar="N", default=RECIPE, help="Largest number of epochs.")
]
Patience = Annotated[
    int | None,
    option(
        panel=RUN,
        metavar="N",
        default=RECIPE,
        help="Number of epochs without improvement before an early stop; 0 for no early stop.",
    ),
]
Seed = Annotated[
    int | None,
    option(
        panel=RUN,
        metavar="N",
        default="random, and reported",
        help="Random seed; the same seed gives the same weights.",
    ),
]
DryRun = Annotated[
    bool,
    option("--dry-run", panel=RUN, help="Estimate of size, time and memory, without training."),
]
BatchSize = Annotated[
    int | None,
    option(
        panel=OPTIMIZER,
        metavar="N",
        default=RECIPE,
        help="Number of examples per step and device.",
    ),
]
LearningRate = Annotated[
    Number,
    option(
        "--lr",
        panel=OPTIMIZER,
        metavar="RATE",
        default=RECIPE,
        help="Peak learning rate of AdamW.",
    ),
]
Schedule = Annotated[
    Text,
    option(
        panel=OPTIMIZER,
        metavar="NAME",
        default=RECIPE,
        help=f"Learning rate schedule: {one_of(SCHEDULES)}.",
        complete=complete_names(*SCHEDULES),
    ),
]
Warmup = Annotated[
    Number,
    option(
        panel=OPTIMIZER,
        metavar="SHARE",
        default=RECIPE,
        help="Warm-up: share of all steps in which the learning rate rises, 0 to 1.",
    ),
]
WeightDecay = Annotated[
    Number,
    option(panel=OPTIMIZER, metavar="RATE", default=RECIPE, help="Weight decay of AdamW."),
]
Clip = Annotated[
    Number,
    option(
        panel=OPTIMIZER,
        metavar="NORM",
        default=RECIPE,
        help="Largest norm of the gradient; 0 for no limit.",
    ),
]
TrainingDevice = Annotated[
    Text,
    option(
        "--device",
        panel=PROCESSING,
        metavar="DEVICE",
        default="auto",
        help=f"Device that trains the net: {one_of(DEVICES)}.",
        complete=complete_names(*DEVICES),
    ),
]
Devices = Annotated[
    int | None,
    option(panel=PROCESSING, metavar="N", default="1", help="Number of devices per node."),
]
Nodes = Annotated[
    int | None,
    option(panel=PROCESSING, metavar="N", default="1", help="Number of nodes (machines)."),
]
Precision = Annotated[
    Text,
    option(
        panel=PROCESSING,
        metavar="TYPE",
        default=RECIPE,
        help=f"Number format of the net: {one_of(TRAINING_PRECISIONS)}.",
        complete=complete_names(*TRAINING_PRECISIONS),
    ),
]
Out = Annotated[
    Text,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="DIR",
        default="runs",
        help="Folder in which each run gets a folder.",
    ),
]
Export = Annotated[
    Path | None,
    option(
        panel=OUTPUT,
        metavar="DIR",
        help="Folder for the weights and their card, NAME.safetensors and NAME.json.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("train", cls=Command, no_args_is_help=True)(train)


def train(
    name: Name,
    data: Data = None,
    config: Config = None,
    settings: Settings = None,
    resume: Resume = None,
    epochs: Epochs = None,
    patience: Patience = None,
    seed: Seed = None,
    dry_run: DryRun = False,
    batch_size: BatchSize = None,
    lr: LearningRate = None,
    schedule: Schedule = None,
    warmup: Warmup = None,
    weight_decay: WeightDecay = None,
    clip: Clip = None,
    device: TrainingDevice = None,
    devices: Devices = None,
    nodes: Nodes = None,
    precision: Precision = None,
    out: Out = None,
    export: Export = None,
    as_json: AsJson = False,
) -> int:
    """Train a model by a recipe, resume a run, or estimate its size and time.

    A run stops early, keeps the weights of the best epoch, and reports its scores beside those of
    simple baselines. Ctrl-C saves the state; --resume continues to the same weights as an
    uninterrupted run.

    Every model that ships with muse has a recipe. The smaller ones are fitted in one pass, without
    epochs: they take --data, --set, --seed (default 0), --out, --export, --config and --dry-run.

    Example: muse train chord-lstm --data songs/ --epochs 20
    Example: muse train chord-lstm --resume runs/run_20250101_120000 --export weights/
    Example: torchrun --nproc-per-node 4 --no-python muse train chord-transformer --data songs/
    """
    Path.cwd()  # fails where it was deleted; torch would abort
    from muse.tools.training.options import parse_settings

    given: dict[str, Any] = {
        "data": data,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "patience": patience,
        "schedule": schedule,
        "warmup": warmup,
        "weight_decay": weight_decay,
        "clip": clip,
        "device": device,
        "devices": devices,
        "nodes": nodes,
        "precision": precision,
        "seed": seed,
        "settings": parse_settings(settings or []) or None,
        "out": out,
    }
    given = {key: value for key, value in given.items() if value is not None}
    if dry_run:
        return show_estimate(name, given, config, as_json)
    return show(name, run(name, given, config, resume, export), as_json)


def run(
    name: str,
    given: dict[str, Any],
    config: Path | None,
    resume: Path | None,
    export: Path | None,
) -> "Run":
    """Train under a progress bar."""
    import logging

    from muse.cli.progress import progress_bar
    from muse.tools.training.options import first_process
    from muse.tools.training.train import train as train_net

    if not first_process():  # the first process reports for all
        logging.getLogger("muse").setLevel(logging.ERROR)
    with progress_bar(name) as report:
        return train_net(name, given, config=config, resume=resume, export_to=export, report=report)


def show(name: str, result: "Run", as_json: bool) -> int:
    """Print the results, or on stderr how to resume; helper processes print nothing."""
    from muse.cli.output import print_json
    from muse.cli.progress import print_message

    if result.folder is None:
        return ExitCode.OK
    if result.stopped:
        print_message(
            f"muse: training stopped; resume with: muse train {name} --resume {result.folder}"
        )
        return ExitCode.INTERRUPTED
    if as_json or not sys.stdout.isatty():
        print_json(result.summary)
    else:
        print(result.text, end="")
    return ExitCode.OK


def show_estimate(name: str, given: dict[str, Any], config: Path | None, as_json: bool) -> int:
    """Print the estimated size and time of a run."""
    from muse.cli.output import print_json
    from muse.cli.progress import progress_bar
    from muse.tools.training.estimate import rehearse

    with progress_bar(name) as report:
        estimate = rehearse(name, given, config=config, report=report)
    if as_json or not sys.stdout.isatty():
        print_json(estimate)
        return ExitCode.OK
    for side, sizes in estimate.pop("split", {}).items():
        print(f"{side}: " + ", ".join(f"{count:,} {what}" for what, count in sizes.items()))
    for key, value in estimate.items():
        print(f"{key.replace('_', ' ')}: {as_text(value)}")
    return ExitCode.OK


def as_text(value: Any) -> str:
    """Return a value of an estimate as text: lists and dicts with commas."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items()) or "none"
    return ", ".join(value) if isinstance(value, list) else str(value)
