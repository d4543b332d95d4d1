"""SIGTERM and Ctrl-C as a request to stop at the next batch, so that the state can be kept."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """Training was asked to stop, and its state is kept."""


class StopRequest:
    """Whether somebody asked for an end.

    Attributes:
        made: set by the first signal and never taken back.
    """

    def __init__(self) -> None:
        """Nobody has."""
        self.made = False

    def listen(self) -> None:
        """Take the signals; only the main thread may, elsewhere nothing happens."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                signal.signal(number, self.note)

    def note(self, _signal: int, _frame: FrameType | None) -> None:
        """Remember the wish."""
        self.made = True


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Take the signals within the block, and give them back after it."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    request = StopRequest()
    request.listen()
    try:
        yield request
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)
