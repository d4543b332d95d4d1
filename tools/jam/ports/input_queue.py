"""Receives the player's messages from a port or a stream, and passes them on in order.

The receiving threads put bytes into an InputQueue; the InputDispatcher's thread takes them out and
calls the engine. The queue is bounded and never loses a note-off.
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
from muse.tools.jam.ports.reconnecting_port import POLL_S, ReconnectingPort
from muse.tools.song.document import is_document
from muse.tools.song.midi_container import MIDI_MAGIC

log = logging.getLogger("muse")

CAPACITY = 1024  # waiting messages, without note-offs
SILENCE_TIMEOUT_S = 30.0  # time without messages after which sounding notes are ended
STREAM_BLOCK = 4096  # the most bytes that are read at once


class InputQueue:
    """Messages between the receivers and the dispatcher.

    A message that finds the queue full is dropped and counted, unless it ends a note that was
    accepted. There are no more such note-offs than notes, so the queue is bounded all the same.
    """

    def __init__(self, clock: Clock, capacity: int = CAPACITY) -> None:
        """Start empty; `clock` gives the time of messages that come without one."""
        self.dropped = 0
        self._clock = clock
        self._capacity = capacity
        self._waiting: deque[Message] = deque()
        self._condition = Condition()
        self._sounding: set[tuple[int, int]] = set()  # channel and pitch
        self._last_s = 0.0
        self._is_open = True

    def put(self, data: bytes, time_s: float | None = None) -> None:
        """Add a channel message; other messages, and damaged ones, are ignored."""
        message = channel_message(data)
        if message is None:
            return
        time_s = self._clock.now() if time_s is None else time_s
        with self._condition:
            self._last_s = time_s
            if kind_of(message) == CONTROL and message[1] in (ALL_NOTES_OFF, ALL_SOUND_OFF):
                self._release(time_s)
            self._enqueue(Message(time_s, message))
            self._condition.notify()

    def get(self, timeout_s: float | None = None) -> Message | None:
        """Return the next message; None after the timeout, or where the queue was closed."""
        with self._condition:
            if not self._waiting and self._is_open:
                self._condition.wait(timeout_s)
            if not self._waiting and self._clock.now() - self._last_s > SILENCE_TIMEOUT_S:
                self._release(self._clock.now())
            return self._waiting.popleft() if self._waiting else None

    def release_all(self) -> None:
        """End all sounding notes, for example after a cable was pulled."""
        with self._condition:
            self._release(self._clock.now())
            self._condition.notify()

    def close(self) -> None:
        """Wake the waiting thread; messages in the queue can still be taken."""
        with self._condition:
            self._is_open = False
            self._condition.notify_all()

    def _enqueue(self, message: Message) -> None:
        """Append a message, or drop it."""
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
        """End all sounding notes at a time."""
        for key in sorted(self._sounding):
            self._waiting.append(Message(time_s, note_off(*key)))
        self._sounding.clear()


class InputDispatcher:
    """The thread that passes messages on.

    Attributes:
        delay: how long messages waited in the queue, in s.
    """

    def __init__(self, queue: InputQueue, handle: Callable[[Message], None], clock: Clock) -> None:
        """Create the thread; it calls `handle` with each message."""
        self.delay = Lateness()
        self._queue = queue
        self._handle = handle
        self._clock = clock
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread once the queue is empty."""
        self._stopped.set()
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        """Pass messages on until closed."""
        raise_priority()
        while True:
            message = self._queue.get(POLL_S)
            if message is not None:
                self.delay.add(self._clock.now() - message.time_s)
                self._handle(message)
            elif self._stopped.is_set():
                return


def open_queue_port(text: str | None, queue: InputQueue) -> ReconnectingPort:
    """Return an input port, not yet open, that feeds a queue; on loss it ends sounding notes.

    Args:
        text: names the port; None makes a virtual one.
        queue: receives the messages.
    """
    return ReconnectingPort("in", text, receive=queue.put, on_lost=queue.release_all)


# first bytes of scores: XML, its archives, ABC; no live player's MIDI begins with them
SCORE_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\0<", b"PK\x03\x04", b"X:")


def is_song_head(head: bytes) -> bool:
    """Return whether data begin like a song: a MIDI file, a Song document, or a file of text.

    JSON lines and MIDI bytes are those of a live player.
    """
    return head.startswith((MIDI_MAGIC, *SCORE_STARTS)) or is_document(head)


class StreamReader:
    """A thread that reads a stream: JSON lines where it begins with a brace, else raw MIDI bytes.

    Lines with a time are passed on at that time, so that a file plays in time through a pipe; lines
    without one, or with one in the past, immediately.

    Attributes:
        ended: set at the end of the stream.
    """

    def __init__(self, stream: BinaryIO, queue: InputQueue, clock: Clock) -> None:
        """Create the thread."""
        self.ended = Event()
        self._stream = stream
        self._queue = queue
        self._clock = clock
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="stream", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def close(self) -> None:
        """Pass nothing more on; a read that is blocked is abandoned."""
        self._stopped.set()

    def _run(self) -> None:
        """Read the stream to its end."""
        raise_priority()
        read = getattr(self._stream, "read1", self._stream.read)
        parser: ByteParser | JsonLines | None = None
        while not self._stopped.is_set() and (block := read(STREAM_BLOCK)):
            if parser is None and is_song_head(block):
                log.warning("a song on standard input came late; write it to a file for --in")
                break
            parser = parser or (JsonLines() if block.lstrip()[:1] == b"{" else ByteParser())
            self._take(parser, block)
        if isinstance(parser, JsonLines):
            self._take(parser, b"\n")  # the last line may have no line break
        self._queue.release_all()
        self.ended.set()

    def _take(self, parser: ByteParser | JsonLines, block: bytes) -> None:
        """Put the messages that a block completes into the queue."""
        if isinstance(parser, ByteParser):
            for data in parser.feed(block):
                self._queue.put(data)
            return
        for time_s, data in parser.feed(block):
            if time_s is not None and not self._clock.wait_until(time_s, self._stopped):
                return
            self._queue.put(data)
