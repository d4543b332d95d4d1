"""`muse train`: train a net by its recipe, go on with a run, or estimate one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muse.cli.exit_codes import ExitCode
from muse.cli.options import AsJson

if TYPE_CHECKING:
    from muse.tools.training.run import Run


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("train", no_args_is_help=True)(train)


def train(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the net; a wrong one lists them.")
    ],
    data: Annotated[
        str | None, typer.Option(metavar="PATH", help="File or folder to learn from.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="At most.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples in a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without a better one before the end; 0: never.")
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(metavar="cosine|constant", help="Of the learning rate.")
    ] = None,
    warmup: Annotated[float | None, typer.Option(help="Share of the steps, 0 to 1.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of AdamW.")] = None,
    clip: Annotated[float | None, typer.Option(help="Largest gradient norm; 0: any.")] = None,
    device: Annotated[
        str | None, typer.Option(metavar="auto|cpu|cuda|mps", help="Where it is trained.")
    ] = None,
    devices: Annotated[int | None, typer.Option(help="On each node.")] = None,
    nodes: Annotated[int | None, typer.Option(help="Machines.")] = None,
    precision: Annotated[
        str | None, typer.Option(metavar="32|bf16", help="In which the net computes.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all that is drawn.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Of this net; repeat.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Options as keys; the command line wins.")
    ] = None,
    out: Annotated[
        str | None, typer.Option("-o", "--out", metavar="DIR", help="For run folders [runs].")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with this run's folder.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write NAME.safetensors and NAME.json.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how much and how long; train nothing.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Train a net: early stopping, best weights, exact resume, figures beside baselines.

    Options that are not given are the recipe's own. Ctrl-C or SIGTERM keeps the state; going on
    with --resume ends with the same weights as a run that was not stopped.

    Example: muse train chord-lstm --data songs/ --epochs 20

    Example: muse train chord-lstm --resume runs/run_20250101_120000 --export weights/

    Example: torchrun --nproc-per-node 4 --no-python muse train chord-transformer --data songs/
    """
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

    from muse.cli.progress import bar
    from muse.tools.training.options import first_process
    from muse.tools.training.train import train as train_net

    if not first_process():  # the first one speaks for all
        logging.getLogger("muse").setLevel(logging.ERROR)
    with bar(name) as report:
        return train_net(name, given, config=config, resume=resume, export_to=export, report=report)


def show(name: str, result: "Run", as_json: bool) -> int:
    """The figures on stdout, or on stderr how to go on; helping processes are silent."""
    from muse.cli.output import print_json
    from muse.cli.progress import say

    if result.folder is None:
        return ExitCode.OK
    if result.stopped:
        say(f"muse: stopped; resume with: muse train {name} --resume {result.folder}")
        return ExitCode.INTERRUPTED
    if as_json or not sys.stdout.isatty():
        print_json(result.summary)
    else:
        print(result.text, end="")
    return ExitCode.OK


def show_estimate(name: str, given: dict[str, Any], config: Path | None, as_json: bool) -> int:
    """How much and how long, on stdout."""
    from muse.cli.output import print_json
    from muse.cli.progress import bar
    from muse.tools.training.estimate import rehearse

    with bar(name) as report:
        estimate = rehearse(name, given, config=config, report=report)
    if as_json or not sys.stdout.isatty():
        print_json(estimate)
        return ExitCode.OK
    for side, sizes in estimate.pop("split", {}).items():
        print(f"{side}: " + ", ".join(f"{count:,} {what}" for what, count in sizes.items()))
    for key, value in estimate.items():
        print(f"{key.replace('_', ' ')}: {value}")
    return ExitCode.OK
