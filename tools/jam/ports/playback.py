"""Sends each message when it is due, and ensures silence at the end."""

import atexit
import heapq
import logging
from collections.abc import Collection, Iterable
from threading import Event, RLock, Thread
from types import TracebackType
from typing import Self

from muse.tools.errors import MuseError
from muse.tools.jam.clock import Clock, raise_priority
from muse.tools.jam.events import Message
from muse.tools.jam.midi_bytes import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CONTROL,
    PROGRAM,
    SUSTAIN,
    control,
    is_off,
    is_on,
    key_of,
    kind_of,
    note_off,
)
from muse.tools.jam.ports.lateness import Lateness
from muse.tools.jam.ports.outputs import Output
from muse.tools.jam.ports.reconnecting_port import PortLostError, PortReconnectedError

log = logging.getLogger("muse")

IDLE_S = 3600.0  # wait while nothing is scheduled; a new message ends it
LOGGED_ELSEWHERE = (
    PortLostError,
    BrokenPipeError,
)  # ports log their own errors; a closed pipe is no error
RETRY_S = 0.5  # after a failure, until the output is tried again
OFFS, SETTINGS, ONS = range(3)  # the order of messages at the same time
PERSISTENT = (CONTROL, PROGRAM)  # messages that are sent again to an output that was lost
PANIC = ((SUSTAIN, 0), (ALL_NOTES_OFF, 0), (ALL_SOUND_OFF, 0))  # controllers and values
Entry = tuple[float, int, int, bytes]  # time in s, rank, serial number, message


def rank_of(data: bytes) -> int:
    """Return the rank of a message among those of one time."""
    return OFFS if is_off(data) else ONS if is_on(data) else SETTINGS


