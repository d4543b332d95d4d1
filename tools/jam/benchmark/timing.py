"""Benchmark of the timing of a jam through a real MIDI server, in both directions.

A peer program in its own process plays a script into our input and records when it receives our
messages. Delays are given in full, and beyond the server's period, since it passes messages once a
period.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import islice
from statistics import median
from threading import Event, Thread
from typing import Any

from muse.tools.jam.benchmark.jack_server import (
    PERIOD,
    PERIOD_S,
    RATE,
    jack_server,
    parent_death_prefix,
)
from muse.tools.jam.benchmark.peer_program import (
    PEER_IN,
    PEER_OUT,
    PeerReport,
    Stamped,
    peer_program,
)
from muse.tools.jam.clock import Clock, SystemClock, raise_priority, short_switch_interval
from muse.tools.jam.events import Message
from muse.tools.jam.midi_bytes import NOTE_ON, note_off
from muse.tools.jam.ports.input_queue import InputDispatcher, InputQueue, open_queue_port
from muse.tools.jam.ports.lateness import Lateness
from muse.tools.jam.ports.outputs import PortOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.progress import Report, silent

BURN = "while True: pass"
SETTLE_S = 1.0  # before the first message, and after the last
WAIT_S = 0.5  # interval of progress reports
TIMEOUT_S = 0.2  # later messages count as lost
EDGE_SHARE = 0.1  # share of a run at each end, between which drift is measured
BEAT_S = 0.25  # of the plain accompanist
CHORD = (36, 52, 56, 59, 64)  # its pitches
PITCHES = 12  # semitones that it moves them through
LEAD_S = 0.02  # how long before a beat it is scheduled
LIMITS = {  # upper limits, by path in the figures
    ("events", "beyond_period", "p95_ms"): 2.0,
    ("events", "beyond_period", "p99_ms"): 5.0,
    ("events", "dropped"): 0,
    ("notes", "dropped"): 0,
    ("deciding", "p99_ms"): 10.0,
    ("cpu_percent",): 25.0,
}

Figures = dict[str, Any]
# arguments: clock, playback, input queue and duration in s; a context that yields a function that
# returns figures of its own
Accompanist = Callable[
    [Clock, Playback, InputQueue, float], AbstractContextManager[Callable[[], Figures]]
]


class StampedOutput:
    """A port that records what it sent, and when that was due."""

    def __init__(self, text: str) -> None:
        """Connect to a port."""
        self.due: list[Stamped] = []
        self._port = PortOutput(text)

    def send(self, message: Message) -> None:
        """Send a message and record it."""
        self._port.send(message)
        self.due.append((message.time_s, message.data))

    def settle(self) -> bool:
        """Wait as the port does."""
        return self._port.settle()

    def close(self) -> None:
        """Close the port."""
        self._port.close()


class StampedQueue(InputQueue):
    """A queue that records what was taken from it, and when."""

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        super().__init__(clock)
        self.taken: list[Stamped] = []

    def get(self, timeout_s: float | None = None) -> Message | None:
        """Return the next message, as `InputQueue.get`."""
        message = super().get(timeout_s)
        if message is not None:
            self.taken.append((time.perf_counter(), message.data))
        return message


@contextmanager
def plain_accompanist(
    clock: Clock, playback: Playback, queue: InputQueue, duration_s: float
) -> Iterator[Callable[[], Figures]]:
    """Play chords on every beat, scheduled shortly before it, without an engine."""
    stop = Event()
    began_s = clock.now() + SETTLE_S
    listener = InputDispatcher(queue, lambda _message: None, clock)

    def run() -> None:
        raise_priority()
        for beat in range(int(duration_s / BEAT_S)):
            time_s = began_s + beat * BEAT_S
            if not clock.wait_until(time_s - LEAD_S, stop):
                return
            playback.schedule(chord_at(time_s, beat))

    thread = Thread(target=run, name="timing", daemon=True)
    playback.start()
    listener.start()
    thread.start()
    try:
        yield dict
    finally:
        stop.set()
        thread.join()
        listener.close()


def chord_at(time_s: float, beat: int) -> Iterator[Message]:
    """Yield a chord that differs from its neighbors, and its end before the next beat."""
    for pitch in CHORD:
        moved = pitch + beat % PITCHES
        yield Message(time_s, bytes((NOTE_ON, moved, 1 + beat % 127)))
        yield Message(time_s + BEAT_S * 3 / 4, note_off(0, moved))


def plain_script(duration_s: float) -> list[Message]:
    """Return the peer player's notes: six a second, over 36 pitches in turn."""
    script = []
    for number in range(int(duration_s * 6)):
        pitch, time_s = 48 + number % 36, SETTLE_S + number / 6
        script.append(Message(time_s, bytes((NOTE_ON, pitch, 1 + number % 127))))
        script.append(Message(time_s + 0.1, note_off(0, pitch)))
    return script


