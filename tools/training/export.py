"""Exports the weights of a run as NAME.safetensors and a card, NAME.json."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from muse.models.weight_files import CARD_SUFFIX, WEIGHTS_SUFFIX, pack_weights
from muse.tools.files import write_bytes
from muse.tools.song.provenance import muse_version
from muse.tools.training.recipe import Prepared, Recipe


def card_of(
    recipe: Recipe, prepared: Prepared, facts: dict[str, Any], results: dict[str, Any]
) -> dict[str, Any]:
    """Return the card of a run's weights.

    Args:
        recipe: of the net.
        prepared: the data, with its sources and the hash of its vocabulary.
        facts: the run's config, as in run_config.json.
        results: of the evaluation, as in evaluation_results.json.
    """
    return {
        "name": recipe.name,
        "what": recipe.what,
        "task": recipe.task,
        "licence": recipe.licence,
        "config": facts["config"],
        "vocabulary_hash": prepared.vocabulary_hash,
        "data": [asdict(source) for source in prepared.sources],
        "data_hash": facts["data"]["hash"],
        "split": facts["data"]["split"],
        "metrics": results,
        "command": facts["command"],
        "made_by": f"muse {muse_version()}",
        **prepared.extras,
    }


def export(
    folder: Path, name: str, weights: dict[str, Tensor], card: dict[str, Any]
) -> tuple[Path, Path]:
    """Write both files into a folder, the card last, and return their paths."""
    data, text = pack_weights({key: tensor.numpy() for key, tensor in weights.items()}, card)
    paths = folder / f"{name}{WEIGHTS_SUFFIX}", folder / f"{name}{CARD_SUFFIX}"
    write_bytes(paths[0], data)
    write_bytes(paths[1], text)
    return paths
