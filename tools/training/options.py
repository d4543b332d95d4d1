"""Options of `muse train`: the recipe's defaults, then a TOML file, then the command line."""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from muse.models.training.task import TrainingPlan
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import read_bytes
from muse.tools.training.fit import Fit
from muse.tools.training.recipe import Recipe
from muse.tools.training.registry import name_of

SEEDS = 2**31  # random seeds are below this
RESUMABLE = {"data", "device", "epochs", "patience"}  # may be changed when a run is resumed
UNRECORDED = {"settings", "out", "device"}  # options that a recorded command leaves out

Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of `muse train` for a recipe; names are those of the command line, with _ for -.

    Attributes:
        data: file or folder to learn from.
        epochs: largest number of epochs.
        batch_size: examples in a step, on each device.
        lr: highest learning rate.
        patience: epochs without improvement before training stops; 0 disables early stopping.
        seed: of every random choice; None draws one.
        schedule: of the learning rate after the warmup.
        warmup: share of all steps in which the learning rate rises, 0 to 1.
        weight_decay: of AdamW.
        clip: largest norm of the gradient; 0 for no limit.
        precision: of the net's computation, 32-bit floats or bfloat16.
        device: auto, cpu, cuda or mps.
        devices: number of devices on each node.
        nodes: number of machines.
        out: folder in which run folders are made.
        settings: of the recipe, by name.
    """

    data: str | None = None
    epochs: Count = 30
    batch_size: Count = 32
    lr: Annotated[float, Meta(gt=0.0)] = 1e-3
    patience: Annotated[int, Meta(ge=0)] = 5
    seed: Seed | None = None
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


class FitOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of `muse train` for a fit.

    Attributes:
        data: the data folder, or a file that the fit reads in its place.
        seed: of every random choice; 0 is the seed of the weights that ship.
        out: folder in which the fit's own folder is made.
        settings: of the fit, by name.
    """

    data: str | None = None
    seed: Seed = 0
    out: str = "runs"
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


Kind = TypeVar("Kind", Options, FitOptions)


def resolve(recipe: Recipe, given: Mapping[str, Any], config: Path | None = None) -> Options:
    """Return the options of a new run of a recipe.

    Args:
        recipe: its defaults have the lowest priority.
        given: options from the command line, only those that were given; the highest priority.
        config: a TOML file with options as keys and a table [settings].

    Raises:
        ParameterError: an option or setting is unknown or out of range.
        BadInputError: the TOML file cannot be read.
    """
    merged = merge_layers(recipe.defaults, read_config(config), given)
    origin = f"{config}: " if config else ""
    options = check_options(merged | process_counts(merged), Options, origin)
    settings_of(recipe, options)
    return msgspec.structs.replace(options, seed=choose_seed(options))


def resolve_fit(fit: Fit, given: Mapping[str, Any], config: Path | None = None) -> FitOptions:
    """Return the options of a new run of a fit; arguments and errors as of `resolve`."""
    merged = merge_layers(read_config(config), given)
    check_fit_takes(fit, merged)
    options = check_options(merged, FitOptions, f"{config}: " if config else "")
    settings_of(fit, options)
    return options


def check_fit_takes(fit: Fit, given: Mapping[str, Any]) -> None:
    """Raise ParameterError for an option that only recipes with a training loop have."""
    refused = sorted(given.keys() - set(FitOptions.__struct_fields__))
    if refused:
        name = refused[0].replace("_", "-")
        settings = ", ".join(settings_fields(fit)) or "none"
        raise ParameterError(f"{fit.name} takes no --{name}; settings for --set: {settings}")


