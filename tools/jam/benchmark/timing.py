"""How exact a jam is, through a real MIDI server: what the far end hears, and how soon we hear it.

A far program in its own process plays a script into our port and stamps what comes from us. Figures
are told as they are, and beyond the server's period: it takes and gives messages once a period.
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

from muse.tools.jam.benchmark.jack_server import PERIOD, PERIOD_S, RATE, dying_with_us, jack_server
from muse.tools.jam.benchmark.peer_program import HEARS, PLAYS, FarReport, Stamped, far_program
from muse.tools.jam.clock import Clock, SystemClock, prompt_threads, raise_priority
from muse.tools.jam.events import Message
from muse.tools.jam.midi_bytes import NOTE_ON, note_off
from muse.tools.jam.ports.input_queue import InputQueue, Listener, port_input
from muse.tools.jam.ports.lateness import Lateness
from muse.tools.jam.ports.outputs import PortSink
from muse.tools.jam.ports.playback import Player
from muse.tools.progress import Report, silent

BURN = "while True: pass"
SETTLE_S = 1.0  # before the first event, and after the last
WAIT_S = 0.5  # how often progress is told
LATEST_S = 0.2  # what comes later is as good as lost
EDGE = 0.1  # share of a run at each end that drift is measured between
BEAT_S = 0.25  # of the plain accompanist
CHORD = (36, 52, 56, 59, 64)  # its pitches
PITCHES = 12  # semitones that it moves them through
LEAD_S = 0.02  # how long before a beat it decides
BARS = {  # the most there may be, by place in the figures
    ("events", "beyond_period", "p95_ms"): 2.0,
    ("events", "beyond_period", "p99_ms"): 5.0,
    ("events", "dropped"): 0,
    ("notes", "dropped"): 0,
    ("deciding", "p99_ms"): 10.0,
    ("cpu_percent",): 25.0,
}

Figures = dict[str, Any]
# starts the player, and accompanies whom it hears through a queue, for so many s; gives what tells
# figures of its own
Accompanist = Callable[
    [Clock, Player, InputQueue, float], AbstractContextManager[Callable[[], Figures]]
]


class StampedSink:
    """A port that keeps in mind what it sent, and when that was due."""

    def __init__(self, text: str) -> None:
        """Connect."""
        self.due: list[Stamped] = []
        self._port = PortSink(text)

    def send(self, message: Message) -> None:
        """Send, and keep."""
        self._port.send(message)
        self.due.append((message.time_s, message.data))

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()


class StampedQueue(InputQueue):
    """A queue that keeps in mind what was taken out of it, and when."""

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        super().__init__(clock)
        self.taken: list[Stamped] = []

    def get(self, timeout_s: float | None = None) -> Message | None:
        """As InputQueue has it."""
        message = super().get(timeout_s)
        if message is not None:
            self.taken.append((time.perf_counter(), message.data))
        return message


@contextmanager
def plain_accompanist(
    clock: Clock, player: Player, queue: InputQueue, duration_s: float
) -> Iterator[Callable[[], Figures]]:
    """Chords on every beat, decided shortly before it, without an engine."""
    stop = Event()
    began_s = clock.now() + SETTLE_S
    listener = Listener(queue, lambda _message: None, clock)

    def run() -> None:
        raise_priority()
        for beat in range(int(duration_s / BEAT_S)):
            time_s = began_s + beat * BEAT_S
            if not clock.wait_until(time_s - LEAD_S, stop):
                return
            player.schedule(chord_at(time_s, beat))

    thread = Thread(target=run, name="timing", daemon=True)
    player.start()
    listener.start()
    thread.start()
    try:
        yield dict
    finally:
        stop.set()
        thread.join()
        listener.close()


def chord_at(time_s: float, beat: int) -> Iterator[Message]:
    """A chord that differs from its neighbours, and its end before the next beat."""
    for pitch in CHORD:
        moved = pitch + beat % PITCHES
        yield Message(time_s, bytes((NOTE_ON, moved, 1 + beat % 127)))
        yield Message(time_s + BEAT_S * 3 / 4, note_off(0, moved))


def plain_script(duration_s: float) -> list[Message]:
    """A far player's notes: six a second, all pitches in turn."""
    script = []
    for number in range(int(duration_s * 6)):
        pitch, time_s = 48 + number % 36, SETTLE_S + number / 6
        script.append(Message(time_s, bytes((NOTE_ON, pitch, 1 + number % 127))))
        script.append(Message(time_s + 0.1, note_off(0, pitch)))
    return script


