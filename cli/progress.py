"""What people see on stderr: messages, and a progress bar on a terminal."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Report = Callable[[str, float], None]  # (stage, fraction done in [0, 1])

_drawn: list[Any] = []  # the rich Progress on the screen, so that messages go above it


def say(message: str) -> None:
    """One line on stderr."""
    if _drawn:
        _drawn[-1].console.print(message, markup=False, highlight=False, soft_wrap=True)
    else:
        print(message, file=sys.stderr, flush=True)


def wanted() -> bool:
    """Whether a bar may be drawn; the processes of a batch would draw over each other."""
    import multiprocessing

    if multiprocessing.parent_process() is not None:
        return False
    return sys.stderr.isatty() and logging.getLogger("muse").isEnabledFor(logging.INFO)


@contextmanager
def bar(title: str) -> Iterator[Report]:
    """A bar with time left; yields the function the tools report to."""
    if not wanted():
        yield lambda stage, fraction: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=1.0)
        _drawn.append(progress)
        try:
            yield lambda stage, fraction: progress.update(
                task, description=f"{title}: {stage}", completed=fraction
            )
        finally:
            _drawn.pop()


class MessageHandler(logging.Handler):
    """Prints the tools' notices as 'muse: ...' on whatever stderr is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one notice, above a progress bar where one is drawn."""
        say(f"muse: {record.getMessage()}")


def set_up_messages(level: int) -> None:
    """Send the tools' notices from this level on to stderr."""
    log = logging.getLogger("muse")
    log.setLevel(level)
    log.handlers[:] = [MessageHandler()]
    log.propagate = False