def merge_layers(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of all layers, later ones first in priority; settings merge by name."""
    merged = {key: value for layer in layers for key, value in layer.items()}
    merged["settings"] = {k: v for layer in layers for k, v in layer.get("settings", {}).items()}
    return merged


def check_options(values: Mapping[str, Any], kind: type[Kind], origin: str = "") -> Kind:
    """Return the options, after checking that all are known and in range."""
    unknown = sorted(values.keys() - set(kind.__struct_fields__))
    if unknown:
        known = ", ".join(kind.__struct_fields__)
        raise ParameterError(f"{origin}there is no option {unknown[0]}; there are {known}")
    dashes = "" if origin else "--"
    try:
        return msgspec.convert(dict(values), kind)
    except msgspec.ValidationError as error:
        raise ParameterError(f"{origin}{dashes}{describe_error(error, kind)}") from error
    except UnicodeEncodeError as error:  # of a value that must be one of several names
        name = next(name for name, value in values.items() if value == error.object)
        choices = ", ".join(choices_of(get_type_hints(kind).get(name)))
        option = f"{dashes}{name.replace('_', '-')}"
        raise ParameterError(f"{origin}{option} must be one of {choices}") from error


# msgspec's messages about wrong values, and how they read better
VALUE_WORDINGS = (
    (re.compile(r"Expected `\w+` >= (\S+)"), r"must be \1 or more"),
    (re.compile(r"Expected `\w+` <= (\S+)"), r"must be \1 or less"),
    (re.compile(r"Expected `\w+` > (\S+)"), r"must be above \1"),
    (re.compile(r"Expected `\w+` < (\S+)"), r"must be below \1"),
    (re.compile(r"Expected `int(?: \| null)?`, got .*"), "must be a whole number"),
    (re.compile(r"Expected `float(?: \| null)?`, got .*"), "must be a number"),
    (re.compile(r"Expected `bool(?: \| null)?`, got .*"), "must be true or false"),
)


def describe_error(error: msgspec.ValidationError, kind: type[Any]) -> str:
    """Return the message about a wrong value of a dataclass or struct, with its name first."""
    reason, _, path = str(error).partition(" - at `$.")
    name = path.rstrip("`")
    if not name:
        return reason
    for pattern, wording in VALUE_WORDINGS:
        if match := pattern.fullmatch(reason):
            return f"{name.replace('_', '-')} {match.expand(wording)}"
    if choices := choices_of(get_type_hints(kind).get(name)):
        wrong = reason.removeprefix("Invalid enum value ")
        return f"{name.replace('_', '-')} must be one of {', '.join(choices)}, not {wrong}"
    return f"{name.replace('_', '-')}: {reason}"


def choices_of(hint: Any) -> list[str]:
    """Return the values of a Literal, also of one that may be None."""
    if get_origin(hint) is Literal:
        return [str(value) for value in get_args(hint)]
    return [choice for part in get_args(hint) for choice in choices_of(part)]


def read_config(path: Path | None) -> dict[str, Any]:
    """Return the keys of a TOML file with _ for -; nothing without a file."""
    if path is None:
        return {}
    try:
        values = tomllib.loads(read_bytes(path).decode())
    except BadInputError:
        raise
    except ValueError as error:
        raise BadInputError(f"{path}: is not TOML ({error})") from error
    known = {key.replace("-", "_"): value for key, value in values.items()}
    unknown = sorted(known.keys() - set(Options.__struct_fields__))
    if unknown:
        raise ParameterError(f"{path}: there is no option {unknown[0]}")
    if not isinstance(known.get("settings", {}), dict):
        raise ParameterError(f"{path}: settings must be a table, [settings]")
    return known


def process_counts(values: Mapping[str, Any]) -> dict[str, int]:
    """Return devices and nodes as torchrun has set them up; nothing outside of torchrun."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return {}
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    return {"devices": here, "nodes": int(os.environ["WORLD_SIZE"]) // here}


def first_process() -> bool:
    """Return whether this process, of those that train together, writes files and prints."""
    if "RANK" in os.environ:
        return os.environ["RANK"] == "0"
    return all(os.environ.get(name, "0") == "0" for name in ("NODE_RANK", "LOCAL_RANK"))


def choose_seed(options: Options) -> int:
    """Return the given seed, a random one, or 0 for several processes that must agree."""
    if options.seed is not None:
        return options.seed
    return 0 if options.devices * options.nodes > 1 else secrets.randbelow(SEEDS)


def settings_fields(recipe: Recipe | Fit) -> list[str]:
    """Return the names that --set takes for a recipe."""
    return list(recipe.settings.__dataclass_fields__)  # type: ignore[attr-defined]


def settings_of(recipe: Recipe | Fit, options: Options | FitOptions) -> Any:
    """Return the recipe's settings with the given ones in place; text becomes the field's type.

    Raises:
        ParameterError: a setting is unknown or of the wrong type.
    """
    fields = settings_fields(recipe)
    unknown = sorted(options.settings.keys() - set(fields))
    if unknown:
        known = ", ".join(fields) or "none"
        raise ParameterError(f"{recipe.name} has no setting {unknown[0]}; there are: {known}")
    try:
        return msgspec.convert(options.settings, recipe.settings, strict=False)
    except msgspec.ValidationError as error:
        raise ParameterError(f"--set {describe_error(error, recipe.settings)}") from error


def parse_settings(words: Sequence[str]) -> dict[str, str]:
    """Return NAME=VALUE words as a dict.

    Raises:
        ParameterError: a word has no =.
    """
    for word in words:
        if "=" not in word:
            raise ParameterError(f"--set takes NAME=VALUE, not {word}")
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def resume_options(recipe: Recipe, stored: Mapping[str, Any], given: Mapping[str, Any]) -> Options:
    """Return the options of a resumed run: the stored ones, with a few that may be changed.

    Raises:
        ParameterError: an option is given that cannot change during a run.
    """
    check_resumable(given, RESUMABLE)
    options = check_options({**stored, **given}, Options)
    settings_of(recipe, options)
    return options


def check_resumable(given: Mapping[str, Any], allowed: set[str]) -> None:
    """Raise ParameterError for an option that cannot change when a run is resumed."""
    fixed = sorted(given.keys() - allowed)
    if fixed:
        name = fixed[0].replace("_", "-")
        names = ", ".join(f"--{each}" for each in sorted(allowed))
        raise ParameterError(f"--{name} is fixed by the run; --resume allows {names}")


def plan_of(recipe: Recipe, options: Options) -> TrainingPlan:
    """Return the options in the form that the training loop takes."""
    return TrainingPlan(
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
    """Return the command line that repeats the run; defaults are left out."""
    usual = check_options(recipe.defaults, Options)
    return command_line(
        recipe,
        {
            name: value
            for name in Options.__struct_fields__
            if (value := getattr(options, name)) != getattr(usual, name)
        },
        options.settings,
    )


def fit_command(fit: Fit, options: FitOptions) -> str:
    """Return the command line that repeats a fit; where the data lies is written as DATA."""
    given: dict[str, Any] = {"seed": options.seed}
    if options.data is not None:
        given = {"data": "DATA"} | given
    return command_line(fit, given, options.settings)


def command_line(
    recipe: Recipe | Fit, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> str:
    """Return `muse train` with these options and settings, without those in `UNRECORDED`."""
    words = ["muse", "train", name_of(recipe)]
    for name, value in given.items():
        if name not in UNRECORDED:
            words += [f"--{name.replace('_', '-')}", str(value)]
    for name, value in settings.items():
        words += ["--set", f"{name}={value}"]
    return " ".join(words)
