"""What was measured, as a table for people."""

from collections.abc import Iterator

from muse.tools.jam.benchmark.timing import Figures

COLUMNS = ("p50_ms", "p95_ms", "p99_ms", "worst_ms")


def rows(figures: Figures) -> Iterator[tuple[str, Figures]]:
    """The rows: what was late, and how much."""
    if "deciding" in figures:
        yield "decision", figures["deciding"]
    yield "event at the player", figures["player"]
    for name, kind in (("event at the far end", "events"), ("note in to handed on", "notes")):
        yield name, figures[kind]["late"]
        yield "  beyond the period", figures[kind]["beyond_period"]


def table(figures: Figures) -> str:
    """The whole table, and a line for each bar."""
    lines = [f"{'late, ms':22}" + "".join(f"{name[:-3]:>9}" for name in COLUMNS)]
    for name, row in rows(figures):
        cells = "".join(f"{row[column]:>9.2f}" for column in COLUMNS)
        lines.append(f"{name:22}{cells}  of {row['events']}")
    lines.append(f"drift {figures['events']['drift_ms']} ms")
    for name, bar in figures["bars"].items():
        word = "holds" if bar["holds"] else "FAILS"
        lines.append(f"{word}: {name} {bar['measured']} (at most {bar['most']})")
    return "\n".join(lines)
