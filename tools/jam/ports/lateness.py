"""How late things come, counted into bins so that memory stays flat however long it lasts."""

from typing import Any

BIN_S = 1e-5  # width of a bin
BINS = 20_000  # what is later than BINS * BIN_S goes into the last one
PERCENTILES = (50.0, 95.0, 99.0)


class Lateness:
    """A histogram of seconds; what is early counts as 0.

    Attributes:
        count: how many were added.
        worst_s: the latest.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self.worst_s = 0.0
        self._bins = [0] * BINS

    def add(self, late_s: float) -> None:
        """Count one."""
        self.count += 1
        self.worst_s = max(self.worst_s, late_s)
        self._bins[min(max(int(late_s / BIN_S), 0), BINS - 1)] += 1

    def percentile(self, percent: float) -> float:
        """Seconds that so many per cent were not later than, to BIN_S; 0 where there are none."""
        wanted = self.count * percent / 100
        seen = 0
        for place, number in enumerate(self._bins):
            seen += number
            if number and seen >= wanted:
                is_last = place == BINS - 1
                return self.worst_s if is_last else min((place + 1) * BIN_S, self.worst_s)
        return 0.0

    def figures(self) -> dict[str, Any]:
        """How many, percentiles and the worst, in ms, for JSON."""
        found = {f"p{p:g}_ms": round(self.percentile(p) * 1e3, 3) for p in PERCENTILES}
        return {"events": self.count, **found, "worst_ms": round(self.worst_s * 1e3, 3)}
