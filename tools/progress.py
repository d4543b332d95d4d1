"""Progress reports of long-running tools, independent of how they are shown."""

from collections.abc import Callable

Report = Callable[[str, float], None]  # (stage, fraction done in [0, 1])


def silent(_stage: str, _fraction: float) -> None:
    """Ignore the progress."""


def scale_report(report: Report, start: float, end: float) -> Report:
    """Return a report whose range 0 to 1 is the range start to end of another report."""
    return lambda stage, fraction: report(stage, start + (end - start) * fraction)
