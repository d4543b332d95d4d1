"""The recurrent net forward step by step, in numpy; see net.py for the formula."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from muse.models.chord_nets.config import ChordLstmConfig
from muse.models.numpy_layers import Floats, linear, sigmoid, softmax


@dataclass
class LstmState:
    """A song so far.

    Attributes:
        context: (width,) or (1,), what holds for the whole song, embedded.
        hidden: (layers, width).
        cell: (layers, width).
    """

    context: Floats
    hidden: Floats
    cell: Floats

    def fork(self) -> "LstmState":
        """The same song; its arrays are replaced and never changed, so they can be shared."""
        return replace(self)


class LstmReader:
    """See chord_reader.NetReader."""

    def __init__(self, config: ChordLstmConfig, weights: Mapping[str, Floats]) -> None:
        """Take the weights by their names in torch."""
        self.config = config
        self.weights = weights
        self.gates = [gates_of(weights, layer) for layer in range(config.layers)]

    def start(self, context: Floats) -> LstmState:
        """A song of no steps."""
        nothing = np.zeros((self.config.layers, self.config.width), np.float32)
        return LstmState(context, nothing, nothing)

    def step(
        self, state: LstmState, embedded: Floats, _ids: Mapping[str, int], _onset: int
    ) -> tuple[Floats, Floats, None]:
        """One step on."""
        x = embedded + state.context
        hidden, cell = np.empty_like(state.hidden), np.empty_like(state.cell)
        for layer, (weight, bias) in enumerate(self.gates):
            taken = weight @ np.concatenate([x, state.hidden[layer]]) + bias
            enter, keep, candidate, show = taken.reshape(4, -1)
            cell[layer] = sigmoid(keep) * state.cell[layer] + sigmoid(enter) * np.tanh(candidate)
            x = hidden[layer] = sigmoid(show) * np.tanh(cell[layer])
        state.hidden, state.cell = hidden, cell
        return softmax(linear(self.weights, "chords", x)), x, None


def gates_of(weights: Mapping[str, Floats], layer: int) -> tuple[Floats, Floats]:
    """A layer's four gates as one matrix (4 width, 2 width) on input and state, and a bias."""
    both = [weights[f"lstm.weight_{end}_l{layer}"] for end in ("ih", "hh")]
    bias = weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"]
    return np.concatenate(both, axis=1), bias
