"""MIDI messages as JSON lines, for input and output in pipes.

One object a line, times in s on the session's clock:

    {"time_s": 1.25, "on": 60, "velocity": 90}
    {"time_s": 1.75, "off": 60}
    {"time_s": 2.0, "control": 64, "value": 127}

In input, `time_s` may be left out, which means now; velocity is DEFAULT_VELOCITY by default,
and the channel 0. In output, `part` says what sounds, `channel` is always there, and programs are
{"program": 33}, other messages {"hex": "e00040"}.
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
MAX_LINE_BYTES = 1 << 16  # longer lines are rejected
CHANNELS = 16
Timed = tuple[float | None, bytes]  # time in s, where one is given, and a message


class JsonLines:
    """Parser of a stream that may be split anywhere; invalid lines are logged and ignored."""

    def __init__(self, name: str = "standard input") -> None:
        """Start with line 1; `name` is what warnings call the stream."""
        self._name = name
        self._number = 0
        self._rest = b""

    def feed(self, block: bytes) -> Iterator[Timed]:
        """Yield the messages of the lines that a block completes."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        self._rest = self._rest[: MAX_LINE_BYTES + 1]  # enough to recognize that it is too long
        for line in lines:
            self._number += 1
            if line.strip() and (timed := self._read(line)) is not None:
                yield timed

    def _read(self, line: bytes) -> Timed | None:
        """Parse one line; None, with a warning, where it is invalid."""
        try:
            return parse_line(line)
        except ValueError as error:
            log.warning("%s, line %d is ignored: %s", self._name, self._number, error)
            return None


def parse_line(line: bytes) -> Timed:
    """Return the time and the message of a line.

    Raises:
        ValueError: the line is invalid; the error says why.
    """
    if len(line) > MAX_LINE_BYTES:
        raise ValueError("the line is too long")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    return parse_time(fields), parse_message(fields)


def parse_time(fields: dict[str, Any]) -> float | None:
    """Return the time of an object, or None; raises ValueError for an invalid one."""
    time_s = fields.get("time_s")
    if time_s is None:
        return None
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not isfinite(time_s):
        raise ValueError("time_s is not a number of seconds")
    return float(time_s)


def parse_message(fields: dict[str, Any]) -> bytes:
    """Return the MIDI message of an object; raises ValueError where there is none."""
    channel = parse_integer(fields, "channel", 0, CHANNELS)
    if "on" in fields:
        velocity = parse_integer(fields, "velocity", DEFAULT_VELOCITY)
        return bytes((NOTE_ON | channel, parse_integer(fields, "on"), velocity))
    if "off" in fields:
        return note_off(channel, parse_integer(fields, "off"))
    if "control" in fields:
        return control(channel, parse_integer(fields, "control"), parse_integer(fields, "value"))
    raise ValueError('no "on", "off" or "control"')


def parse_integer(
    fields: dict[str, Any], name: str, default: int | None = None, below: int = STATUS
) -> int:
    """Return an integer from 0 to below a limit; raises ValueError for anything else."""
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < below:
        raise ValueError(f"{name} is not a whole number from 0 to {below - 1}")
    return value


def format_line(message: Message, sources: Mapping[int, str]) -> str:
    """Return a message as a line, with a line break.

    Args:
        message: to write.
        sources: what sounds on each channel.
    """
    channel = message.data[0] & 0x0F
    head = {"time_s": round(message.time_s, 6), "part": sources.get(channel), "channel": channel}
    return json.dumps({**head, **message_fields(message.data)}) + "\n"


def message_fields(data: bytes) -> dict[str, Any]:
    """Return the fields that describe a message."""
    if is_on(data):
        return {"on": data[1], "velocity": data[2]}
    if is_off(data):
        return {"off": data[1]}
    if kind_of(data) == CONTROL:
        return {"control": data[1], "value": data[2]}
    if kind_of(data) == PROGRAM:
        return {"program": data[1]}
    return {"hex": data.hex()}
