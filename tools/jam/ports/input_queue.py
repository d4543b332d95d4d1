"""Hearing the player: messages from a port or a stream, stamped, kept in order, handed on.

Whoever receives bytes puts them into an InputQueue; a thread, the listener, takes them out and
calls the engine. The queue is bounded and never loses the end of a note.
"""

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Event, Thread
from typing import BinaryIO

from muse.tools.jam.clock import Clock, raise_priority
from muse.tools.jam.events import Message
from muse.tools.jam.midi_bytes import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CONTROL,
    ByteParser,
    channel_message,
    is_off,
    is_on,
    key_of,
    kind_of,
    note_off,
)
from muse.tools.jam.ports.json_lines import JsonLines
from muse.tools.jam.ports.lateness import Lateness
from muse.tools.jam.ports.reconnecting_port import POLL_S, LivePort

log = logging.getLogger("muse")

CAPACITY = 1024  # messages waiting, note-offs apart
STUCK_S = 30.0  # silence after which notes that still sound were forgotten by their instrument
STREAM_BLOCK = 4096  # bytes read at most at once


class InputQueue:
    """Messages between those who receive and the listener.

    A message that finds the queue full is dropped and counted, unless it ends a note that was let
    in. There are no more of those than notes, so the queue is bounded all the same.
    """

    def __init__(self, clock: Clock, capacity: int = CAPACITY) -> None:
        """Begin empty; `clock` stamps what comes without a time."""
        self.dropped = 0
        self._clock = clock
        self._capacity = capacity
        self._waiting: deque[Message] = deque()
        self._changed = Condition()
        self._sounding: set[tuple[int, int]] = set()  # channel and pitch of what was let in
        self._last_s = 0.0
        self._is_open = True

    def put(self, data: bytes, time_s: float | None = None) -> None:
        """Take in one message of a channel; other messages, and damaged ones, are passed over."""
        message = channel_message(data)
        if message is None:
            return
        time_s = self._clock.now() if time_s is None else time_s
        with self._changed:
            self._last_s = time_s
            if kind_of(message) == CONTROL and message[1] in (ALL_NOTES_OFF, ALL_SOUND_OFF):
                self._release(time_s)
            self._let_in(Message(time_s, message))
            self._changed.notify()

    def get(self, timeout_s: float | None = None) -> Message | None:
        """The next message; None where none came in time, or the queue was closed."""
        with self._changed:
            if not self._waiting and self._is_open:
                self._changed.wait(timeout_s)
            if not self._waiting and self._clock.now() - self._last_s > STUCK_S:
                self._release(self._clock.now())
            return self._waiting.popleft() if self._waiting else None

    def release_all(self) -> None:
        """End all notes: the player cannot, as where a cable is pulled."""
        with self._changed:
            self._release(self._clock.now())
            self._changed.notify()

    def close(self) -> None:
        """Wake who waits; what is in it can still be taken."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def _let_in(self, message: Message) -> None:
        """Keep a message, or drop it."""
        data = message.data
        if is_off(data):
            if key_of(data) not in self._sounding:
                return
            self._sounding.discard(key_of(data))
        elif len(self._waiting) >= self._capacity:
            self.dropped += 1
            return
        elif is_on(data):
            self._sounding.add(key_of(data))
        self._waiting.append(message)

    def _release(self, time_s: float) -> None:
        """End what sounds."""
        for key in sorted(self._sounding):
            self._waiting.append(Message(time_s, note_off(*key)))
        self._sounding.clear()


class Listener:
    """The thread that hands on what is heard.

    Attributes:
        waited: how long messages waited to be handed on, in s.
    """

    def __init__(self, queue: InputQueue, hear: Callable[[Message], None], clock: Clock) -> None:
        """Not yet listening; `hear` is called with each message, in the listener's thread."""
        self.waited = Lateness()
        self._queue = queue
        self._hear = hear
        self._clock = clock
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End, once what has come was handed on."""
        self._stopped.set()
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        """The thread."""
        raise_priority()
        while True:
            message = self._queue.get(POLL_S)
            if message is not None:
                self.waited.add(self._clock.now() - message.time_s)
                self._hear(message)
            elif self._stopped.is_set():
                return


def port_input(text: str | None, queue: InputQueue) -> LivePort:
    """A port to hear, not yet open; when it is lost, the notes that sound end.

    Args:
        text: names it; None makes a virtual one.
        queue: what is heard is put here.
    """
    return LivePort("in", text, receive=queue.put, on_lost=queue.release_all)


class StreamReader:
    """A thread that reads a stream: JSON lines where it begins with a brace, else raw MIDI bytes.

    Lines with a time are taken at that time, so that a file plays in time through a pipe; those
    without, and those that are late, at once.

    Attributes:
        ended: set when the stream is at its end.
    """

    def __init__(self, stream: BinaryIO, queue: InputQueue, clock: Clock) -> None:
        """Not yet reading."""
        self.ended = Event()
        self._stream = stream
        self._queue = queue
        self._clock = clock
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="stream", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """Take nothing more; a read that waits is left to itself."""
        self._stopped.set()

    def _run(self) -> None:
        """The thread."""
        raise_priority()
        read = getattr(self._stream, "read1", self._stream.read)
        parser: ByteParser | JsonLines | None = None
        while not self._stopped.is_set() and (block := read(STREAM_BLOCK)):
            parser = parser or (JsonLines() if block.lstrip()[:1] == b"{" else ByteParser())
            self._take(parser, block)
        if isinstance(parser, JsonLines):
            self._take(parser, b"\n")  # the last line may have no end
        self._queue.release_all()
        self.ended.set()

    def _take(self, parser: ByteParser | JsonLines, block: bytes) -> None:
        """Put what is whole with these bytes into the queue."""
        if isinstance(parser, ByteParser):
            for data in parser.feed(block):
                self._queue.put(data)
            return
        for time_s, data in parser.feed(block):
            if time_s is not None and not self._clock.wait_until(time_s, self._stopped):
                return
            self._queue.put(data)
