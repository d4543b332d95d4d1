"""Run the phrase nets beat by beat, in numpy and in 32 bits, all nets at once.

A net corrects a given distribution over triads, `base`, with what it has read of the song:

    x[t] = relu(W_in features[t] + b_in)
    h[t] = GRU(x[t], h[t - 1])                    (Cho et al., EMNLP 2014, in torch's form)
    log p[t] = log_softmax(power * base[t] + W_out [h[t]; x[t]] + b_out)

The nets' log probabilities are averaged and normalized.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.numpy_layers import Floats, log_softmax, sigmoid
from muse.models.phrase_gru.config import PhraseGruConfig, array_shapes


class PhraseGru:
    """An ensemble of phrase nets; its state is passed in and out, so a step changes nothing."""

    def __init__(self, config: PhraseGruConfig, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take the arrays that `array_shapes` lists."""
        self.config = config
        self.arrays = {
            name: np.ascontiguousarray(arrays[name], np.float32) for name in array_shapes(config)
        }

    def start(self) -> Floats:
        """Return the state before the first beat, (nets, hidden)."""
        return np.zeros((self.config.nets, self.config.hidden), np.float32)

    def step(
        self, state: Floats, features: Floats, base: NDArray[np.float64]
    ) -> tuple[Floats, NDArray[np.float64]]:
        """Read one beat.

        Args:
            state: (nets, hidden), after the beat before.
            features: (features,).
            base: (classes,) log probabilities that are corrected.

        Returns:
            The state after this beat, and the log probability of each class.
        """
        hidden, a = self.config.hidden, self.arrays
        x = np.maximum(a["phrase_in"] @ features + a["phrase_in_bias"], 0.0)
        from_input = batched(a["phrase_reads"], x) + a["phrase_reads_bias"]
        from_state = batched(a["phrase_keeps"], state) + a["phrase_keeps_bias"]
        gates = sigmoid((from_input + from_state)[:, : 2 * hidden])
        reset, update = np.split(gates, 2, axis=1)
        new = np.tanh(from_input[:, 2 * hidden :] + reset * from_state[:, 2 * hidden :])
        state = (1 - update) * new + update * state
        out = batched(a["phrase_out"], np.hstack([state, x])) + a["phrase_out_bias"]
        each = [log_softmax(logits) for logits in a["phrase_base"] * base + out]
        return state, log_softmax(np.mean(each, axis=0))


def batched(weights: Floats, x: Floats) -> Floats:
    """Apply each net's matrix, (nets, out, in), to its own input, (nets, in)."""
    y: Floats = (weights @ x[..., None])[..., 0]
    return y
