"""What python-rtmidi does not tell of JACK: that its server has died, and what is connected.

A client of ours, without ports and beside those of python-rtmidi, hears of the server's end. When a
server has died, libjack frees all clients of a process as soon as it opens another, behind the
backs of those who hold them, who then crash. So all clients that python-rtmidi has are counted
here, and none is opened before all of the old server's are closed.

Source: https://jackaudio.org/api/ and common/JackLibGlobals.h of jack2.
"""

import ctypes
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from typing import Any

log = logging.getLogger("muse")

WATCH_NAME = b"muse jam watch"
NO_START = 1  # JackNoStartServer
NO_SERVER = 0x10  # JackServerFailed: there is none
ATTEMPTS = 3  # to open a client
PAUSE_S = 0.1  # between them
Names = frozenset[str]


class JackServer:
    """The server as this process has it; one of these for all threads."""

    def __init__(self) -> None:
        """Nothing is opened yet."""
        self._lock = RLock()
        self._held = 0  # clients of python-rtmidi that are open
        self._library: Any = None
        self._watch: int | None = None  # our client
        self._died_s = ctypes.c_int64(0)  # when it died, by the system's clock; 0 while it lives
        self._is_told = False

    def hold(self, path: str, make: Callable[[], Any]) -> Any:
        """Open one more client; None while no server runs, or one that died is not let go of.

        Args:
            path: of python-rtmidi's library, through which its libjack is reached.
            make: opens the client.

        Raises:
            OSError: it cannot be, though a server runs.
        """
        with self._lock:
            if self._library is None:
                self._library = jack_library(path)
            if self._library is not None and not self._is_watched():
                return None
            handle = again(make)
            self._held += 1
            return handle

    def let_go(self, handle: Any) -> None:
        """Close a client; with the last one ours is closed, too."""
        with self._lock:
            try:
                handle.delete()
            finally:
                self._held -= 1
                if not self._held:
                    self._unwatch()

    def has_died(self) -> bool:
        """Whether the server of the clients that are open is gone; told once."""
        if not self._died_s.value:
            return False
        with self._lock:
            if not self._is_told:
                self._is_told = True
                log.warning("the JACK server is gone; waiting for it")
        return True

    def connected_to(self, name: str) -> Names:
        """The ports that a port is connected to; none where it is not there."""
        with self._lock:
            if self._watch is None or self._died_s.value:
                return frozenset()
            port = self._library.jack_port_by_name(self._watch, name.encode())
            if not port:
                return frozenset()
            found = self._library.jack_port_get_all_connections(self._watch, port)
            names = taken_names(found)
            if found:
                self._library.jack_free(found)
            return names

    def _is_watched(self) -> bool:
        """Whether the server runs and is watched, after an attempt to do so."""
        if self._died_s.value and not self._held:
            self._unwatch()
        if self._watch is None:
            with suppress(OSError):
                self._watch = again(self._opened)
            if self._watch is not None:
                self._died_s.value, self._is_told = 0, False
                # in libjack's own thread, where Python's code would wait for the interpreter, and
                # closing for it: the C library's time() writes the time where it is told to
                telling = ctypes.cast(ctypes.CDLL(None).time, ctypes.c_void_p)
                self._library.jack_on_shutdown(self._watch, telling, ctypes.addressof(self._died_s))
        return self._watch is not None and not self._died_s.value

    def _opened(self) -> int | None:
        """A client of ours, or None where no server runs; raises OSError if it cannot be had."""
        status = ctypes.c_int()
        client = self._library.jack_client_open(WATCH_NAME, NO_START, ctypes.byref(status))
        if client is None and not status.value & NO_SERVER:
            raise OSError(f"JACK takes no client (status {status.value:#x})")
        return int(client) if client is not None else None

    def _unwatch(self) -> None:
        """Close our client."""
        if self._watch is not None:
            self._library.jack_client_close(self._watch)
            self._watch = None
            self._died_s.value = 0


def again(make: Callable[[], Any]) -> Any:
    """Make something, in some attempts; raises OSError where all fail.

    A server that runs takes no client while it cannot tell another one of it, such as one that is
    just closing.
    """
    for _attempt in range(ATTEMPTS - 1):
        try:
            return make()
        except OSError as error:  # rtmidi's are, too
            log.debug("%s; trying again", error)
            time.sleep(PAUSE_S)
    return make()


def jack_library(path: str) -> Any:
    """The libjack that a library is linked with; None where it has none."""
    library = ctypes.CDLL(path)
    try:
        for name, result, *arguments in CALLS:
            call = getattr(library, name)
            call.restype, call.argtypes = result, arguments
    except AttributeError:
        return None
    return library


POINTER, TEXT = ctypes.c_void_p, ctypes.c_char_p
NAMES = ctypes.POINTER(TEXT)
CALLS: tuple[tuple[Any, ...], ...] = (  # names, results and arguments
    ("jack_client_open", POINTER, TEXT, ctypes.c_int, POINTER),
    ("jack_client_close", ctypes.c_int, POINTER),
    ("jack_on_shutdown", None, POINTER, POINTER, POINTER),
    ("jack_port_by_name", POINTER, POINTER, TEXT),
    ("jack_port_get_all_connections", NAMES, POINTER, POINTER),
    ("jack_free", None, POINTER),
)


def taken_names(found: Any) -> Names:
    """The texts of a list that ends with none."""
    names = set()
    place = 0
    while found and found[place]:
        names.add(found[place].decode(errors="ignore"))
        place += 1
    return frozenset(names)


server = JackServer()
