"""Separation engines without a net, for tests of the pipeline."""

from collections.abc import Mapping

import numpy as np

from muse.tools.audio.io import Audio


class ShareEngine:
    """Gives each stem a fixed share of the mix; shares that sum to 1 give back the mix."""

    overlap = 0.25
    normalized = False
    model_hash = "0" * 64

    def __init__(
        self,
        shares: Mapping[str, float] | None = None,
        *,
        segment_length: int = 4096,
        sample_rate: int = 44_100,
        batch: int = 2,
        normalized: bool = False,
    ) -> None:
        shares = shares or {"vocals": 0.5, "drums": 0.25, "bass": 0.125, "other": 0.125}
        self.name = "share"
        self.stems = tuple(shares)
        self.residual = self.stems[-1]
        self.origins = dict.fromkeys(self.stems, "mix by share")
        self.shares = np.array(list(shares.values()), np.float32)
        self.segment_length = segment_length
        self.sample_rate = sample_rate
        self.batch = batch
        self.normalized = normalized
        self.calls: list[Audio] = []

    def separate(self, segments: Audio) -> Audio:
        self.calls.append(segments)
        return segments[:, None] * self.shares[:, None, None]


def identity(**options: int) -> ShareEngine:
    """Return an engine with one stem, which is the mix."""
    return ShareEngine({"all": 1.0}, **options)
