"""What python-rtmidi does not report of JACK: the end of the server, and a port's connections.

A client of ours, without ports, is notified when the server ends. After that, libjack frees all
clients of a process as soon as it opens another one; python-rtmidi, which still holds them, then
crashes. So all clients of python-rtmidi are counted here, and none is opened before all clients of
the former server are closed.

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
NO_START_SERVER = 1  # JackNoStartServer
SERVER_FAILED = 0x10  # JackServerFailed: no server runs
ATTEMPTS = 3  # to open a client
PAUSE_S = 0.1  # between them
PERIODS_TIMEOUT_S = 1.0
FRAMES_PAUSE_S = 0.002  # between two looks at the number of frames
FRAME_NUMBERS = 1 << 32  # after which the server counts from 0 again
Names = frozenset[str]


class JackServer:
    """The JACK server as this process sees it; one instance for all threads."""

    def __init__(self) -> None:
        """Start without any clients."""
        self._lock = RLock()
        self._open_clients = 0  # clients of python-rtmidi that are open
        self._library: Any = None
        self._watch_client: int | None = None
        self._died_s = ctypes.c_int64(0)  # system time of the server's end; 0 while it runs
        self._is_reported = False

    def open_client(self, path: str, make: Callable[[], Any]) -> Any:
        """Open a client; None without a server, or while clients of a stopped one are open.

        Args:
            path: of python-rtmidi's library, through which its libjack is reached.
            make: opens the client.

        Raises:
            OSError: it cannot be opened, though a server runs.
        """
        with self._lock:
            if self._library is None:
                self._library = load_libjack(path)
            if self._library is not None and not self._is_watched():
                return None
            handle = retry(make)
            self._open_clients += 1
            return handle

    def close_client(self, handle: Any) -> None:
        """Close a client; with the last one, our own is closed, too."""
        with self._lock:
            try:
                handle.delete()
            finally:
                self._open_clients -= 1
                if not self._open_clients:
                    self._close_watch_client()

    def has_died(self) -> bool:
        """Return whether the server of the open clients has stopped; logged once."""
        if not self._died_s.value:
            return False
        with self._lock:
            if not self._is_reported:
                self._is_reported = True
                log.warning("the JACK server has stopped; waiting for it")
        return True

    def connections_of(self, name: str) -> Names:
        """Return the ports that a port is connected to; empty where it does not exist."""
        with self._lock:
            if self._watch_client is None or self._died_s.value:
                return frozenset()
            port = self._library.jack_port_by_name(self._watch_client, name.encode())
            if not port:
                return frozenset()
            ports = self._library.jack_port_get_all_connections(self._watch_client, port)
            names = decode_names(ports)
            if ports:
                self._library.jack_free(ports)
            return names

    def wait_for_periods(self, count: int, timeout_s: float = PERIODS_TIMEOUT_S) -> None:
        """Wait until the server has run some periods, in which its clients send their messages.

        Without realtime priority a client may miss a period, however long that is.
        """
        end_s = time.monotonic() + timeout_s
        first = self._last_frame()
        while first is not None and time.monotonic() < end_s:
            now = self._last_frame()
            if now is None or (now[0] - first[0]) % FRAME_NUMBERS >= count * now[1]:
                return
            time.sleep(FRAMES_PAUSE_S)

    def _last_frame(self) -> tuple[int, int] | None:
        """Return the first frame of the period and its length in frames; None without a server."""
        with self._lock:
            if self._watch_client is None or self._died_s.value:
                return None
            frame = self._library.jack_last_frame_time(self._watch_client)
            return int(frame), int(self._library.jack_get_buffer_size(self._watch_client))

    def _is_watched(self) -> bool:
        """Return whether the server runs and our client is open, after trying to open it."""
        if self._died_s.value and not self._open_clients:
            self._close_watch_client()
        if self._watch_client is None:
            with suppress(OSError):
                self._watch_client = retry(self._open_watch_client)
            if self._watch_client is not None:
                self._died_s.value, self._is_reported = 0, False
                # called in libjack's thread, where Python code could deadlock with closing, so
                # the callback is the C library's time(), which writes to its argument
                callback = ctypes.cast(ctypes.CDLL(None).time, ctypes.c_void_p)
                self._library.jack_on_shutdown(
                    self._watch_client, callback, ctypes.addressof(self._died_s)
                )
        return self._watch_client is not None and not self._died_s.value

    def _open_watch_client(self) -> int | None:
        """Open our client; None without a server, OSError where it refuses."""
        status = ctypes.c_int()
        client = self._library.jack_client_open(WATCH_NAME, NO_START_SERVER, ctypes.byref(status))
        if client is None and not status.value & SERVER_FAILED:
            raise OSError(f"JACK refused the client (status {status.value:#x})")
        return int(client) if client is not None else None

    def _close_watch_client(self) -> None:
        """Close our client."""
        if self._watch_client is not None:
            self._library.jack_client_close(self._watch_client)
            self._watch_client = None
            self._died_s.value = 0


def retry(make: Callable[[], Any]) -> Any:
    """Call `make`, again after errors; raises OSError where all attempts fail.

    A running server refuses a client while it cannot notify another one, such as one that is
    closing.
    """
    for _attempt in range(ATTEMPTS - 1):
        try:
            return make()
        except OSError as error:  # also rtmidi's errors
            log.debug("%s; trying again", error)
            time.sleep(PAUSE_S)
    return make()


def load_libjack(path: str) -> Any:
    """Load the libjack that a library is linked with; None where it has none."""
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
CALLS: tuple[tuple[Any, ...], ...] = (  # name, result type and argument types
    ("jack_client_open", POINTER, TEXT, ctypes.c_int, POINTER),
    ("jack_client_close", ctypes.c_int, POINTER),
    ("jack_on_shutdown", None, POINTER, POINTER, POINTER),
    ("jack_last_frame_time", ctypes.c_uint32, POINTER),
    ("jack_get_buffer_size", ctypes.c_uint32, POINTER),
    ("jack_port_by_name", POINTER, POINTER, TEXT),
    ("jack_port_get_all_connections", NAMES, POINTER, POINTER),
    ("jack_free", None, POINTER),
)


def decode_names(ports: Any) -> Names:
    """Return the texts of a null-terminated list."""
    names = set()
    index = 0
    while ports and ports[index]:
        names.add(ports[index].decode(errors="ignore"))
        index += 1
    return frozenset(names)


server = JackServer()
