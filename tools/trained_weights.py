"""Weights that were trained by `muse train`, read for a command; imports no torch."""

from pathlib import Path

from muse.models.weight_files import Weights, load_weights
from muse.tools.errors import BadInputError


def trained_weights(name_or_path: str | Path, vocabulary_hash: str | None = None) -> Weights:
    """The weights that ship with muse under a name, or those of a path, checked.

    Args:
        name_or_path: "chord-lstm", or a path to NAME.safetensors, NAME.json or both without suffix.
        vocabulary_hash: of the vocabulary that ids will be made with; None takes any.

    Raises:
        BadInputError: they are not there, damaged, or want another vocabulary.
    """
    try:
        return load_weights(name_or_path, vocabulary_hash)
    except FileNotFoundError as error:
        raise BadInputError(f"{name_or_path}: no such weights ({error.filename})") from error
    except ValueError as error:
        raise BadInputError(str(error)) from error
