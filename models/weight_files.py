"""Weights beside a JSON that tells what they are: written together, checked on reading.

`NAME.safetensors` holds arrays and nothing else; `NAME.json`, the card, holds the net's config, the
hash of the vocabulary its ids are from, the data with its licence, what was measured, the command
that made it, and the SHA-256 of the first file. Read without torch.
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
    """What is in the two files.

    Attributes:
        config: the net's config dataclass as a dict.
        tensors: name to array.
        card: the whole JSON.
    """

    config: dict[str, Any]
    tensors: Arrays
    card: dict[str, Any]


def packed(tensors: Arrays, card: dict[str, Any]) -> tuple[bytes, bytes]:
    """The bytes of the two files; the card gains the first one's sha256 and its sizes."""
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    parameters = sum(array.size for array in tensors.values())
    told = card | {"parameters": parameters, "sha256": hashlib.sha256(data).hexdigest()}
    return data, (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()


def load_weights(name_or_path: str | Path, expected_vocabulary_hash: str | None = None) -> Weights:
    """The weights that ship with muse under a name, or those of a path to either file.

    Args:
        name_or_path: "chord-lstm", or a path with a suffix or a folder in it.
        expected_vocabulary_hash: of the vocabulary that ids will be made with; None takes any.

    Raises:
        FileNotFoundError: one of the two files is not there.
        ValueError: they do not belong together, are damaged, or want another vocabulary; the
            message names the file.
    """
    place, name = place_of(name_or_path)
    card_file, data_file = place / f"{name}{CARD_SUFFIX}", place / f"{name}{WEIGHTS_SUFFIX}"
    card = read_card(card_file)
    found = card.get("vocabulary_hash")
    if expected_vocabulary_hash is not None and found != expected_vocabulary_hash:
        raise ValueError(
            f"{card_file}: the net speaks another vocabulary ({str(found)[:12]}, not "
            f"{expected_vocabulary_hash[:12]}); train it again"
        )
    data = data_file.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.get("sha256"):
        raise ValueError(f"{data_file}: is damaged, or not what {name}{CARD_SUFFIX} tells of")
    from safetensors.numpy import load

    return Weights(card["config"], load(data), card)


def place_of(name_or_path: str | Path) -> tuple[Traversable, str]:
    """The folder of the two files, and their name without suffix."""
    path = Path(name_or_path)
    bare = path.with_suffix("") if path.suffix in {WEIGHTS_SUFFIX, CARD_SUFFIX} else path
    if len(path.parts) == 1 and bare == path:
        return files("muse.models") / "weights", path.name
    return bare.parent, bare.name


def read_card(file: Traversable) -> dict[str, Any]:
    """The JSON beside weights.

    Raises:
        ValueError: it is none.
    """
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: is not JSON ({error})") from error
    if not isinstance(card, dict) or not isinstance(card.get("config"), dict):
        raise ValueError(f"{file}: tells no config")
    return card


def config_from(kind: type[Config], values: dict[str, Any]) -> Config:
    """The config dataclass from the card's dict.

    Raises:
        ValueError: it has other fields, so the weights are of another net.
    """
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"the config does not fit {kind.__name__}: {error}") from error
