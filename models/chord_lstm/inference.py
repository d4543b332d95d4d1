"""Run the recurrent net step by step, in numpy; the formula is in net.py."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.numpy_layers import Floats, linear, sigmoid, softmax


@dataclass
class LstmState:
    """The net's state after the steps of a song so far.

    Attributes:
        context: (width,) sum of the contexts' embeddings; (1,) without contexts.
        hidden: (layers, width).
        cell: (layers, width).
    """

    context: Floats
    hidden: Floats
    cell: Floats

    def fork(self) -> "LstmState":
        """Return a copy that shares the arrays, which are replaced and never changed."""
        return replace(self)


class LstmInference:
    """Implements chord_nets.inference.NetInference."""

    def __init__(self, config: ChordLstmConfig, weights: Mapping[str, Floats]) -> None:
        """Take the weights by their names in torch."""
        self.config = config
        self.weights = weights
        self.gates = [join_gates(weights, layer) for layer in range(config.layers)]

    def start(self, context: Floats) -> LstmState:
        """Return the state before the first step."""
        zeros = np.zeros((self.config.layers, self.config.width), np.float32)
        return LstmState(context, zeros, zeros)

    def step(
        self, state: LstmState, embedded: Floats, _ids: Mapping[str, int], _onset: int
    ) -> tuple[Floats, Floats, None]:
        """Read a step; returns the next chord's probabilities, the hidden state and no copies."""
        x = embedded + state.context
        hidden, cell = np.empty_like(state.hidden), np.empty_like(state.cell)
        for layer, (weight, bias) in enumerate(self.gates):
            gates = weight @ np.concatenate([x, state.hidden[layer]]) + bias
            enter, keep, candidate, show = gates.reshape(4, -1)
            cell[layer] = sigmoid(keep) * state.cell[layer] + sigmoid(enter) * np.tanh(candidate)
            x = hidden[layer] = sigmoid(show) * np.tanh(cell[layer])
        state.hidden, state.cell = hidden, cell
        return softmax(linear(self.weights, "chords", x)), x, None


def join_gates(weights: Mapping[str, Floats], layer: int) -> tuple[Floats, Floats]:
    """Return a layer's four gates as one matrix, (4 width, 2 width), and one bias, (4 width,).

    The matrix applies to the layer's input followed by its hidden state.
    """
    both = [weights[f"lstm.weight_{end}_l{layer}"] for end in ("ih", "hh")]
    bias = weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"]
    return np.concatenate(both, axis=1), bias
