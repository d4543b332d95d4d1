"""A small net that tells drum hits from the shape of the spectrum around one frame.

One hidden layer, run in numpy: it is read and running before torch would be imported.
"""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

WEIGHTS = "drum-hits.safetensors"

Rows = NDArray[np.float32]


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

    def __call__(self, rows: Rows) -> Rows:
        """Activations in (0, 1) of shape (frames, outputs) for rows of shape (frames, inputs)."""
        hidden = np.maximum(rows @ self.into_hidden + self.hidden_bias, 0.0)
        logits = hidden @ self.into_outputs + self.output_bias
        activations: Rows = 0.5 * (1.0 + np.tanh(0.5 * logits))
        return activations


def load_drum_hits() -> DrumHits:
    """The net that ships with muse."""
    from safetensors.numpy import load

    weights = load((files("muse.models") / "weights" / WEIGHTS).read_bytes())
    return DrumHits(**weights)
