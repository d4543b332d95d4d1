"""The one clock of a session, and waiting on it.

Conventions: times are in s on the session's clock, 0 where it began. Deadlines are absolute, so
that what is late once is not late ever after.
"""

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import Protocol

# Windows wakes a waiting thread on the ticks of its own clock only: what remains is slept in steps
COARSE_S = 0.02 if sys.platform == "win32" else 0.0
STEP_S = 0.001  # the longest such sleep, after which an interruption is seen
SWITCH_S = 0.0005  # how long another thread may keep the interpreter; Python's own is 0.005 s


class Clock(Protocol):
    """Tells and awaits the time."""

    def now(self) -> float:
        """The time in s, 0 where the session began."""

    def wait_until(self, time_s: float, interrupt: Event | None = None) -> bool:
        """Wait for a time.

        Args:
            time_s: the deadline; one that is past is no wait.
            interrupt: ends the wait at once where it is set, or becomes so; it stays set.

        Returns:
            whether the time has come; False where the wait was interrupted.
        """


class SystemClock:
    """The system's monotonic clock, which no one sets and no summer time moves."""

    def __init__(self, coarse_s: float = COARSE_S) -> None:
        """Begin at 0; the last `coarse_s` of a wait are slept in steps of STEP_S."""
        self._coarse_s = coarse_s
        self._began_s = time.perf_counter()

    def now(self) -> float:
        """The time in s since the clock was made."""
        return time.perf_counter() - self._began_s

    def wait_until(self, time_s: float, interrupt: Event | None = None) -> bool:
        """As Clock has it; it wakes after the deadline, not before."""
        signal = interrupt or Event()
        while not signal.is_set():
            left_s = time_s - self.now()
            if left_s <= 0:
                return True
            if left_s > self._coarse_s:
                signal.wait(left_s - self._coarse_s)
            else:
                time.sleep(min(left_s, STEP_S))
        return False


class VirtualClock:
    """A clock that is where it was last told to wait for: no time passes in between."""

    def __init__(self) -> None:
        """Begin at 0."""
        self._now_s = 0.0

    def now(self) -> float:
        """The latest time waited for."""
        return self._now_s

    def wait_until(self, time_s: float, interrupt: Event | None = None) -> bool:
        """As Clock has it, at once."""
        if interrupt is not None and interrupt.is_set():
            return False
        self._now_s = max(self._now_s, time_s)
        return True


@contextmanager
def prompt_threads() -> Iterator[None]:
    """Have threads that wake up get the interpreter soon, while others compute; as before after."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(min(before_s, SWITCH_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)


@contextmanager
def settled_memory() -> Iterator[None]:
    """Have no thread wait while Python looks through all that was there before for garbage.

    With a net loaded that takes some 30 ms, in whichever thread it falls; what comes after is
    looked through as before, which takes well under 1 ms.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def raise_priority() -> bool:
    """Ask for this thread to go before others, where the system lets it; whether it did.

    For threads that mostly wait. Those they start do not inherit it.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            lowest = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, lowest)
            return True
    return False
