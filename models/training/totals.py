"""Sums of metrics over batches."""

from collections.abc import Iterable

import torch
from torch import Tensor

from muse.models.training.task import Means, Sums


class Totals:
    """Sums and counts of metrics, stored on the device so that no step waits for it.

    Attributes:
        sums: (2,) sum and count of each metric.
    """

    def __init__(self, sums: dict[str, Tensor] | None = None) -> None:
        """Start with zero, or with sums of earlier batches."""
        self.sums: dict[str, Tensor] = dict(sums or {})

    def add(self, sums: Sums, device: torch.device) -> None:
        """Add the sums of one batch."""
        # float32 would lose counts past 2**24; mps has nothing wider
        dtype = torch.float32 if device.type == "mps" else torch.float64
        for name, pair in sums.items():
            both = torch.stack(
                [torch.as_tensor(value, dtype=dtype, device=device).detach() for value in pair]
            )
            before = self.sums.get(name)
            self.sums[name] = both if before is None else before.to(device) + both

    def means(self) -> Means:
        """Return the mean of each metric; NaN for a count of 0."""
        values = {name: pair.tolist() for name, pair in self.sums.items()}
        return {
            name: total / count if count else torch.nan for name, (total, count) in values.items()
        }

    def saved(self) -> dict[str, Tensor]:
        """Return copies of the sums on the processor."""
        return {name: pair.cpu().clone() for name, pair in self.sums.items()}


def add_totals(parts: Iterable[dict[str, Tensor]]) -> Totals:
    """Add the sums of several processes."""
    whole: dict[str, Tensor] = {}
    for part in parts:
        for name, pair in part.items():
            whole[name] = whole[name] + pair if name in whole else pair
    return Totals(whole)


def format_means(means: Means) -> str:
    """Format means as text."""
    return ", ".join(f"{name} {value:.3f}" for name, value in means.items())
