"""A phrase net as it is trained; its formula is in inference.py."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from muse.models.phrase_gru.config import PhraseGruConfig


class PhraseNet(nn.Module):
    """One net of the ensemble, for songs side by side."""

    def __init__(
        self, config: PhraseGruConfig, dropout: float = 0.0, input_dropout: float = 0.0
    ) -> None:
        """Start with no correction: the output layer is zero and the power of `base` is 1.

        Args:
            config: sizes.
            dropout: probability that a hidden unit is dropped in training.
            input_dropout: the same of an input.
        """
        super().__init__()
        hidden = config.hidden
        self.read = nn.Linear(config.features, hidden)
        self.gates = nn.GRU(hidden, hidden)
        self.out = nn.Linear(2 * hidden, config.classes)
        self.power = nn.Parameter(torch.ones(1))
        self.drop, self.drop_read = nn.Dropout(dropout), nn.Dropout(input_dropout)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, features: Tensor, base: Tensor) -> Tensor:
        """Return the log probability of each class, (beats, songs, classes).

        Args:
            features: (beats, songs, features).
            base: (beats, songs, classes) log probabilities that are corrected.
        """
        read = self.drop(torch.relu(self.read(self.drop_read(features))))
        state, _ = self.gates(read)
        corrections = self.out(self.drop(torch.cat([state, read], -1)))
        return torch.log_softmax(self.power * base + corrections, -1)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the weights by their names in the weight file, without the axis of the nets."""
        named: dict[str, Any] = {
            "phrase_in": self.read.weight,
            "phrase_in_bias": self.read.bias,
            "phrase_reads": self.gates.weight_ih_l0,
            "phrase_reads_bias": self.gates.bias_ih_l0,
            "phrase_keeps": self.gates.weight_hh_l0,
            "phrase_keeps_bias": self.gates.bias_hh_l0,
            "phrase_out": self.out.weight,
            "phrase_out_bias": self.out.bias,
            "phrase_base": self.power,
        }
        return {name: tensor.detach().numpy().astype(np.float64) for name, tensor in named.items()}
