"""The benchmark's figures as a table."""

from collections.abc import Iterator

from muse.tools.jam.benchmark.timing import Figures

COLUMNS = ("p50_ms", "p95_ms", "p99_ms", "worst_ms")


def rows(figures: Figures) -> Iterator[tuple[str, Figures]]:
    """Yield the name and the delays of each row."""
    if "deciding" in figures:
        yield "decision", figures["deciding"]
    yield "message sent", figures["player"]
    for name, kind in (("message at the peer", "events"), ("note in to engine", "notes")):
        yield name, figures[kind]["late"]
        yield "  beyond the period", figures[kind]["beyond_period"]


def table(figures: Figures) -> str:
    """Return the table, and a line for each limit."""
    lines = [f"{'delay, ms':22}" + "".join(f"{name[:-3]:>9}" for name in COLUMNS)]
    for name, row in rows(figures):
        cells = "".join(f"{row[column]:>9.2f}" for column in COLUMNS)
        lines.append(f"{name:22}{cells}  of {row['events']}")
    lines.append(f"drift {figures['events']['drift_ms']} ms")
    for name, limit in figures["limits"].items():
        verdict = "ok" if limit["holds"] else "FAILED"
        lines.append(f"{verdict}: {name} {limit['measured']} (at most {limit['most']})")
    return "\n".join(lines)
