"""The clock of a session, waiting on it, and settings that make threads wake on time.

Conventions: times are in s on the session's clock, 0 where it starts. Deadlines are absolute, so
that a delay does not add to later ones.
"""

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import Protocol

# Windows wakes waiting threads only on ticks of its clock: the rest of a wait is slept in steps
COARSE_S = 0.02 if sys.platform == "win32" else 0.0
STEP_S = 0.001  # the longest such sleep; interruptions are noticed after it
SWITCH_S = 0.0005  # how long a thread may hold the interpreter; Python's default is 0.005 s


class Clock(Protocol):
    """A clock that can be waited on."""

    def now(self) -> float:
        """Return the time in s, 0 where the session started."""

    def wait_until(self, time_s: float, interrupt: Event | None = None) -> bool:
        """Wait until a time.

        Args:
            time_s: the deadline; one in the past is no wait.
            interrupt: ends the wait immediately when it is set; it stays set.

        Returns:
            True at the deadline, False where the wait was interrupted.
        """


class SystemClock:
    """The system's monotonic clock, which is not affected by changes of the time of day."""

    def __init__(self, coarse_s: float = COARSE_S) -> None:
        """Start at 0; the last `coarse_s` of a wait are slept in steps of STEP_S."""
        self._coarse_s = coarse_s
        self._began_s = time.perf_counter()

    def now(self) -> float:
        """Return the time in s since the clock was created."""
        return time.perf_counter() - self._began_s

    def wait_until(self, time_s: float, interrupt: Event | None = None) -> bool:
        """Wait as `Clock.wait_until`; returns after the deadline, never before."""
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
    """A clock that jumps to each time that is waited for, without waiting."""

    def __init__(self) -> None:
        """Start at 0."""
        self._now_s = 0.0

    def now(self) -> float:
        """Return the latest time that was waited for."""
        return self._now_s

    def wait_until(self, time_s: float, interrupt: Event | None = None) -> bool:
        """Jump to a time, as `Clock.wait_until`."""
        if interrupt is not None and interrupt.is_set():
            return False
        self._now_s = max(self._now_s, time_s)
        return True


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Let waking threads get the interpreter soon while others compute; restored on exit."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(min(before_s, SWITCH_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)


@contextmanager
def freeze_garbage_collector() -> Iterator[None]:
    """Exclude the objects that exist now from garbage collection, within the context.

    With a net loaded, a full collection takes about 30 ms in whichever thread triggers it. Later
    objects are collected as usual, which takes well under 1 ms.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def raise_priority() -> bool:
    """Ask the system for real-time priority of this thread; return whether it was granted.

    For threads that mostly wait. Threads that they start do not inherit it.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            lowest = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, lowest)
            return True
    return False
