"""What can be set of a training run: recipe's defaults, then a TOML file, then the command line."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from muse.models.training.task import Plan
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import read_bytes
from muse.tools.generation.seeds import choose_seed
from muse.tools.training.recipe import Recipe
from muse.tools.training.registry import name_of

RESUMABLE = {"data", "device", "epochs", "patience"}  # may be given anew when a run goes on

Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of `muse train`; names are those of the command line, with _ for -.

    Attributes:
        data: file or folder to learn from.
        epochs: at most.
        batch_size: examples in a step, on each device.
        lr: highest learning rate.
        patience: epochs without a better one before the end; 0 for no early end.
        seed: of everything that is drawn; None draws one.
        schedule: of the learning rate.
        warmup: share of all steps in which the learning rate rises.
        weight_decay: of AdamW.
        clip: largest norm of the gradient; 0 for none.
        precision: in which the net computes.
        device: auto, cpu, cuda, mps.
        devices: on each node.
        nodes: machines.
        out: folder in which run folders are made.
        settings: of the recipe, by name.
    """

    data: str | None = None
    epochs: Count = 30
    batch_size: Count = 32
    lr: Annotated[float, Meta(gt=0.0)] = 1e-3
    patience: Annotated[int, Meta(ge=0)] = 5
    seed: Annotated[int, Meta(ge=0, lt=2**32)] | None = None
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: Share = 0.05
    weight_decay: NotNegative = 0.01
    clip: NotNegative = 1.0
    precision: Literal["32", "bf16"] = "32"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: Count = 1
    nodes: Count = 1
    out: str = "runs"
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


def resolve(recipe: Recipe, given: Mapping[str, Any], config: Path | None = None) -> Options:
    """The options of a new run.

    Args:
        recipe: its defaults come first.
        given: from the command line, without those that were not given; comes last.
        config: a TOML file with options as keys and a table [settings]; comes between.

    Raises:
        ParameterError: an option or setting is unknown or out of range.
        BadInputError: the TOML file cannot be read.
    """
    written = read_config(config) if config else {}
    layers = (recipe.defaults, written, given)
    merged = {key: value for layer in layers for key, value in layer.items()}
    merged["settings"] = {k: v for layer in layers for k, v in layer.get("settings", {}).items()}
    options = checked(merged | several_processes(merged), f"{config}: " if config else "")
    settings_of(recipe, options)
    return msgspec.structs.replace(options, seed=chosen_seed(options))


def checked(values: Mapping[str, Any], where: str = "") -> Options:
    """The options, if all are known and in range."""
    unknown = sorted(values.keys() - set(Options.__struct_fields__))
    if unknown:
        known = ", ".join(Options.__struct_fields__)
        raise ParameterError(f"{where}there is no option {unknown[0]}; there are {known}")
    try:
        return msgspec.convert(dict(values), Options)
    except msgspec.ValidationError as error:
        raise ParameterError(f"{where}{told(error)}") from error


def told(error: msgspec.ValidationError) -> str:
    """The message of a wrong value, with the option first."""
    reason, _, place = str(error).partition(" - at `$.")
    return f"{place.rstrip('`').replace('_', '-')}: {reason}" if place else reason


def read_config(path: Path) -> dict[str, Any]:
    """The keys of a TOML file, with _ for -."""
    try:
        values = tomllib.loads(read_bytes(path).decode())
    except ValueError as error:
        if isinstance(error, BadInputError):
            raise
        raise BadInputError(f"{path}: is not TOML ({error})") from error
    known = {key.replace("-", "_"): value for key, value in values.items()}
    unknown = sorted(known.keys() - set(Options.__struct_fields__))
    if unknown:
        raise ParameterError(f"{path}: there is no option {unknown[0]}")
    if not isinstance(known.get("settings", {}), dict):
        raise ParameterError(f"{path}: settings must be a table, [settings]")
    return known


def several_processes(values: Mapping[str, Any]) -> dict[str, int]:
    """Devices and nodes as torchrun has set them up, where it has."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return {}
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    return {"devices": here, "nodes": int(os.environ["WORLD_SIZE"]) // here}


def first_process() -> bool:
    """Whether this is the one of the processes training together that writes and prints."""
    if "RANK" in os.environ:
        return os.environ["RANK"] == "0"
    return all(os.environ.get(name, "0") == "0" for name in ("NODE_RANK", "LOCAL_RANK"))


def chosen_seed(options: Options) -> int:
    """The seed; one that is not given is drawn, or 0 for processes that must agree on one."""
    if options.seed is not None:
        return options.seed
    return 0 if options.devices * options.nodes > 1 else choose_seed(None)


def settings_of(recipe: Recipe, options: Options) -> Any:
    """The recipe's settings with what was set of them; text is read as the field's type wants.

    Raises:
        ParameterError: one is unknown or of the wrong kind.
    """
    fields = list(recipe.settings.__dataclass_fields__)  # type: ignore[attr-defined]
    unknown = sorted(options.settings.keys() - set(fields))
    if unknown:
        known = ", ".join(fields) or "none"
        raise ParameterError(f"{recipe.name} has no setting {unknown[0]}; there are: {known}")
    try:
        return msgspec.convert(options.settings, recipe.settings, strict=False)
    except msgspec.ValidationError as error:
        raise ParameterError(f"--set {told(error)}") from error


def parse_settings(words: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE words as a dict.

    Raises:
        ParameterError: one has no =.
    """
    for word in words:
        if "=" not in word:
            raise ParameterError(f"--set takes KEY=VALUE, not {word}")
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def resumed(recipe: Recipe, stored: Mapping[str, Any], given: Mapping[str, Any]) -> Options:
    """The options of a run that goes on; a few may be given anew.

    Raises:
        ParameterError: one is given that the run has fixed.
    """
    fixed = sorted(given.keys() - RESUMABLE)
    if fixed:
        name = fixed[0].replace("_", "-")
        allowed = ", ".join(f"--{each}" for each in sorted(RESUMABLE))
        raise ParameterError(f"--{name} is fixed by the run; with --resume there are {allowed}")
    options = checked({**stored, **given})
    settings_of(recipe, options)
    return options


def plan_of(recipe: Recipe, options: Options) -> Plan:
    """The options as the loop takes them."""
    return Plan(
        epochs=options.epochs,
        batch_size=options.batch_size,
        lr=options.lr,
        patience=options.patience,
        seed=options.seed or 0,
        schedule=options.schedule,
        warmup=options.warmup,
        weight_decay=options.weight_decay,
        clip=options.clip,
        precision=options.precision,
        device=options.device,
        devices=options.devices,
        nodes=options.nodes,
        watched=recipe.watched,
    )


def command_of(recipe: Recipe, options: Options) -> str:
    """The command line that makes the run again; what the recipe sets anyway is left out."""
    usual = checked(recipe.defaults)
    words = ["muse", "train", name_of(recipe)]
    for name in Options.__struct_fields__:
        value = getattr(options, name)
        if name not in {"settings", "out", "device"} and value != getattr(usual, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    for name, value in options.settings.items():
        words += ["--set", f"{name}={value}"]
    return " ".join(words)
