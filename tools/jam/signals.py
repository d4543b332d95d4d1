"""Ways out of a live jam: signals end it, and what is to be kept is kept whatever comes after."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from types import FrameType

# Ctrl-C, `kill`, and a terminal that is closed, which Windows does not tell
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
PATIENCE_S = 5.0  # after the first signal, in which others change nothing


@contextmanager
def ended_by_signals() -> Iterator[Event]:
    """Yields what is set by the first signal that would end the program; as before after.

    Those that follow soon are passed over, as a player who presses Ctrl-C twice wants the take all
    the same; one that comes late raises KeyboardInterrupt, for it may be stuck. Signals that were
    ignored stay so, as under nohup. Only the main thread hears signals; elsewhere none is set.
    """
    ended = Event()
    first_s: list[float] = []

    def end(_signal: int, _frame: FrameType | None) -> None:
        first_s.append(time.monotonic())
        ended.set()
        if first_s[-1] - first_s[0] > PATIENCE_S:
            raise KeyboardInterrupt

    if current_thread() is not main_thread():
        yield ended
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, end)
    try:
        yield ended
    finally:
        for number in heeded:
            signal.signal(number, before[number])
