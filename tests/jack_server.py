"""A real MIDI server for tests, and the ports of another program."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Event, Thread
from typing import Self

from muse.tools.jam.benchmark.jack_server import jack_handle, jack_server
from muse.tools.jam.ports.midi_system import close_handle
from muse.tools.jam.ports.reconnecting_port import FETCH_S

DEADLINE_S = 20.0  # for anything a test waits for


@contextmanager
def running_jack() -> Iterator[str]:
    """Run a JACK server for a module's tests, which need the marker needs_jack."""
    with jack_server(patient=True) as name:
        yield name


class ReceivedMessages:
    """A list of received messages that can be waited for."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._changed = Condition()

    def take(self, data: bytes) -> None:
        with self._changed:
            self.messages.append(data)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[bytes]:
        """Return all messages, once there are `count` of them."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.messages) >= count, DEADLINE_S)
            assert came, self.messages
            return list(self.messages)


class JackPeer:
    """Another program, with an input and an output port."""

    def __init__(self, name: str) -> None:
        self.received = ReceivedMessages()
        self._in = jack_handle("in", f"{name} in")
        self._in.open_virtual_port("hears")
        self._out = jack_handle("out", f"{name} out")
        self._out.open_virtual_port("plays")
        self._stopped = Event()
        self._thread = Thread(target=self._fetch, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the ports; a second call has no effect."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._thread.join()
            close_handle(self._in)
            close_handle(self._out)

    def play(self, *messages: tuple[int, ...]) -> None:
        for message in messages:
            self._out.send_message(message)

    def _fetch(self) -> None:
        while not self._stopped.wait(FETCH_S):
            while (event := self._in.get_message()) is not None:
                self.received.take(bytes(event[0]))
