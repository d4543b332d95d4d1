"""A MIDI port that is held on to.

Systems number ports anew when cables are pulled, so that a port is looked for by its text again
whenever it was lost.
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
    no_system,
    open_systems,
    open_virtual,
)
from muse.tools.jam.ports.port_names import choose, matching

log = logging.getLogger("muse")

POLL_S = 0.5  # how often ports are looked for: no MIDI system tells python-rtmidi of changes
FETCH_S = 0.001  # how often what has come is fetched
Receive = Callable[[bytes], None]


class PortLostError(MuseError):
    """The port is not there at the moment; it is being looked for."""


class PortBackError(PortLostError):
    """The port was lost and is here again: what it was told before may be forgotten."""


def nothing() -> None:
    """Heeds nothing."""


class LivePort:
    """A port that is held on to: waited for, noticed when it is gone, connected to again.

    A thread of its own looks for it. All that it does with the system's handle but sending is done
    there, as CoreMIDI tells of new ports only to the thread that first asked.
    """

    def __init__(
        self,
        direction: Direction,
        text: str | None,
        *,
        receive: Receive | None = None,
        on_lost: Callable[[], None] = nothing,
        poll_s: float = POLL_S,
        client: str = "",
    ) -> None:
        """Nothing is opened yet.

        Args:
            direction: as in Port.
            text: names the port; None makes a virtual one that others can connect to.
            receive: called with each message that comes, in the thread that looks for it.
            on_lost: called when the port is gone.
            poll_s: how often it is looked for.
            client: what others see us as; empty for CLIENT_NAME and the direction.
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
        self._ours: jack.Names = frozenset()  # our end of JACK's connection, where it is known
        self._systems: dict[int, Any] = {}
        self._stopped = Event()
        self._looked = Event()
        self._error: MuseError | None = None
        self._thread = Thread(target=self._watch, name=f"port {direction}", daemon=True)

    def open(self, wait: bool = False) -> None:
        """Connect, and watch over the connection.

        Args:
            wait: whether a port that is not there is waited for, beside; else it is an error.

        Raises:
            BadInputError: there is no such port.
            MissingPartError: no python-rtmidi, no MIDI system, or no virtual ports on it.
        """
        self._thread.start()
        self._looked.wait()
        if self._error is None:
            return
        if not (wait and isinstance(self._error, BadInputError)):
            self.close()
            raise self._error
        log.warning("%s; waiting for it", self._error)

    def send(self, data: bytes) -> None:
        """Send one message.

        Raises:
            PortLostError: the port is not there.
        """
        with self._lock:
            if not self.connected.is_set():
                raise PortLostError(f"the MIDI port {self.label} is not there")
            try:
                self._handle.send_message(data)
            except (OSError, ValueError) as error:  # rtmidi's are OSErrors
                raise PortLostError(f"the MIDI port {self.label} does not take it") from error

    def close(self) -> None:
        """Let go of it; a second time does nothing."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def label(self) -> str:
        """What to call it in a message."""
        return f"'{self.name or self.text or CLIENT_NAME}'"

    def _watch(self) -> None:
        """The thread; urgent, since while it looks no other thread has the interpreter."""
        raise_priority()
        self._first_look()
        while not self._wait():
            self._look()
        with self._lock:
            self.connected.clear()
        self._forget_systems()

    def _wait(self) -> bool:
        """Fetch what comes, until it is time to look again; whether it is over instead."""
        if self._receive is None or not self.connected.is_set():
            return self._stopped.wait(self._poll_s)
        look_s = time.monotonic() + self._poll_s
        while not self._stopped.is_set() and time.monotonic() < look_s:
            while (event := self._handle.get_message()) is not None:
                self._receive(bytes(event[0]))
            time.sleep(FETCH_S)
        return self._stopped.is_set()

    def _first_look(self) -> None:
        """Connect, or keep what is wrong for the one who opens."""
        try:
            self._connect()
        except MuseError as error:
            self._error = error
        except OSError as error:  # rtmidi's
            self._error = MuseError(f"the MIDI port {self.label} cannot be opened: {error}")
        finally:
            self._looked.set()

    def _look(self) -> None:
        """See whether the port is still there, or there again."""
        try:
            self._bury()
            if self.connected.is_set() and not self._is_there():
                self._lose()
                log.warning("the MIDI port %s is gone; waiting for it", self.label)
            if not self.connected.is_set() and self._can_connect():
                self._connect()
                log.info("the MIDI port %s is here", self.label)
        except (MuseError, OSError) as error:
            log.debug("looking for %s: %s", self.label, error)

    def _bury(self) -> None:
        """Let go of systems that have died, and of the port, if it was one of theirs."""
        dead = [system for system, handle in self._systems.items() if is_dead(handle)]
        for system in dead:
            handle = self._systems.pop(system)
            if handle is self._handle:
                self._lose(close=False)
            close_handle(handle)

    def _lose(self, close: bool = True) -> None:
        """The port is gone."""
        with self._lock:
            was_connected = self.connected.is_set()
            self.connected.clear()
            if close:
                self._handle.close_port()
            self._handle = None
        if was_connected:
            self._on_lost()

    def _is_there(self) -> bool:
        """Whether the port is there, and we are still connected to it.

        A port that was gone for a moment only has its name again, but no connections. Who has
        connected ours to another one by hand is left alone.
        """
        if self.text is None:
            return True
        if self.name not in self._handle.get_ports():
            return False
        still = self._ours & jack.server.connected_to(self.name)
        return bool(still or not self._ours or any(map(jack.server.connected_to, self._ours)))

    def _can_connect(self) -> bool:
        """Whether the port is there, without a word."""
        handles = self._open_systems()
        text = self.text
        return any(text is None or matching(handle.get_ports(), text) for handle in handles)

    def _connect(self) -> None:
        """Open the port; raises as `open`."""
        handles = self._open_systems()
        if not handles:
            raise no_system()
        names = [(name, handle) for handle in handles for name in handle.get_ports()]
        if self.text is None:
            self._handle = handles[0]
            open_virtual(self._handle, self.direction)
        else:
            place = choose([name for name, _handle in names], self.direction, self.text)
            self.name, self._handle = names[place]
            before = jack.server.connected_to(self.name)
            self._handle.open_port(self._handle.get_ports().index(self.name), PORT_NAME)
            self._ours = jack.server.connected_to(self.name) - before
        if self._receive is not None:
            self._handle.ignore_types(sysex=True, timing=True, active_sense=True)
        self.connected.set()

    def _open_systems(self) -> list[Any]:
        """Handles into the systems that answer; kept, since each is a client that others see."""
        self._systems |= dict(open_systems(self.direction, self._client, but=self._systems))
        return list(self._systems.values())

    def _forget_systems(self) -> None:
        """Close all handles."""
        while self._systems:
            close_handle(self._systems.popitem()[1])
