"""Outputs for the music: the common protocol, MIDI ports, and JSON lines."""

from collections.abc import Mapping
from threading import Event
from typing import Protocol, TextIO

from muse.tools.jam.events import Message
from muse.tools.jam.ports.json_lines import format_line
from muse.tools.jam.ports.reconnecting_port import POLL_S, PortReconnectedError, ReconnectingPort


class Output(Protocol):
    """Receives messages when they are due."""

    def send(self, message: Message) -> None:
        """Play or store a message; its time is when it was due.

        Raises:
            MuseError, OSError: it cannot be sent at present.
        """

    def settle(self) -> bool:
        """Wait until sent messages have left; return whether some may be lost all the same."""

    def close(self) -> None:
        """Release all resources."""


class PortOutput:
    """A MIDI port, which reconnects after it was lost.

    Attributes:
        port: the port.
        was_lost: set when it is lost, until the next `send` after it is back.
    """

    def __init__(self, text: str | None, *, wait: bool = False, poll_s: float = POLL_S) -> None:
        """Connect; arguments and errors as ReconnectingPort and its `open`."""
        self.was_lost = Event()
        self.port = ReconnectingPort("out", text, on_lost=self.was_lost.set, poll_s=poll_s)
        self.port.open(wait)

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            PortLostError: the port is not available.
            PortReconnectedError: once, after it was lost.
        """
        if self.was_lost.is_set() and self.port.connected.is_set():
            self.was_lost.clear()
            raise PortReconnectedError(f"the MIDI port {self.port.label} was lost")
        self.port.send(message.data)

    def settle(self) -> bool:
        """Wait until the port's MIDI system has taken all messages; see ReconnectingPort.settle."""
        return self.port.settle()

    def close(self) -> None:
        """Close the port."""
        self.port.close()


class JsonOutput:
    """JSON lines on a stream, flushed after each.

    Attributes:
        ended: set when the stream accepts nothing more.
        error: why, unless its reader has closed it; None otherwise.
    """

    def __init__(self, stream: TextIO, sources: Mapping[int, str]) -> None:
        """Write to a stream, which stays open; `sources` names what sounds on each channel."""
        self.ended = Event()
        self.error: OSError | None = None
        self._stream = stream
        self._sources = sources

    def send(self, message: Message) -> None:
        """Write one line; raises BrokenPipeError when the stream accepts nothing more."""
        try:
            self._stream.write(format_line(message, self._sources))
            self._stream.flush()
        except BrokenPipeError:
            self.ended.set()
            raise
        except OSError as error:  # for example a full disk
            error.filename = "standard output"
            self.error = error
            self.ended.set()
            raise BrokenPipeError from error

    def settle(self) -> bool:
        """Return False: no message is lost."""
        return False

    def close(self) -> None:
        """Do nothing; the stream belongs to the caller."""


class ListOutput:
    """A list of the messages.

    Attributes:
        messages: so far, in order.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[Message] = []

    def send(self, message: Message) -> None:
        """Append a message."""
        self.messages.append(message)

    def settle(self) -> bool:
        """Return False: no message is lost."""
        return False

    def close(self) -> None:
        """Do nothing."""


class NullOutput:
    """Discards all messages."""

    def send(self, message: Message) -> None:
        """Discard a message."""

    def settle(self) -> bool:
        """Return False: no message is lost."""
        return False

    def close(self) -> None:
        """Do nothing."""
