"""Parts of a transformer in torch that chord_transformer and melody_xl share."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from muse.models.numpy_layers import ROPE_BASE

MASKED = -1e9  # logit of a position that attention must not use


def rotate(x: Tensor, first: int = 0) -> Tensor:
    """Apply rotary position embeddings (Su et al., "RoFormer", 2021).

    Args:
        x: (..., steps, width) queries or keys.
        first: position of the first step.
    """
    steps, width = x.shape[-2:]
    rates = ROPE_BASE ** (-torch.arange(0, width, 2, device=x.device) / width)
    angles = torch.arange(first, first + steps, device=x.device)[:, None] * rates
    cosine, sine = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], -1).flatten(-2)


def zero_table(count: int, width: int) -> nn.Embedding:
    """Make an embedding table of zeros."""
    table = nn.Embedding(count, width)
    nn.init.zeros_(table.weight)
    return table


def sum_of_rows(
    first: Tensor, second: Tensor, first_ids: Tensor, second_ids: Tensor, hidden: Tensor
) -> Tensor:
    """Return first[first_ids] + second[second_ids], (*ids, heads), in one lookup.

    Rows are zero where `hidden`.
    """
    both = (first[:, None] + second).flatten(0, 1)
    return look_up(both, first_ids * len(second) + second_ids, hidden)


def look_up(table: Tensor, ids: Tensor, hidden: Tensor) -> Tensor:
    """Return rows of a table, (*ids, heads), zero where `hidden`.

    The zero row is a padding row without gradient, which halves the time of the backward pass.
    """
    zero = len(table)
    rows = torch.cat([table, table.new_zeros(1, table.shape[1])])
    return functional.embedding(ids.masked_fill(hidden, zero), rows, padding_idx=zero)


class Block(nn.Module):
    """An attention and a feed-forward layer, each with a norm before it and a residual."""

    def __init__(self, width: int, dropout: float, attention: nn.Module) -> None:
        """Take an attention layer and make the rest with random weights."""
        super().__init__()
        self.norm, self.norm_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = attention
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def add_and_feed_forward(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add the attention's output to x, both (batch, steps, width), then feed forward."""
        x = x + self.dropout(attended)
        wide = functional.gelu(self.widen(self.norm_forward(x)))
        y: Tensor = x + self.dropout(self.narrow(wide))
        return y
