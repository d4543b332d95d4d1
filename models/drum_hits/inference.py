"""Classify drum hits from the shape of the spectrum around one frame, in numpy.

The net has one hidden layer with ReLU; each output is the probability of one kind of hit.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from muse.models.drum_hits.config import NAME, DrumHitsConfig, array_shapes
from muse.models.numpy_layers import Floats, sigmoid


@dataclass(frozen=True)
class DrumHits:
    """The net's weights.

    Attributes:
        into_hidden: (inputs, hidden).
        hidden_bias: (hidden,).
        into_outputs: (hidden, outputs).
        output_bias: (outputs,).
    """

    into_hidden: Floats
    hidden_bias: Floats
    into_outputs: Floats
    output_bias: Floats

    @property
    def config(self) -> DrumHitsConfig:
        """The sizes of the weights."""
        inputs, hidden = self.into_hidden.shape
        return DrumHitsConfig(inputs, hidden, len(self.output_bias))

    def __call__(self, features: Floats) -> Floats:
        """Return probabilities, (frames, outputs), for features (frames, inputs)."""
        hidden = np.maximum(features @ self.into_hidden + self.hidden_bias, 0.0)
        logits = hidden @ self.into_outputs + self.output_bias
        probabilities: Floats = sigmoid(logits)
        return probabilities


def load_drum_hits(folder: Path | None = None) -> DrumHits:
    """Load the net from a folder with its two files; None loads the one that ships with muse.

    Raises:
        ValueError: the arrays have other sizes than the card's config says.
    """
    from safetensors.numpy import load

    source: Traversable = folder or files("muse.models") / "weights"
    config = DrumHitsConfig(**json.loads((source / f"{NAME}.json").read_text())["config"])
    weights = load((source / f"{NAME}.safetensors").read_bytes())
    if {name: array.shape for name, array in weights.items()} != array_shapes(config):
        raise ValueError(f"{NAME}.safetensors has other sizes than {NAME}.json says")
    return DrumHits(**weights)
