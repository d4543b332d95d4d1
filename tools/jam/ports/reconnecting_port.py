"""A MIDI port that is found again after it was lost.

MIDI systems renumber ports when cables are pulled, so a lost port is searched for by its text.
"""

import logging
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any

from muse.tools.errors import BadInputError, MuseError
from muse.tools.jam.clock import raise_priority
from muse.tools.jam.ports import jack
from muse.tools.jam.ports.midi_system import (
    CLIENT_NAME,
    PORT_NAME,
    Direction,
    close_handle,
    is_dead,
    no_system_error,
    open_systems,
    open_virtual,
    settle,
)
from muse.tools.jam.ports.port_names import choose_port, matching_ports

log = logging.getLogger("muse")

POLL_S = 0.5  # interval of checks, since python-rtmidi does not report changes of ports
FETCH_S = 0.001  # interval at which messages are fetched
Receive = Callable[[bytes], None]


class PortLostError(MuseError):
    """The port is not available at present; it is being searched for."""


class PortReconnectedError(PortLostError):
    """The port was lost and is back: the device may have forgotten its programs."""


def do_nothing() -> None:
    """Do nothing."""


class ReconnectingPort:
    """A port that is waited for, monitored, and reconnected after it was lost.

    A thread does all that, and everything with the system's handle but sending, because CoreMIDI
    reports new ports only to the first thread that listed them.
    """

    def __init__(
        self,
        direction: Direction,
        text: str | None,
        *,
        receive: Receive | None = None,
        on_lost: Callable[[], None] = do_nothing,
        poll_s: float = POLL_S,
        client: str = "",
    ) -> None:
        """Prepare a port without opening it.

        Args:
            direction: as in Port.
            text: names the port; None makes a virtual one that others can connect to.
            receive: called with each message, in the port's thread.
            on_lost: called when the port is lost.
            poll_s: interval of checks.
            client: our name for other programs; empty for CLIENT_NAME and the direction.
        """
        self.direction = direction
        self.text = text
        self.connected = Event()
        self.name = ""
        self._receive = receive
        self._on_lost = on_lost
        self._poll_s = poll_s
        self._client = client
        self._lock = Lock()  # of the handle
        self._handle: Any = None
        self._ours: jack.Names = frozenset()  # our ports in JACK's connection, where they are known
        self._systems: dict[int, Any] = {}
        self._stopped = Event()
        self._first_look_done = Event()
        self._error: MuseError | None = None
        self._thread = Thread(target=self._watch, name=f"port {direction}", daemon=True)

    def open(self, wait: bool = False) -> None:
        """Connect, and start to monitor the connection.

        Args:
            wait: whether to wait for a missing port in the background; else it is an error.

        Raises:
            BadInputError: there is no such port.
            MissingPartError: no python-rtmidi, no MIDI system, or no virtual ports on it.
        """
        self._thread.start()
        self._first_look_done.wait()
        if self._error is None:
            return
        if not (wait and isinstance(self._error, BadInputError)):
            self.close()
            raise self._error
        log.warning("%s; waiting for it", self._error)

    def send(self, data: bytes) -> None:
        """Send a message.

        Raises:
            PortLostError: the port is not available.
        """
        with self._lock:
            if not self.connected.is_set():
                raise PortLostError(f"the MIDI port {self.label} is not available")
            try:
                self._handle.send_message(data)
            except (OSError, ValueError) as error:  # includes rtmidi's errors
                raise PortLostError(
                    f"the MIDI port {self.label} does not accept messages"
                ) from error

    def settle(self) -> bool:
        """Wait until sent messages have left; return whether they may be lost all the same."""
        with self._lock:
            return self.connected.is_set() and settle(self._handle)

    def close(self) -> None:
        """Close the port and end the thread; a second call has no effect."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def label(self) -> str:
        """The port's name in messages."""
        return f"'{self.name or self.text or CLIENT_NAME}'"

    def _watch(self) -> None:
        """Run the thread, with priority, because its checks block all other threads."""
        raise_priority()
        self._first_look()
        while not self._wait():
            self._look()
        with self._lock:
            self.connected.clear()
        self._close_systems()

    def _wait(self) -> bool:
        """Fetch messages until the next check; return whether the port is being closed."""
        if self._receive is None or not self.connected.is_set():
            return self._stopped.wait(self._poll_s)
        look_s = time.monotonic() + self._poll_s
        while not self._stopped.is_set() and time.monotonic() < look_s:
            while (event := self._handle.get_message()) is not None:
                self._receive(bytes(event[0]))
            time.sleep(FETCH_S)
        return self._stopped.is_set()

    def _first_look(self) -> None:
        """Connect, or store the error for `open`."""
        try:
            self._connect()
        except MuseError as error:
            self._error = error
        except OSError as error:  # from rtmidi
            self._error = MuseError(f"the MIDI port {self.label} cannot be opened: {error}")
        finally:
            self._first_look_done.set()

    def _look(self) -> None:
        """Check whether the port still exists, or exists again."""
        try:
            self._close_dead_systems()
            if self.connected.is_set() and not self._is_there():
                self._lose()
                log.warning("the MIDI port %s is lost; waiting for it", self.label)
            if not self.connected.is_set() and self._can_connect():
                self._connect()
                log.info("the MIDI port %s is connected", self.label)
        except (MuseError, OSError) as error:
            log.debug("looking for %s: %s", self.label, error)

    def _close_dead_systems(self) -> None:
        """Close the handles of stopped systems, and the port if it belonged to one."""
        dead = [system for system, handle in self._systems.items() if is_dead(handle)]
        for system in dead:
            handle = self._systems.pop(system)
            if handle is self._handle:
                self._lose(close=False)
            close_handle(handle)

    def _lose(self, close: bool = True) -> None:
        """Mark the port as lost."""
        with self._lock:
            was_connected = self.connected.is_set()
            self.connected.clear()
            if close:
                self._handle.close_port()
            self._handle = None
        if was_connected:
            self._on_lost()

    def _is_there(self) -> bool:
        """Return whether the port exists and we are still connected to it.

        A port that disappeared briefly gets its name back, but not its connections. A connection
        of our port that someone changed by hand is left alone.
        """
        if self.text is None:
            return True
        if self.name not in self._handle.get_ports():
            return False
        remaining = self._ours & jack.server.connections_of(self.name)
        return bool(remaining or not self._ours or any(map(jack.server.connections_of, self._ours)))

    def _can_connect(self) -> bool:
        """Return whether the port exists, without logging."""
        handles = self._open_systems()
        text = self.text
        return any(text is None or matching_ports(handle.get_ports(), text) for handle in handles)

    def _connect(self) -> None:
        """Open the port; raises as `open`."""
        handles = self._open_systems()
        if not handles:
            raise no_system_error()
        names = [(name, handle) for handle in handles for name in handle.get_ports()]
        if self.text is None:
            self._handle = handles[0]
            open_virtual(self._handle, self.direction)
        else:
            index = choose_port([name for name, _handle in names], self.direction, self.text)
            self.name, self._handle = names[index]
            before = jack.server.connections_of(self.name)
            self._handle.open_port(self._handle.get_ports().index(self.name), PORT_NAME)
            self._ours = jack.server.connections_of(self.name) - before
        if self._receive is not None:
            self._handle.ignore_types(sysex=True, timing=True, active_sense=True)
        self.connected.set()

    def _open_systems(self) -> list[Any]:
        """Return handles into the systems that respond; they stay open."""
        self._systems |= dict(open_systems(self.direction, self._client, skip=self._systems))
        return list(self._systems.values())

    def _close_systems(self) -> None:
        """Close all handles."""
        while self._systems:
            close_handle(self._systems.popitem()[1])