def measure(
    duration_s: float,
    *,
    load: int | None = None,
    realtime: bool = True,
    accompanist: Accompanist = plain_accompanist,
    script: Sequence[Message] | None = None,
    report: Report = silent,
) -> Figures:
    """Figures of one session through a JACK server of its own, for JSON.

    Args:
        duration_s: how long it lasts.
        load: cores kept busy by others; None for all but one.
        realtime: whether the server asks to go before other programs.
        accompanist: who plays.
        script: what the far player plays, in s from the beginning; None for `plain_script`.
        report: told how far it is.

    Raises:
        MissingPartError: no jackd, or python-rtmidi without JACK.
    """
    burners = max((os.cpu_count() or 1) - 1, 0) if load is None else load
    with ExitStack() as stack:
        stack.enter_context(jack_server(realtime=realtime))
        far = stack.enter_context(far_program())
        stack.enter_context(burning(burners))
        stack.enter_context(prompt_threads())
        clock = SystemClock()
        began_s = time.perf_counter() - clock.now()
        sink, queue = StampedSink(HEARS), StampedQueue(clock)
        player = stack.enter_context(Player(sink, clock))
        port = port_input(PLAYS, queue)
        stack.callback(port.close)
        port.open()  # a server's client is slow to make, so that time begins after
        more = stack.enter_context(accompanist(clock, player, queue, duration_s))
        far.play(plain_script(duration_s) if script is None else script, time.perf_counter())
        cpu_percent = wait(clock, clock.now() + duration_s + 2 * SETTLE_S, report)
        due = tuple(sink.due)  # what is sent while the far program tells, it cannot tell of
        clock.wait_until(clock.now() + LATEST_S)  # for the last of them to come
        told = far.report()
        return {
            **settings(duration_s, burners, realtime),
            **compared(due, told, queue.taken, began_s),
            **more(),
            "player": player.lateness.figures(),
            "cpu_percent": round(cpu_percent, 2),
        }


def settings(duration_s: float, burners: int, realtime: bool) -> Figures:
    """What was measured."""
    server = {"rate_hz": RATE, "period": PERIOD, "period_ms": round(PERIOD_S * 1e3, 3)}
    return {
        "duration_s": duration_s,
        "cores": os.cpu_count(),
        "busy_cores": burners,
        "server": {**server, "realtime": realtime},
    }


@contextmanager
def burning(count: int) -> Iterator[None]:
    """Keep cores busy."""
    command = [*dying_with_us(), sys.executable, "-c", BURN]
    burners = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def wait(clock: Clock, until_s: float, report: Report) -> float:
    """Wait; what this process took meanwhile, in per cent of one core."""
    raise_priority()  # it holds the interpreter, too, when it tells how far it is
    began_s, worked_s = clock.now(), time.process_time()
    while (now_s := clock.now()) < until_s:
        report("measuring", now_s / until_s)
        clock.wait_until(min(now_s + WAIT_S, until_s))
    return 100 * (time.process_time() - worked_s) / (clock.now() - began_s)


def compared(
    due: Sequence[Stamped], far: FarReport, heard: Sequence[Stamped], began_s: float
) -> Figures:
    """How late events were at the far end, and notes here; times of `due` are from `began_s`."""
    sent = [(began_s + time_s, data) for time_s, data in due]
    late, lost = delays(sent, far.heard)
    return {
        "events": {**figures_of(late, lost), "drift_ms": drift_ms(late)},
        "notes": figures_of(*delays(far.played, heard)),
    }


def figures_of(late: Sequence[float], dropped: int) -> Figures:
    """Delays in s as figures."""
    whole, beyond = Lateness(), Lateness()
    for late_s in late:
        whole.add(late_s)
        beyond.add(late_s - PERIOD_S)
    return {"dropped": dropped, "late": whole.figures(), "beyond_period": beyond.figures()}


def delays(sent: Sequence[Stamped], came: Sequence[Stamped]) -> tuple[list[float], int]:
    """How long each message took, in s and in order, and how many did not come in time."""
    late, place = [], 0
    for sent_s, data in sent:
        for step, (came_s, other) in enumerate(islice(came, place, None)):
            if came_s - sent_s > LATEST_S:
                break
            if is_same(data, other):
                late.append(came_s - sent_s)
                place += step + 1
                break
    return late, len(sent) - len(late)


def is_same(sent: bytes, came: bytes) -> bool:
    """Whether a message is another one, but for the velocity of a note-off."""
    return sent[:2] == came[:2] and (sent[2:] == came[2:] or sent[0] & 0xF0 != NOTE_ON)


def drift_ms(late: Sequence[float]) -> float:
    """How much later the last events were than the first ones, by their medians."""
    count = max(int(len(late) * EDGE), 1)
    if not late:
        return 0.0
    return round((median(late[-count:]) - median(late[:count])) * 1e3, 3)


def bars(figures: Figures) -> dict[str, Figures]:
    """Each bar: what was measured, the most it may be, and whether it holds."""
    found = {}
    for path, most in BARS.items():
        value: Any = figures
        if path[0] not in figures:  # only a whole accompanist decides
            continue
        for name in path:
            value = value[name]
        found[".".join(path)] = {"measured": value, "most": most, "holds": value <= most}
    return found
