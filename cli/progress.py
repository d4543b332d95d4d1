"""Messages on stderr, and a progress bar on a terminal."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Report = Callable[[str, float], None]  # (stage, fraction done in [0, 1])

_drawn: list[Any] = []  # the rich Progress that is shown; messages are printed above it


def print_message(message: str) -> None:
    """Print one line on stderr."""
    if _drawn:
        _drawn[-1].console.print(message, markup=False, highlight=False, soft_wrap=True)
    else:
        print(message, file=sys.stderr, flush=True)


def shows_progress() -> bool:
    """Return whether a progress bar may be shown: on a terminal, and not in a worker of a batch."""
    import multiprocessing

    if multiprocessing.parent_process() is not None:
        return False
    return sys.stderr.isatty() and logging.getLogger("muse").isEnabledFor(logging.INFO)


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """Show a progress bar with the time left; yield the function that updates it."""
    if not shows_progress():
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
    """Prints the notices of muse.tools as 'muse: ...' on the current stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one notice, above the progress bar if one is shown."""
        print_message(f"muse: {record.getMessage()}")


def set_up_messages(level: int) -> None:
    """Print notices of this level and above on stderr."""
    log = logging.getLogger("muse")
    log.setLevel(level)
    log.handlers[:] = [MessageHandler()]
    log.propagate = False
