"""Another program at the far end of a MIDI server: plays a script, and stamps what it hears.

It runs in a process of its own, so that it does not wait for our interpreter. Times are those of
`time.perf_counter`, which all processes of a machine share where a MIDI server can be measured.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import Any

from muse.tools.errors import MuseError
from muse.tools.jam.benchmark.jack_server import jack_handle
from muse.tools.jam.clock import raise_priority
from muse.tools.jam.events import Message
from muse.tools.jam.ports.midi_system import close_handle, open_virtual
from muse.tools.jam.ports.reconnecting_port import LivePort

HEARS, PLAYS = "muse far in", "muse far out"  # its ports, as its clients are called
ENDS_S = 10.0  # how long it may take to end
FETCH_S = 0.001  # how often what has come is fetched
Stamped = tuple[float, bytes]  # s of perf_counter, message
Heard = tuple[float, float, bytes]  # s of perf_counter when fetched, s since the first, message


@dataclass(frozen=True)
class FarReport:
    """What it did.

    Attributes:
        heard: what came, in order.
        played: what it sent, in order.
    """

    heard: list[Stamped]
    played: list[Stamped]


class FarProgram:
    """The far program as seen from here."""

    def __init__(self, connection: Connection) -> None:
        """Talk to it through a pipe."""
        self._connection = connection

    def play(self, script: Sequence[Message], began_s: float) -> None:
        """Have it play; times are from `began_s` of perf_counter."""
        self._connection.send([(began_s + message.time_s, message.data) for message in script])

    def report(self) -> FarReport:
        """Have it play no more, and tell; its ports stay until the end."""
        self._connection.send(None)
        report = self._connection.recv()
        assert isinstance(report, FarReport)
        return report


@contextmanager
def far_program() -> Iterator[FarProgram]:
    """Run it; its ports are there when this returns."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that its end is noticed here
    try:
        ours.recv()
        yield FarProgram(ours)
    except EOFError as error:
        raise MuseError("the program at the far end of the MIDI server has ended early") from error
    finally:
        ours.close()
        process.join(ENDS_S)
        if process.is_alive():
            process.terminate()
            process.join()


def run(connection: Connection) -> None:
    """The process: open the ports, play what is asked for, report when it is enough."""
    heard: list[Heard] = []
    played: list[Stamped] = []
    stop = Event()
    hears = jack_handle("in", HEARS)
    open_virtual(hears, "in")
    plays = LivePort("out", None, client=PLAYS)
    plays.open()
    connection.send(None)
    threads = [Thread(target=hear, args=(hears, heard, stop), daemon=True)]
    threads[0].start()
    for script in scripts(connection):
        threads.append(Thread(target=play, args=(plays, script, played, stop), daemon=True))
        threads[-1].start()
    stop.set()
    for thread in threads:
        thread.join()
    with suppress(EOFError, BrokenPipeError):
        connection.send(FarReport(stamped(heard), played))
        connection.recv()  # until the other side has closed its ports
    close_handle(hears)
    plays.close()


def hear(handle: Any, heard: list[Heard], stop: Event) -> None:
    """Fetch what comes, with when it was fetched and what the system says of when it came.

    Nothing of Python runs in the server's own thread: were it to wait for the interpreter there
    for longer than a period, the messages behind the first would be lost.
    """
    raise_priority()
    elapsed_s = 0.0
    while not stop.wait(FETCH_S):
        while (event := handle.get_message()) is not None:
            elapsed_s += event[1]  # since the message before
            heard.append((time.perf_counter(), elapsed_s, bytes(event[0])))


def stamped(heard: Sequence[Heard]) -> list[Stamped]:
    """When messages came: the one that was fetched soonest tells how the system's times are ours.

    It was fetched a little after it came, by which all are told late: some hundredths of a ms.
    """
    began_s = min((fetched_s - elapsed_s for fetched_s, elapsed_s, _ in heard), default=0.0)
    return [(began_s + elapsed_s, data) for _, elapsed_s, data in heard]


def scripts(connection: Connection) -> Iterator[list[Stamped]]:
    """What is to be played, until it is enough."""
    with suppress(EOFError):  # the other side has failed
        while (script := connection.recv()) is not None:
            yield script


def play(port: LivePort, script: Sequence[Stamped], played: list[Stamped], stop: Event) -> None:
    """Send each message at its time, and stamp when it was sent."""
    raise_priority()
    for time_s, data in script:
        if stop.wait(max(time_s - time.perf_counter(), 0.0)):
            return
        played.append((time.perf_counter(), data))
        port.send(data)
