"""Waiting for a beat, while the tempo may move it."""

from threading import Event

from muse.tools.jam.clock import Clock
from muse.tools.jam.tempo.beat_clock import Conductor


def wait_for_beat(
    clock: Clock, conductor: Conductor, beat: float, stop: Event, lead_s: float = 0.0
) -> bool:
    """Wait until `lead_s` before a beat falls, wherever the tempo moves it meanwhile.

    Args:
        clock: that is waited on.
        conductor: says when the beat falls.
        beat: in quarter notes.
        stop: ends the wait at once, if whoever sets it also calls `conductor.wake()`.
        lead_s: how long before the beat to return.

    Returns:
        whether the beat has come; False where it was stopped.
    """
    with conductor.watching() as moved:
        while True:
            moved.clear()  # before anything is read, so that no change is missed
            if stop.is_set():
                return False
            if clock.wait_until(conductor.time_of(beat) - lead_s, moved):
                return True
