"""MIDI 1.0 messages as bytes: their kinds, and a parser of raw streams.

Source: MIDI 1.0 Detailed Specification 4.2, tables I to V and appendix A (receivers).
"""

from collections.abc import Iterator

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0  # plus the channel
SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123  # controllers
SYSTEM = 0xF0  # the first status without a channel
REAL_TIME = 0xF8  # the first status that may come inside other messages
STATUS = 0x80  # the first byte that is not data
BEND_CENTRE = 8192  # of 14 bits
RELEASE = 64  # default velocity of a note-off
# length in bytes of a channel message by its kind, with the status byte
LENGTHS = {0x80: 3, 0x90: 3, 0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3}


def kind_of(data: bytes) -> int:
    """Return a channel message's status without the channel."""
    return data[0] & 0xF0


def key_of(data: bytes) -> tuple[int, int]:
    """Return channel and pitch of a note message, or channel and number of a controller."""
    return data[0] & 0x0F, data[1]


def is_on(data: bytes) -> bool:
    """Return whether a message begins a note."""
    return kind_of(data) == NOTE_ON and data[2] > 0


def is_off(data: bytes) -> bool:
    """Return whether a message ends a note."""
    return kind_of(data) == NOTE_OFF or (kind_of(data) == NOTE_ON and data[2] == 0)


def note_off(channel: int, pitch: int) -> bytes:
    """Return a note-off message."""
    return bytes((NOTE_OFF | channel, pitch, RELEASE))


def control(channel: int, number: int, value: int) -> bytes:
    """Return a control change message."""
    return bytes((CONTROL | channel, number, value))


def channel_message(data: bytes) -> bytes | None:
    """Return the data if they are a complete channel message, else None.

    A note-on of velocity 0 is returned as a note-off. System messages (SysEx, clock, active
    sensing) and damaged messages give None.
    """
    if not data or LENGTHS.get(kind_of(data)) != len(data) or max(data[1:]) >= STATUS:
        return None
    return note_off(*key_of(data)) if kind_of(data) == NOTE_ON and not data[2] else data


def bend_of(data: bytes) -> int:
    """Return the value of a pitch bend, -8192 to 8191."""
    return data[1] + (data[2] << 7) - BEND_CENTRE


class ByteParser:
    """Extracts channel messages from a raw stream, which may be split anywhere.

    It handles running status (an omitted status byte repeats the last one) and real-time bytes
    inside a message, and skips system messages and data without a status.
    """

    def __init__(self) -> None:
        """Start without a status byte."""
        self._status = 0  # 0 while data bytes are ignored
        self._data: list[int] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that these bytes complete, in order."""
        return [message for byte in data for message in self._feed_byte(byte)]

    def _feed_byte(self, byte: int) -> Iterator[bytes]:
        """Yield the message that a byte completes, if any."""
        if byte >= REAL_TIME:
            return
        if byte >= STATUS:
            self._status = byte if byte < SYSTEM else 0
            self._data = []
        elif self._status:
            self._data.append(byte)
            if len(self._data) + 1 == LENGTHS[self._status & 0xF0]:
                yield bytes((self._status, *self._data))
                self._data = []
