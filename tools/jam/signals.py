"""Signals that end a live jam without losing the take."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from types import FrameType

# Ctrl-C, `kill`, and a closed terminal (not on Windows)
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
GRACE_S = 5.0  # after the first signal, in which further ones have no effect


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """Yield an event that is set by the first signal; restores the previous handlers on exit.

    Signals soon after the first have no effect, because a player who presses Ctrl-C twice still
    needs the take; a later one raises KeyboardInterrupt, because the program may be stuck. Signals
    that were ignored, as under nohup, stay ignored. Outside the main thread the event is never set.
    """
    stop = Event()
    first_s: list[float] = []

    def end(_signal: int, _frame: FrameType | None) -> None:
        first_s.append(time.monotonic())
        stop.set()
        if first_s[-1] - first_s[0] > GRACE_S:
            raise KeyboardInterrupt

    if current_thread() is not main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handled = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, end)
    try:
        yield stop
    finally:
        for number in handled:
            signal.signal(number, before[number])
