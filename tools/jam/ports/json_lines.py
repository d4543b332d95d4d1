"""Messages as JSON lines, both ways, so that a jam can be part of a pipe.

One object a line, times in s on the session's clock:

    {"time_s": 1.25, "on": 60, "velocity": 90}
    {"time_s": 1.75, "off": 60}
    {"time_s": 2.0, "control": 64, "value": 127}

Read, `time_s` may be left out, which means at once; velocity is DEFAULT_VELOCITY where it is not
given, and so is channel 0. Written, `part` says who plays, `channel` is always there, and programs
are {"program": 33}, other messages {"hex": "e00040"}.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from muse.tools.jam.events import Message
from muse.tools.jam.midi_bytes import (
    CONTROL,
    NOTE_ON,
    PROGRAM,
    STATUS,
    control,
    is_off,
    is_on,
    kind_of,
    note_off,
)

log = logging.getLogger("muse")

DEFAULT_VELOCITY = 80
LONGEST_LINE = 1 << 16  # bytes; a longer one is none of ours
CHANNELS = 16
Timed = tuple[float | None, bytes]  # time in s, where one is given, and a message


class JsonLines:
    """Reads lines out of a stream that may be cut anywhere; bad ones are told and passed over."""

    def __init__(self, name: str = "standard input") -> None:
        """Begin with line 1; `name` is what to call the stream in a warning."""
        self._name = name
        self._number = 0
        self._rest = b""

    def feed(self, block: bytes) -> Iterator[Timed]:
        """The messages of the lines that are whole with these bytes."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        self._rest = self._rest[: LONGEST_LINE + 1]  # enough of it to see that it is too long
        for line in lines:
            self._number += 1
            if line.strip() and (timed := self._read(line)) is not None:
                yield timed

    def _read(self, line: bytes) -> Timed | None:
        """One line, or None with a warning."""
        try:
            return read_line(line)
        except ValueError as error:
            log.warning("%s, line %d is left out: %s", self._name, self._number, error)
            return None


def read_line(line: bytes) -> Timed:
    """The message of a line.

    Raises:
        ValueError: it is none; the message says why.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError("it is too long")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    return time_of(fields), message_of(fields)


def time_of(fields: dict[str, Any]) -> float | None:
    """The time of an object; raises ValueError for one that is no time."""
    time_s = fields.get("time_s")
    if time_s is None:
        return None
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not isfinite(time_s):
        raise ValueError("time_s is not a number of seconds")
    return float(time_s)


def message_of(fields: dict[str, Any]) -> bytes:
    """The MIDI message of an object; raises ValueError where there is none."""
    channel = number_of(fields, "channel", 0, CHANNELS)
    if "on" in fields:
        velocity = number_of(fields, "velocity", DEFAULT_VELOCITY)
        return bytes((NOTE_ON | channel, number_of(fields, "on"), velocity))
    if "off" in fields:
        return note_off(channel, number_of(fields, "off"))
    if "control" in fields:
        return control(channel, number_of(fields, "control"), number_of(fields, "value"))
    raise ValueError('it has neither "on" nor "off" nor "control"')


def number_of(
    fields: dict[str, Any], name: str, otherwise: int | None = None, below: int = STATUS
) -> int:
    """A whole number from 0 to below another; raises ValueError for anything else."""
    value = fields.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < below:
        raise ValueError(f"{name} is not a whole number from 0 to {below - 1}")
    return value


def line_of(message: Message, parts: Mapping[int, str]) -> str:
    """A message as a line, with its break.

    Args:
        message: to be written.
        parts: who plays, by channel.
    """
    channel = message.data[0] & 0x0F
    head = {"time_s": round(message.time_s, 6), "part": parts.get(channel), "channel": channel}
    return json.dumps({**head, **fields_of(message.data)}) + "\n"


def fields_of(data: bytes) -> dict[str, Any]:
    """What a message says."""
    if is_on(data):
        return {"on": data[1], "velocity": data[2]}
    if is_off(data):
        return {"off": data[1]}
    if kind_of(data) == CONTROL:
        return {"control": data[1], "value": data[2]}
    if kind_of(data) == PROGRAM:
        return {"program": data[1]}
    return {"hex": data.hex()}
