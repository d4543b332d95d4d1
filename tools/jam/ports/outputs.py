"""Where music goes: what every sink can do, MIDI ports, and JSON lines."""

from collections.abc import Mapping
from threading import Event
from typing import Protocol, TextIO

from muse.tools.jam.events import Message
from muse.tools.jam.ports.json_lines import line_of
from muse.tools.jam.ports.reconnecting_port import POLL_S, LivePort, PortBackError


class Sink(Protocol):
    """Takes messages, each at its time."""

    def send(self, message: Message) -> None:
        """Sound one message, or keep it; its time is when it was due.

        Raises:
            MuseError, OSError: it cannot be, at the moment.
        """

    def close(self) -> None:
        """Let go of what is held; a file is written here."""


class PortSink:
    """A MIDI port; it is connected to again when it was lost.

    Attributes:
        port: as LivePort.
        was_lost: set when it is lost, until what is sent next tells of it.
    """

    def __init__(self, text: str | None, *, wait: bool = False, poll_s: float = POLL_S) -> None:
        """Connect; arguments and errors as LivePort's and its `open`."""
        self.was_lost = Event()
        self.port = LivePort("out", text, on_lost=self.was_lost.set, poll_s=poll_s)
        self.port.open(wait)

    def send(self, message: Message) -> None:
        """Send it; raises PortLostError while the port is gone, PortBackError once after."""
        if self.was_lost.is_set() and self.port.connected.is_set():
            self.was_lost.clear()
            raise PortBackError(f"the MIDI port {self.port.label} was lost")
        self.port.send(message.data)

    def close(self) -> None:
        """Let go of the port."""
        self.port.close()


class JsonSink:
    """JSON lines on a stream, written at once.

    Attributes:
        ended: set when no one reads the stream any more.
    """

    def __init__(self, stream: TextIO, parts: Mapping[int, str]) -> None:
        """Write to a stream, which stays open; `parts` says who plays on which channel."""
        self.ended = Event()
        self._stream = stream
        self._parts = parts

    def send(self, message: Message) -> None:
        """Write one line; raises OSError when no one reads."""
        try:
            self._stream.write(line_of(message, self._parts))
            self._stream.flush()
        except BrokenPipeError:
            self.ended.set()
            raise

    def close(self) -> None:
        """Nothing is held."""


class ListSink:
    """Keeps what it gets, in order.

    Attributes:
        messages: so far.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.messages: list[Message] = []

    def send(self, message: Message) -> None:
        """Keep one."""
        self.messages.append(message)

    def close(self) -> None:
        """Nothing is held."""


class NoSink:
    """Takes everything, and keeps nothing."""

    def send(self, message: Message) -> None:
        """Let it go."""

    def close(self) -> None:
        """Nothing is held."""
