"""Provenance: the `made_by` record that every JSON result carries, so that it can be made again."""

from dataclasses import fields
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from muse.tools.song.document import MadeBy

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DISTRIBUTION = "muse-toolbox"  # the name that pip installs


def muse_version() -> str:
    """Return the version of the installed muse, such as "0.1.0"."""
    return version(DISTRIBUTION)


def provenance(
    command: str,
    params: dict[str, Any],
    seed: int | None = None,
    model: str | None = None,
    model_hash: str | None = None,
) -> MadeBy:
    """Build the `made_by` record of a result of this version of muse.

    Args:
        command: name of the command, such as "chords" or "eval transcription".
        params: options of the run, as JSON values.
        seed: of the random generator; None where nothing is sampled.
        model: name of the model or engine; None without one.
        model_hash: SHA-256 of the model's weights, hexadecimal.
    """
    return MadeBy(command, muse_version(), params, seed, model, model_hash)


def provenance_dict(
    command: str, params: dict[str, Any], seed: int | None = None
) -> dict[str, Any]:
    """Return `provenance` as a dict, for results other than Song documents."""
    made_by: dict[str, Any] = msgspec.to_builtins(provenance(command, params, seed))
    return made_by


def request_params(request: "DataclassInstance", **replaced: Any) -> dict[str, Any]:
    """Return the fields of a request that were set, in their order, for `params`.

    Args:
        request: a dataclass; fields that are None or False count as not set.
        replaced: values to take in place of fields that JSON cannot hold; None leaves one out.
    """
    values = {each.name: getattr(request, each.name) for each in fields(request)} | replaced
    return {name: value for name, value in values.items() if value not in (None, False)}
