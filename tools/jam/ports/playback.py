"""Playing: a thread that sends each message at its time, and silence on every way out."""

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
from muse.tools.jam.ports.outputs import Sink
from muse.tools.jam.ports.reconnecting_port import PortBackError, PortLostError

log = logging.getLogger("muse")

FOR_EVER_S = 3600.0  # how long is waited where nothing is due; the next message ends it
TELLING = (PortLostError, BrokenPipeError)  # ports tell of themselves; a reader may have had enough
RETRY_S = 0.5  # how long a sink that failed is left alone
OFFS, SETTINGS, ONS = range(3)  # the order of what is due at one time
LASTING = (CONTROL, PROGRAM)  # what a sink that comes back must be told again
PANIC = ((SUSTAIN, 0), (ALL_NOTES_OFF, 0), (ALL_SOUND_OFF, 0))  # controllers and values
Entry = tuple[float, int, int, bytes]  # time in s, rank, running number, message


def rank_of(data: bytes) -> int:
    """The place of a message among those of one time."""
    return OFFS if is_off(data) else ONS if is_on(data) else SETTINGS


class Player:
    """Sends messages at their times, and knows what sounds.

    Use it as a context manager: however it is left, all is silent after. A sink that fails does not
    stop it; time goes on, and when the sink is back it is silenced and told its programs again.
    Without `start` no thread runs, and `play_until` plays on whoever calls it.

    Attributes:
        lateness: of what was sent, from when it was due until the sink had it.
        sent: messages that the sink took.
        lost: messages that came to nothing, as the sink failed.
    """

    def __init__(self, sink: Sink, clock: Clock) -> None:
        """Nothing is scheduled."""
        self.lateness = Lateness()
        self.sent = 0
        self.lost = 0
        self._sink = sink
        self._clock = clock
        self._lock = RLock()  # one thread may be interrupted by a signal that asks for silence
        self._changed = Event()
        self._heap: list[Entry] = []
        self._number = 0
        self._sounding: set[tuple[int, int]] = set()  # channel and pitch
        self._channels: set[int] = set()  # used since the last silence
        self._lasting: dict[tuple[int, ...], bytes] = {}  # programs and controllers as last sent
        self._retry_s: float | None = None  # when a sink that failed is tried again
        self._is_closed = False
        self._thread = Thread(target=self._run, name="playback", daemon=True)

    def __enter__(self) -> Self:
        """From now on the way out is silent, even out of Python."""
        atexit.register(self.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `close`."""
        self.close()

    def start(self) -> None:
        """Play in a thread of its own."""
        self._thread.start()

    def schedule(self, messages: Iterable[Message]) -> None:
        """Add messages; what is past is sent at once."""
        with self._lock:
            if self._is_closed:
                return
            for message in messages:
                self._push(message.time_s, message.data)
        self._changed.set()

    def drop_after(self, time_s: float, channels: Collection[int] | None = None) -> int:
        """Take back what is due at a time or later; notes that began before end at that time.

        Args:
            time_s: from when.
            channels: on which, 0 to 15; None for all.

        Returns:
            how many messages were taken back.
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
            for key in ended_without_beginning(sorted(dropped)):
                self._push(time_s, note_off(*key))
        self._changed.set()
        return len(dropped)

    def play_until(self, time_s: float) -> None:
        """Send all that is due by a time, in order."""
        while self._send_next(time_s) is not None:
            pass

    @property
    def pending(self) -> int:
        """Messages that are still to be sent."""
        return len(self._heap)

    @property
    def is_failing(self) -> bool:
        """Whether the sink takes nothing at the moment."""
        return self._retry_s is not None

    def panic(self) -> None:
        """Silence, now: what is scheduled is dropped, notes end, pedals rise, channels are muted.

        A second time does nothing. While the sink fails, it is silenced when it is back.
        """
        with self._lock:
            self._heap.clear()
            self._silence()
        self._changed.set()  # the thread tries again where the sink failed

    def close(self) -> None:
        """Silence, the end of the thread, and the sink closed; a second time does nothing."""
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
            self.panic()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        if not was_closed:
            atexit.unregister(self.close)
            self._sink.close()

    def _push(self, time_s: float, data: bytes) -> None:
        """Add one."""
        self._number += 1
        heapq.heappush(self._heap, (time_s, rank_of(data), self._number, data))

    def _run(self) -> None:
        """The thread."""
        raise_priority()
        while not self._is_closed:
            self._changed.clear()  # before the heap is read, so that no change is missed
            if self._clock.wait_until(self._next_due_s(), self._changed) and not self._is_closed:
                self._recover()
                while (due_s := self._send_next(self._clock.now())) is not None:
                    self.lateness.add(self._clock.now() - due_s)

    def _next_due_s(self) -> float:
        """When there is something to do next."""
        with self._lock:
            due_s = self._heap[0][0] if self._heap else self._clock.now() + FOR_EVER_S
            return due_s if self._retry_s is None else min(due_s, self._retry_s)

    def _send_next(self, until_s: float) -> float | None:
        """Send one message that is due by a time; when it was due, None where there is none."""
        with self._lock:
            if not self._heap or self._heap[0][0] > until_s:
                return None
            time_s, _rank, _number, data = heapq.heappop(self._heap)
            if kind_of(data) in LASTING:
                self._lasting[tuple(data[:-1])] = data
            message = Message(time_s, data)
            # a port that was lost in between asks to be set up before it takes anything
            if any(self._recover() and self._sound(message) for _attempt in range(2)):
                self.sent += 1
            else:
                self.lost += 1
            return time_s

    def _sound(self, message: Message) -> bool:
        """Send, and keep in mind what sounds; whether the sink took it."""
        key = key_of(message.data)
        self._channels.add(key[0])
        if is_on(message.data):
            self._sounding.add(key)  # before, as an interruption may fall between
        was_sent = self._try(message)
        if was_sent and is_off(message.data):
            self._sounding.discard(key)
        return was_sent

    def _recover(self) -> bool:
        """Whether the sink takes something; one that failed is first silenced and set up again."""
        with self._lock:
            if self._retry_s is None:
                return True
            if self._clock.now() < self._retry_s:
                return False
            if self._silence() and self._send_all(self._lasting.values()):
                self._retry_s = None
            return self._retry_s is None

    def _silence(self) -> bool:
        """End all that sounds, and mute the channels that were used; whether the sink took it."""
        offs = [note_off(*key) for key in sorted(self._sounding)]
        mutes = [control(c, *setting) for c in sorted(self._channels) for setting in PANIC]
        was_sent = self._send_all([*offs, *mutes])
        if was_sent:
            self._sounding.clear()
            self._channels.clear()
        return was_sent

    def _send_all(self, messages: Iterable[bytes]) -> bool:
        """Send now; whether the sink took all of it."""
        now_s = self._clock.now()
        return all(self._try(Message(now_s, data)) for data in messages)

    def _try(self, message: Message) -> bool:
        """Send; a sink that fails is told of once, and left alone for a while."""
        try:
            self._sink.send(message)
        except (MuseError, OSError) as error:
            if self._retry_s is None and not isinstance(error, TELLING):
                log.warning("%s; the beat goes on", error)  # ports tell of themselves
            is_back = isinstance(error, PortBackError)
            self._retry_s = self._clock.now() + (0.0 if is_back else RETRY_S)
            return False
        return True


def ended_without_beginning(entries: Iterable[Entry]) -> list[tuple[int, int]]:
    """Channel and pitch of the notes whose ends are among these, in order, but not their starts."""
    begun: set[tuple[int, int]] = set()
    found = []
    for _time_s, _rank, _number, data in entries:
        if is_on(data):
            begun.add(key_of(data))
        elif is_off(data) and key_of(data) not in begun:
            found.append(key_of(data))
        elif is_off(data):
            begun.discard(key_of(data))
    return found
