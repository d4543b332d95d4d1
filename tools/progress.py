"""How long-running tools tell how far they are, without knowing who listens."""

from collections.abc import Callable

Report = Callable[[str, float], None]  # (stage, fraction done in [0, 1])


def silent(_stage: str, _fraction: float) -> None:
    """Listens to nothing."""


def part(report: Report, start: float, end: float) -> Report:
    """A report whose 0..1 fills start..end of a larger one."""
    return lambda stage, fraction: report(stage, start + (end - start) * fraction)