class Playback:
    """Schedules messages, sends them when they are due, and tracks which notes sound.

    Use it as a context manager: on every exit all notes are ended. An output that fails does not
    stop it; when the output is back, hanging notes are ended and its programs restored. Without
    `start` there is no thread, and the caller plays with `play_until`.

    Attributes:
        lateness: of sent messages, from when they were due until the output accepted them.
        sent: number of messages that the output accepted.
        lost: number of messages that failed.
    """

    def __init__(self, output: Output, clock: Clock) -> None:
        """Start with nothing scheduled."""
        self.lateness = Lateness()
        self.sent = 0
        self.lost = 0
        self._sink = output
        self._clock = clock
        self._lock = RLock()  # reentrant, because a signal handler may call `panic`
        self._changed = Event()
        self._heap: list[Entry] = []
        self._number = 0
        self._sounding: set[tuple[int, int]] = set()  # channel and pitch of notes
        self._channels: set[int] = set()  # used since the last `panic`
        self._persistent: dict[tuple[int, ...], bytes] = {}  # last programs and controllers
        self._last_silence: list[bytes] = []  # that `panic` sent last
        self._retry_s: float | None = None  # when an output that failed is tried again
        self._is_closed = False
        self._thread = Thread(target=self._run, name="playback", daemon=True)

    def __enter__(self) -> Self:
        """Register `close` for the end of the program, too."""
        atexit.register(self.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close, as `close`."""
        self.close()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def schedule(self, messages: Iterable[Message]) -> None:
        """Add messages; those in the past are sent immediately."""
        with self._lock:
            if self._is_closed:
                return
            for message in messages:
                self._push(message.time_s, message.data)
        self._changed.set()

    def drop_after(self, time_s: float, channels: Collection[int] | None = None) -> int:
        """Remove scheduled messages from a time on; notes that began earlier end at that time.

        Args:
            time_s: from when on.
            channels: of which channels, 0 to 15; None for all.

        Returns:
            the number of removed messages.
        """
        with self._lock:
            dropped = [
                entry
                for entry in self._heap
                if entry[0] >= time_s and (channels is None or entry[3][0] & 0x0F in channels)
            ]
            gone = {entry[2] for entry in dropped}
            self._heap = [entry for entry in self._heap if entry[2] not in gone]
            heapq.heapify(self._heap)
            for key in orphan_note_offs(sorted(dropped)):
                self._push(time_s, note_off(*key))
        self._changed.set()
        return len(dropped)

    def play_until(self, time_s: float) -> None:
        """Send all messages that are due by a time, in order."""
        while self._send_next(time_s) is not None:
            pass

    @property
    def pending(self) -> int:
        """Number of scheduled messages."""
        return len(self._heap)

    @property
    def is_failing(self) -> bool:
        """Whether the output has failed and is not yet restored."""
        return self._retry_s is not None

    def panic(self) -> None:
        """Silence the output now: clear the schedule, end all notes, release pedals, mute channels.

        A second call has no effect. An output that fails at present is silenced when it is back.
        """
        with self._lock:
            self._heap.clear()
            self._silence()
        self._changed.set()  # the thread tries an output that failed again

    def close(self) -> None:
        """Silence and close the output, and end the thread; a second call has no effect.

        An output that may lose messages is silenced twice.
        """
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
            self.panic()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        if not was_closed:
            atexit.unregister(self.close)
            if not self.is_failing and self._sink.settle():
                self._send_all(self._last_silence)
                self._sink.settle()
            self._sink.close()

    def _push(self, time_s: float, data: bytes) -> None:
        """Add a message to the schedule."""
        self._number += 1
        heapq.heappush(self._heap, (time_s, rank_of(data), self._number, data))

    def _run(self) -> None:
        """Send messages until closed."""
        raise_priority()
        while not self._is_closed:
            self._changed.clear()  # before reading the heap, so that no change is missed
            if self._clock.wait_until(self._next_due_s(), self._changed) and not self._is_closed:
                self._recover()
                while (due_s := self._send_next(self._clock.now())) is not None:
                    self.lateness.add(self._clock.now() - due_s)

    def _next_due_s(self) -> float:
        """Return when the thread has something to do."""
        with self._lock:
            due_s = self._heap[0][0] if self._heap else self._clock.now() + IDLE_S
            return due_s if self._retry_s is None else min(due_s, self._retry_s)

    def _send_next(self, until_s: float) -> float | None:
        """Send one message that is due by a time; return when it was due, or None without one."""
        with self._lock:
            if not self._heap or self._heap[0][0] > until_s:
                return None
            time_s, _rank, _number, data = heapq.heappop(self._heap)
            if kind_of(data) in PERSISTENT:
                self._persistent[tuple(data[:-1])] = data
            message = Message(time_s, data)
            # a port that has reconnected fails once, and is then restored before the second attempt
            if any(self._recover() and self._sound(message) for _attempt in range(2)):
                self.sent += 1
            else:
                self.lost += 1
            return time_s

    def _sound(self, message: Message) -> bool:
        """Send a message and track sounding notes; return whether the output accepted it."""
        key = key_of(message.data)
        self._channels.add(key[0])
        if is_on(message.data):
            self._sounding.add(key)  # before sending, in case of an interruption in between
        was_sent = self._try(message)
        if was_sent and is_off(message.data):
            self._sounding.discard(key)
        return was_sent

    def _recover(self) -> bool:
        """Return whether the output works; one that failed is first silenced and restored."""
        with self._lock:
            if self._retry_s is None:
                return True
            if self._clock.now() < self._retry_s:
                return False
            if self._silence() and self._send_all(self._persistent.values()):
                self._retry_s = None
            return self._retry_s is None

    def _silence(self) -> bool:
        """End all notes and mute the used channels; return whether the output accepted it."""
        offs = [note_off(*key) for key in sorted(self._sounding)]
        mutes = [control(c, *setting) for c in sorted(self._channels) for setting in PANIC]
        self._last_silence = [*offs, *mutes] or self._last_silence
        was_sent = self._send_all([*offs, *mutes])
        if was_sent:
            self._sounding.clear()
            self._channels.clear()
        return was_sent

    def _send_all(self, messages: Iterable[bytes]) -> bool:
        """Send messages now; return whether the output accepted all of them."""
        now_s = self._clock.now()
        return all(self._try(Message(now_s, data)) for data in messages)

    def _try(self, message: Message) -> bool:
        """Send a message; log the first failure, and schedule the next attempt."""
        try:
            self._sink.send(message)
        except (MuseError, OSError) as error:
            if self._retry_s is None and not isinstance(error, LOGGED_ELSEWHERE):
                log.warning("%s; the session continues", error)
            is_back = isinstance(error, PortReconnectedError)
            self._retry_s = self._clock.now() + (0.0 if is_back else RETRY_S)
            return False
        return True


def orphan_note_offs(entries: Iterable[Entry]) -> list[tuple[int, int]]:
    """Return channel and pitch of note-offs without a note-on among these messages, in order."""
    started: set[tuple[int, int]] = set()
    found = []
    for _time_s, _rank, _number, data in entries:
        if is_on(data):
            started.add(key_of(data))
        elif is_off(data) and key_of(data) not in started:
            found.append(key_of(data))
        elif is_off(data):
            started.discard(key_of(data))
    return found
