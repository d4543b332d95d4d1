"""Another program at the MIDI server: plays a script, and records when it receives messages.

It is a process of its own, so that it does not wait for this process's interpreter. Times are those
of `time.perf_counter`, which all processes of a machine share where a MIDI server can be measured.
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
from muse.tools.jam.ports.reconnecting_port import ReconnectingPort

PEER_IN, PEER_OUT = "muse peer in", "muse peer out"  # names of its JACK clients
ENDS_S = 10.0  # the longest time it may take to end
FETCH_S = 0.001  # interval at which messages are fetched
Stamped = tuple[float, bytes]  # s of perf_counter, message
# time of perf_counter when fetched, time since the first message, data; in s
ReceivedMessage = tuple[float, float, bytes]


@dataclass(frozen=True)
class PeerReport:
    """What the peer program received and sent.

    Attributes:
        received: messages with times, in order.
        played: sent messages with times, in order.
    """

    received: list[Stamped]
    played: list[Stamped]


class PeerProgram:
    """The peer program, as seen from this process."""

    def __init__(self, connection: Connection) -> None:
        """Take the pipe to the process."""
        self._connection = connection

    def play(self, script: Sequence[Message], began_s: float) -> None:
        """Start playing a script, whose times count from `began_s` of perf_counter."""
        self._connection.send([(began_s + message.time_s, message.data) for message in script])

    def report(self) -> PeerReport:
        """End all playing and return the report; the ports stay open until the context ends."""
        self._connection.send(None)
        report = self._connection.recv()
        assert isinstance(report, PeerReport)
        return report


@contextmanager
def peer_program() -> Iterator[PeerProgram]:
    """Run the peer program in the context; its ports exist when it is entered."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that its end is noticed here
    try:
        ours.recv()
        yield PeerProgram(ours)
    except EOFError as error:
        raise MuseError("the peer program of the benchmark ended early") from error
    finally:
        ours.close()
        process.join(ENDS_S)
        if process.is_alive():
            process.terminate()
            process.join()


def run(connection: Connection) -> None:
    """Run the peer process: open the ports, play the scripts, send the report."""
    received: list[ReceivedMessage] = []
    played: list[Stamped] = []
    stop = Event()
    input_port = jack_handle("in", PEER_IN)
    open_virtual(input_port, "in")
    plays = ReconnectingPort("out", None, client=PEER_OUT)
    plays.open()
    connection.send(None)
    threads = [Thread(target=receive, args=(input_port, received, stop), daemon=True)]
    threads[0].start()
    for script in scripts(connection):
        threads.append(Thread(target=play, args=(plays, script, played, stop), daemon=True))
        threads[-1].start()
    stop.set()
    for thread in threads:
        thread.join()
    with suppress(EOFError, BrokenPipeError):
        connection.send(PeerReport(stamped(received), played))
        connection.recv()  # until the other side has closed its ports
    close_handle(input_port)
    plays.close()


def receive(handle: Any, received: list[ReceivedMessage], stop: Event) -> None:
    """Fetch messages, with the time of fetching and the system's time since the message before.

    No Python code runs in the server's own thread: if it waited for the interpreter for longer than
    a period, later messages would be lost.
    """
    raise_priority()
    elapsed_s = 0.0
    while not stop.wait(FETCH_S):
        while (event := handle.get_message()) is not None:
            elapsed_s += event[1]  # since the message before
            received.append((time.perf_counter(), elapsed_s, bytes(event[0])))


def stamped(received: Sequence[ReceivedMessage]) -> list[Stamped]:
    """Return messages with their arrival times on perf_counter's scale.

    The message that was fetched with the least delay aligns the two time scales. Its own delay,
    some hundredths of a millisecond, is added to all times.
    """
    began_s = min((fetched_s - elapsed_s for fetched_s, elapsed_s, _ in received), default=0.0)
    return [(began_s + elapsed_s, data) for _, elapsed_s, data in received]


def scripts(connection: Connection) -> Iterator[list[Stamped]]:
    """Yield the scripts to play, until the pipe ends."""
    with suppress(EOFError):  # the other side has failed
        while (script := connection.recv()) is not None:
            yield script


def play(
    port: ReconnectingPort, script: Sequence[Stamped], played: list[Stamped], stop: Event
) -> None:
    """Send each message at its time, and record when it was sent."""
    raise_priority()
    for time_s, data in script:
        if stop.wait(max(time_s - time.perf_counter(), 0.0)):
            return
        played.append((time.perf_counter(), data))
        port.send(data)
