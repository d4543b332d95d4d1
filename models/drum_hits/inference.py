"""A small net that tells drum hits from the shape of the spectrum around one frame.

One hidden layer, run in numpy: it is read and running before torch would be imported. It is trained
by scripts/train_drum_hits.py.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAME = "drum-hits"

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class DrumHitsConfig:
    """Sizes.

    Attributes:
        inputs: numbers the net sees of a frame.
        hidden: units of the hidden layer.
        outputs: kinds of hit.
    """

    inputs: int
    hidden: int
    outputs: int


@dataclass(frozen=True)
class DrumHits:
    """The net's weights; rows in, columns out.

    Attributes:
        into_hidden: (inputs, hidden).
        hidden_bias: (hidden,).
        into_outputs: (hidden, outputs).
        output_bias: (outputs,).
    """

    into_hidden: Rows
    hidden_bias: Rows
    into_outputs: Rows
    output_bias: Rows

    @property
    def config(self) -> DrumHitsConfig:
        """The sizes that the weights have."""
        inputs, hidden = self.into_hidden.shape
        return DrumHitsConfig(inputs, hidden, len(self.output_bias))

    def __call__(self, rows: Rows) -> Rows:
        """Activations in (0, 1) of shape (frames, outputs) for rows of shape (frames, inputs)."""
        hidden = np.maximum(rows @ self.into_hidden + self.hidden_bias, 0.0)
        logits = hidden @ self.into_outputs + self.output_bias
        activations: Rows = 0.5 * (1.0 + np.tanh(0.5 * logits))
        return activations


def load_drum_hits(folder: Path | None = None) -> DrumHits:
    """The net in a folder with its .safetensors and .json; None is the one that ships with muse.

    Raises:
        ValueError: the two files do not belong together.
    """
    from safetensors.numpy import load

    place: Traversable = folder or files("muse.models") / "weights"
    config = DrumHitsConfig(**json.loads((place / f"{NAME}.json").read_text())["config"])
    weights = load((place / f"{NAME}.safetensors").read_bytes())
    if {name: rows.shape for name, rows in weights.items()} != shapes_of(config):
        raise ValueError(f"{NAME}.safetensors has other sizes than {NAME}.json tells")
    return DrumHits(**weights)


def shapes_of(config: DrumHitsConfig) -> dict[str, tuple[int, ...]]:
    """The shape of each of the net's arrays, by its name in the file."""
    return {
        "into_hidden": (config.inputs, config.hidden),
        "hidden_bias": (config.hidden,),
        "into_outputs": (config.hidden, config.outputs),
        "output_bias": (config.outputs,),
    }
