"""Careful parser of standard MIDI files, for files that symusic refuses or misreads.

It reads what is whole and counts what is wrong: chunks with a wrong length, bytes between chunks,
data bytes over 127, tracks that are cut off. Status bytes run on over SysEx and meta events, as in
files of many programs; packets of SysEx (F7) are skipped by their length.

Source: Standard MIDI Files 1.0 (RP-001), and its additions RP-017 and RP-026.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

HEADER_BYTES = 6
CHUNK_START = 8  # bytes: four letters and the length
TRACK = b"MTrk"
NOTE_OFF, NOTE_ON, PRESSURE, CONTROL, PROGRAM, TOUCH, BEND = range(0x8, 0xF)  # upper half of status
ONE_BYTE = (PROGRAM, TOUCH)  # kinds of events with one data byte
SYSEX, PACKET, META, FIRST_STATUS = 0xF0, 0xF7, 0xFF, 0x80
SYSTEM_LENGTHS = {
    0xF1: 1,
    0xF2: 2,
    0xF3: 1,
}  # data bytes of system events, which no file should hold
TEXT, NAME, LYRIC, MARKER, PORT = 0x01, 0x03, 0x05, 0x06, 0x21
END, TEMPO, METER, KEY = 0x2F, 0x51, 0x58, 0x59
TEXTS = (TEXT, NAME, LYRIC, MARKER)
LENGTHS = {TEMPO: 3, METER: 4, KEY: 2, PORT: 1}  # data bytes that a meta event has at least
MAX_DATA = 127
MAX_QUANTITY_BYTES = 4

# faults of a file, and the words of their warnings
CUT = "is cut off; reading what is whole"
LENGTH = "has a wrong track length"
GARBAGE = "has other bytes between its tracks"
CLIPPED = "has data bytes over 127, read as 127"
DAMAGED = "has a damaged track; reading what is before the damage"


@dataclass
class TrackEvents:
    """The events of one track in the order of the file; times are ticks.

    Attributes:
        channel_events: (tick, channel, kind, first and second data byte); kind is NOTE_OFF to BEND.
        texts: (tick, type, bytes) of the types in TEXTS.
        metas: (tick, type, bytes) of tempos, meters and keys.
        sysex: (tick, bytes after F0).
        port: MIDI port of the track.
        end: position of the first byte after the track.
        is_ended: whether an end-of-track event was read.
    """

    channel_events: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    texts: list[tuple[int, int, bytes]] = field(default_factory=list)
    metas: list[tuple[int, int, bytes]] = field(default_factory=list)
    sysex: list[tuple[int, bytes]] = field(default_factory=list)
    port: int = 0
    end: int = 0
    is_ended: bool = False


@dataclass
class MidiEvents:
    """The header and the tracks of a file; `problems` counts what is wrong with it."""

    kind: int
    division: int
    tracks: list[TrackEvents] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)


class CutOffError(Exception):
    """The data ends inside an event."""


class DamagedError(Exception):
    """The bytes are no event."""


def parse_midi(data: bytes) -> MidiEvents | None:
    """Parse the bytes of a MIDI file from its header on; None if the header is not whole."""
    if len(data) < CHUNK_START + HEADER_BYTES:
        return None
    length = max(int.from_bytes(data[4:8]), HEADER_BYTES)
    kind, _, division = (int.from_bytes(data[at : at + 2]) for at in (8, 10, 12))
    midi = MidiEvents(kind, division)
    at = CHUNK_START + length
    if data[at : at + 4] != TRACK:
        at = CHUNK_START + HEADER_BYTES
    for start, end in track_chunks(data, at, midi):
        parse_track(data, start, end, midi)
    return midi


def track_chunks(data: bytes, at: int, midi: MidiEvents) -> Iterator[tuple[int, int]]:
    """Yield start and end of the events of each track chunk; the caller parses it in between.

    Where the length of a chunk is wrong, the end is the next track or the end of the file; the next
    chunk is then sought after the last event.
    """
    while at + CHUNK_START <= len(data):
        start = at + CHUNK_START
        end = start + int.from_bytes(data[at + 4 : start])
        if is_boundary(data, end) and data[at : at + 4] == TRACK:
            yield start, end
            at = end
        elif data[at : at + 4] == TRACK:
            following = data.find(TRACK, start)
            yield start, following if following >= 0 else len(data)
            track = midi.tracks[-1]
            at = track.end
            midi.problems[LENGTH if track.is_ended else CUT] += 1
        elif is_boundary(data, end) and is_name(data[at : at + 4]):
            at = end  # a chunk of another kind
        else:
            midi.problems[GARBAGE] += any(data[at:])
            at = data.find(TRACK, at + 1)
            if at < 0:
                return


def is_boundary(data: bytes, at: int) -> bool:
    """Return whether a chunk can end at a position: at the end of the file, or before a chunk."""
    return at == len(data) or (at < len(data) and is_name(data[at : at + 4]))


def is_name(letters: bytes) -> bool:
    """Return whether four bytes are the name of a chunk."""
    return len(letters) == 4 and letters.isalnum()


def parse_track(data: bytes, at: int, end: int, midi: MidiEvents) -> None:
    """Parse the events between two positions, and append the track to a file."""
    reader = TrackReader(data, at, end, midi.problems)
    midi.tracks.append(reader.track)
    try:
        reader.read()
    except CutOffError:
        midi.problems[CUT] += 1
    except DamagedError:
        midi.problems[DAMAGED] += 1
    reader.track.end = max(reader.at, at)


class TrackReader:
    """Reader of the events of one track; `track` holds what was read so far."""

    def __init__(self, data: bytes, at: int, end: int, problems: Counter[str]) -> None:
        """Start at a position; `problems` counts data bytes over 127."""
        self.data, self.at, self.end = data, at, end
        self.problems = problems
        self.track = TrackEvents()
        self.tick = 0
        self.status = 0

    def read(self) -> None:
        """Read all events; raises CutOffError or DamagedError after the last whole one."""
        while self.at < self.end and not self.track.is_ended:
            start = self.at
            try:
                self.tick += self.quantity()
                self.read_event()
            except (CutOffError, DamagedError):
                self.at = start
                raise

    def read_event(self) -> None:
        """Read the event after a time."""
        byte = self.byte()
        if byte < FIRST_STATUS:
            self.at -= 1
            byte = self.status
        if FIRST_STATUS <= byte < SYSEX:
            self.status = byte
            self.read_channel_event(byte)
        elif byte == META:
            self.read_meta(self.byte())
        elif byte in (SYSEX, PACKET):
            body = self.take(self.quantity())
            if byte == SYSEX:
                self.track.sysex.append((self.tick, body))
        elif byte:
            self.take(SYSTEM_LENGTHS.get(byte, 0))
        else:
            raise DamagedError

    def read_channel_event(self, status: int) -> None:
        """Read the data bytes of a note, controller, program, bend or pressure."""
        kind = status >> 4
        first = self.data_byte()
        second = 0 if kind in ONE_BYTE else self.data_byte()
        self.track.channel_events.append((self.tick, status & 0xF, kind, first, second))

    def read_meta(self, kind: int) -> None:
        """Read the length and bytes of a meta event."""
        body = self.take(self.quantity())
        if kind == END:
            self.track.is_ended = True
        elif kind in TEXTS:
            self.track.texts.append((self.tick, kind, body))
        elif len(body) < LENGTHS.get(kind, 0):
            self.problems[DAMAGED] += 1
        elif kind == PORT:
            self.track.port = body[0]
        elif kind in LENGTHS:
            self.track.metas.append((self.tick, kind, body))

    def byte(self) -> int:
        """Return the next byte."""
        if self.at >= self.end:
            raise CutOffError
        self.at += 1
        return self.data[self.at - 1]

    def data_byte(self) -> int:
        """Return the next byte, 127 if it is more."""
        byte = self.byte()
        if byte > MAX_DATA:
            self.problems[CLIPPED] += 1
            return MAX_DATA
        return byte

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        if self.at + count > self.end:
            raise CutOffError
        self.at += count
        return self.data[self.at - count : self.at]

    def quantity(self) -> int:
        """Return a number of variable length, seven bits per byte."""
        value = 0
        for _ in range(MAX_QUANTITY_BYTES):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < FIRST_STATUS:
                return value
        raise DamagedError
