"""The tempo nets as they are trained; what they compute is described in inference.py."""

import numpy as np
import torch
from torch import Tensor, nn

from muse.models.numpy_layers import Floats
from muse.models.tempo_nets.config import (
    BEAT_OUTPUTS,
    BEAT_UNITS,
    CYCLE,
    HARMONICS,
    TEMPO_UNITS,
    WAVES,
)

FIRST_OUT = 0.3  # factor on the last layer's initial weights


def tempo_net(features: int) -> nn.Sequential:
    """Make a net that scores one tempo from its features, with random weights."""
    return nn.Sequential(nn.Linear(features, TEMPO_UNITS), nn.ReLU(), nn.Linear(TEMPO_UNITS, 1))


class BeatNet(nn.Module):
    """A net that scores tempos and phases, for many moments at once; adds scores of the tempos."""

    def __init__(self, features: int, dropout: float) -> None:
        """Start with random weights.

        Args:
            features: of each onset at each tempo.
            dropout: probability that a hidden unit is dropped.
        """
        super().__init__()
        self.first = nn.Linear(features, BEAT_UNITS[0])
        self.second = nn.Linear(*BEAT_UNITS)
        self.last = nn.Linear(BEAT_UNITS[1], BEAT_OUTPUTS)
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.waves = torch.tensor(WAVES)
        self.harmonics = torch.tensor(2 * np.pi / CYCLE * HARMONICS).float()
        self.dropout = dropout
        with torch.no_grad():
            self.last.weight *= FIRST_OUT

    def forward(self, features: Tensor, back: Tensor, tempo_log_odds: Tensor) -> Tensor:
        """Return log odds, (moments, tempos, phases).

        Args:
            features: (moments, tempos, onsets, features).
            back: (moments, tempos, onsets) beats after the last onset; NaN where there is none.
            tempo_log_odds: (moments, tempos), from the net that judges tempos.
        """
        for layer in (self.first, self.second):
            features = nn.functional.dropout(torch.relu(layer(features)), self.dropout)
        outputs: Tensor = self.last(features) * ~torch.isnan(back)[..., None]
        turns = self.harmonics * torch.nan_to_num(back)[..., None]
        real, imaginary = outputs[..., 1:].chunk(2, -1)
        waves = torch.complex(real, imaginary) * torch.polar(torch.ones_like(turns), turns)
        tempos = outputs[..., 0].sum(-1) + self.scale * tempo_log_odds
        phases: Tensor = waves.sum(-2) @ self.waves
        return phases.real + tempos[..., None]

    def arrays(self) -> list[tuple[Floats, Floats]]:
        """Return each layer's weights and biases, the last divided by the scale of the tempos."""
        layers = (self.first, self.second, self.last)
        units = (1.0, 1.0, float(self.scale.detach()))
        return [
            ((layer.weight.detach() / unit).numpy(), (layer.bias.detach() / unit).numpy())
            for layer, unit in zip(layers, units, strict=True)
        ]