def benchmark_timing(
    duration_s: float,
    *,
    load: int | None = None,
    realtime: bool = True,
    accompanist: Accompanist = plain_accompanist,
    script: Sequence[Message] | None = None,
    report: Report = silent,
) -> Figures:
    """Run one session through a private JACK server and return its figures, for JSON.

    Args:
        duration_s: how long it lasts.
        load: number of other processes that keep a core busy; None for all cores but one.
        realtime: whether the server asks for real-time priority.
        accompanist: plays.
        script: what the peer plays, in s from the start; None for `plain_script`.
        report: called with the progress.

    Raises:
        MissingPartError: no jackd, or python-rtmidi without JACK.
    """
    busy = max((os.cpu_count() or 1) - 1, 0) if load is None else load
    with ExitStack() as stack:
        stack.enter_context(jack_server(realtime=realtime))
        peer = stack.enter_context(peer_program())
        stack.enter_context(busy_cores(busy))
        stack.enter_context(short_switch_interval())
        clock = SystemClock()
        began_s = time.perf_counter() - clock.now()
        output, queue = StampedOutput(PEER_IN), StampedQueue(clock)
        playback = stack.enter_context(Playback(output, clock))
        port = open_queue_port(PEER_OUT, queue)
        stack.callback(port.close)
        port.open()  # opening a client takes long, so the session starts after it
        more = stack.enter_context(accompanist(clock, playback, queue, duration_s))
        peer.play(plain_script(duration_s) if script is None else script, time.perf_counter())
        cpu_percent = wait(clock, clock.now() + duration_s + 2 * SETTLE_S, report)
        due = tuple(output.due)  # later messages are not in the peer's report
        clock.wait_until(clock.now() + TIMEOUT_S)  # for the last of them to arrive
        report_by_peer = peer.report()
        return {
            **settings(duration_s, busy, realtime),
            **compare_with_peer(due, report_by_peer, queue.taken, began_s),
            **more(),
            "player": playback.lateness.figures(),
            "cpu_percent": round(cpu_percent, 2),
        }


def settings(duration_s: float, busy: int, realtime: bool) -> Figures:
    """Return the conditions of the measurement."""
    server = {"rate_hz": RATE, "period": PERIOD, "period_ms": round(PERIOD_S * 1e3, 3)}
    return {
        "duration_s": duration_s,
        "cores": os.cpu_count(),
        "busy_cores": busy,
        "server": {**server, "realtime": realtime},
    }


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Keep a number of cores busy within the context."""
    command = [*parent_death_prefix(), sys.executable, "-c", BURN]
    busy = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for burner in busy:
            burner.kill()
            burner.wait()


def wait(clock: Clock, until_s: float, report: Report) -> float:
    """Wait until a time; return this process's CPU time meanwhile, in percent of one core."""
    raise_priority()  # progress reports block the other threads, so they must be quick, too
    began_s, worked_s = clock.now(), time.process_time()
    while (now_s := clock.now()) < until_s:
        report("measuring", now_s / until_s)
        clock.wait_until(min(now_s + WAIT_S, until_s))
    return 100 * (time.process_time() - worked_s) / (clock.now() - began_s)


def compare_with_peer(
    due: Sequence[Stamped], peer: PeerReport, received: Sequence[Stamped], began_s: float
) -> Figures:
    """Return delays of our messages at the peer, and of its notes here.

    Args:
        due: our messages, with the times in s from `began_s` at which they were due.
        peer: the peer's report.
        received: the peer's messages as they left our queue.
        began_s: the start of our clock on perf_counter's scale.
    """
    sent = [(began_s + time_s, data) for time_s, data in due]
    late, lost = delays(sent, peer.received)
    return {
        "events": {**delay_figures(late, lost), "drift_ms": drift_ms(late)},
        "notes": delay_figures(*delays(peer.played, received)),
    }


def delay_figures(late: Sequence[float], dropped: int) -> Figures:
    """Return statistics of delays in s, and the number of lost messages."""
    whole, beyond = Lateness(), Lateness()
    for late_s in late:
        whole.add(late_s)
        beyond.add(late_s - PERIOD_S)
    return {"dropped": dropped, "late": whole.figures(), "beyond_period": beyond.figures()}


def delays(sent: Sequence[Stamped], came: Sequence[Stamped]) -> tuple[list[float], int]:
    """Return the delay of each message in s, in order, and how many were lost."""
    late, start = [], 0
    for sent_s, data in sent:
        for step, (came_s, other) in enumerate(islice(came, start, None)):
            if came_s - sent_s > TIMEOUT_S:
                break
            if is_same_message(data, other):
                late.append(came_s - sent_s)
                start += step + 1
                break
    return late, len(sent) - len(late)


def is_same_message(sent: bytes, came: bytes) -> bool:
    """Return whether two messages are equal, except for the velocity of a note-off."""
    return sent[:2] == came[:2] and (sent[2:] == came[2:] or sent[0] & 0xF0 != NOTE_ON)


def drift_ms(late: Sequence[float]) -> float:
    """Return how much later the last messages were than the first ones, by their medians."""
    count = max(int(len(late) * EDGE_SHARE), 1)
    if not late:
        return 0.0
    return round((median(late[-count:]) - median(late[:count])) * 1e3, 3)


def check_limits(figures: Figures) -> dict[str, Figures]:
    """Return for each limit the measured figure, the limit, and whether it holds."""
    found = {}
    for path, most in LIMITS.items():
        value: Any = figures
        if path[0] not in figures:  # only an accompanist with an engine decides
            continue
        for name in path:
            value = value[name]
        found[".".join(path)] = {"measured": value, "most": most, "holds": value <= most}
    return found
