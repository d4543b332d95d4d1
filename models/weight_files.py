"""Write and read weights with their card, and check that the two files belong together.

`NAME.safetensors` holds arrays; `NAME.json`, the card, holds the net's config, the hash of the
vocabulary that makes its ids, the data with its licence, the metrics, the command that made the
weights, and the SHA-256 of the first file. Needs no torch.
"""

import hashlib
import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

WEIGHTS_SUFFIX, CARD_SUFFIX = ".safetensors", ".json"

Arrays = dict[str, NDArray[Any]]
Config = TypeVar("Config")


class Weights(NamedTuple):
    """Contents of the two files.

    Attributes:
        config: the net's config dataclass as a dict.
        tensors: arrays by name.
        card: the whole JSON document.
    """

    config: dict[str, Any]
    tensors: Arrays
    card: dict[str, Any]


def pack_weights(tensors: Arrays, card: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the bytes of the two files, with parameter count and SHA-256 added to the card."""
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    parameters = sum(array.size for array in tensors.values())
    complete = card | {"parameters": parameters, "sha256": hashlib.sha256(data).hexdigest()}
    return data, (json.dumps(complete, indent=2, ensure_ascii=False) + "\n").encode()


def load_weights(name_or_path: str | Path, expected_vocabulary_hash: str | None = None) -> Weights:
    """Read the weights that ship with muse under a name, or those at a path to either file.

    Args:
        name_or_path: "chord-lstm", or a path with a suffix or a folder in it.
        expected_vocabulary_hash: of the vocabulary that makes the ids; None accepts any.

    Raises:
        FileNotFoundError: one of the two files is missing.
        ValueError: they do not belong together, are damaged, or are of another vocabulary; the
            message names the file.
    """
    folder, name = locate_weights(name_or_path)
    card_file, data_file = folder / f"{name}{CARD_SUFFIX}", folder / f"{name}{WEIGHTS_SUFFIX}"
    card = read_card(card_file)
    found = card.get("vocabulary_hash")
    if expected_vocabulary_hash is not None and found != expected_vocabulary_hash:
        raise ValueError(
            f"{card_file}: the net was trained with another vocabulary ({str(found)[:12]}, not "
            f"{expected_vocabulary_hash[:12]}); train it again"
        )
    data = data_file.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.get("sha256"):
        raise ValueError(f"{data_file}: is damaged, or does not belong to {name}{CARD_SUFFIX}")
    from safetensors.numpy import load

    return Weights(card["config"], load(data), card)


def locate_weights(name_or_path: str | Path) -> tuple[Traversable, str]:
    """Return the folder of the two files, and their name without suffix."""
    path = Path(name_or_path)
    bare = path.with_suffix("") if path.suffix in {WEIGHTS_SUFFIX, CARD_SUFFIX} else path
    if len(path.parts) == 1 and bare == path:
        return files("muse.models") / "weights", path.name
    return bare.parent, bare.name


def read_card(file: Traversable) -> dict[str, Any]:
    """Read a card.

    Raises:
        ValueError: the file is not JSON, or has no config.
    """
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: is not JSON ({error})") from error
    if not isinstance(card, dict) or not isinstance(card.get("config"), dict):
        raise ValueError(f"{file}: has no config")
    return card


def config_from(kind: type[Config], values: dict[str, Any]) -> Config:
    """Make a config dataclass from the card's dict.

    Raises:
        ValueError: the fields differ, so the weights are of another net.
    """
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"the config does not fit {kind.__name__}: {error}") from error
