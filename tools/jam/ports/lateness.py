"""Histograms of delays, in constant memory however long they last."""

from typing import Any

BIN_S = 1e-5  # bin width
BINS = 20_000  # longer delays than BINS * BIN_S are in the last bin
PERCENTILES = (50.0, 95.0, 99.0)


class Lateness:
    """A histogram of delays in seconds; negative ones count as 0.

    Attributes:
        count: number of delays.
        max_s: the longest.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.count = 0
        self.max_s = 0.0
        self._bins = [0] * BINS

    def add(self, late_s: float) -> None:
        """Add a delay."""
        self.count += 1
        self.max_s = max(self.max_s, late_s)
        self._bins[min(max(int(late_s / BIN_S), 0), BINS - 1)] += 1

    def percentile(self, percent: float) -> float:
        """Return a percentile in s, to BIN_S; 0 for an empty histogram."""
        wanted = self.count * percent / 100
        seen = 0
        for place, number in enumerate(self._bins):
            seen += number
            if number and seen >= wanted:
                is_last = place == BINS - 1
                return self.max_s if is_last else min((place + 1) * BIN_S, self.max_s)
        return 0.0

    def figures(self) -> dict[str, Any]:
        """Return count, percentiles and maximum in ms, for JSON."""
        found = {f"p{p:g}_ms": round(self.percentile(p) * 1e3, 3) for p in PERCENTILES}
        return {"events": self.count, **found, "worst_ms": round(self.max_s * 1e3, 3)}
