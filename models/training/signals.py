"""Turn SIGTERM and Ctrl-C into a request to stop after the batch, so that the state is saved.

A second signal stops at once.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """Raised when training stops on request; its state has been saved."""


class StopRequest:
    """Flag that is set by the first signal that requests a stop.

    Attributes:
        made: True after the first signal.
    """

    def __init__(self) -> None:
        """Start without a request."""
        self.made = False

    def listen(self) -> None:
        """Install the handlers; does nothing outside the main thread, which alone may do so."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                signal.signal(number, self.note)

    def note(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle a signal; the second one raises Stopped, and the state saved last is valid."""
        if self.made:
            raise Stopped
        self.made = True


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Handle the signals within the block, then restore the previous handlers."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    request = StopRequest()
    request.listen()
    try:
        yield request
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)
