"""Which MIDI files symusic reads right; the others are read by `midi_careful.py`.

The bytes are searched, not parsed, so that a check takes less time than symusic. A time or a text
may look like an event; such a file is then read carefully without need.
"""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from muse.tools.song.midi_channels import BANK_SELECT, GM2_RHYTHM_BANK, GS_HEAD, XG_HEAD
from muse.tools.song.midi_container import MIDI_MAGIC
from muse.tools.song.midi_events import (
    BEND,
    CHUNK_START,
    CONTROL,
    FIRST_STATUS,
    HEADER_BYTES,
    NOTE_ON,
    PACKET,
    PROGRAM,
    SYSEX,
    TRACK,
    is_name,
)

END_OF_TRACK = b"\xff\x2f\x00"
HEADER = MIDI_MAGIC + HEADER_BYTES.to_bytes(4)
PLAIN_TYPES = (0, 1)
OTHER_PORT = re.compile(rb"\xff\x21\x01[^\0]")
KARAOKE_TEXT = re.compile(rb"\xff\x01.{1,2}(@[KLTVIW]|[/\\])", re.DOTALL)
CHANNELS = 16


def is_plain(data: bytes) -> bool:
    """Return whether symusic can be trusted with the bytes of a MIDI file."""
    if not data.startswith(HEADER) or int.from_bytes(data[8:10]) not in PLAIN_TYPES:
        return False
    starts = track_starts(data)
    return (
        starts is not None
        # ticks per quarter note, not parts of video frames
        and 0 < int.from_bytes(data[12:14]) < FIRST_STATUS << 8
        and not OTHER_PORT.search(data)
        and not KARAOKE_TEXT.search(data)
        and has_plain_sysex(data)
        and has_plain_channels(np.frombuffer(data, np.uint8), starts)
    )


def track_starts(data: bytes) -> NDArray[np.int64] | None:
    """Return where the tracks begin; None if a chunk is not whole, or a track has no end."""
    starts = []
    at = CHUNK_START + HEADER_BYTES
    while at < len(data):
        end = at + CHUNK_START + int.from_bytes(data[at + 4 : at + CHUNK_START])
        if end > len(data) or not is_name(data[at : at + 4]):
            return None
        if data.startswith(TRACK, at):
            if not data.endswith(END_OF_TRACK, at, end):
                return None
            starts.append(at)
        at = end
    return np.array(starts) if starts else None


def has_plain_sysex(data: bytes) -> bool:
    """Return whether SysEx messages are whole, leave no running status, and name no drums."""
    ends = set()
    for at in event_starts(data, SYSEX):
        length, body = quantity_at(data, at + 1)
        end = body + length
        _, following = quantity_at(data, end)
        if data[end - 1 : end] != bytes([PACKET]) or data[following : following + 1] < b"\x80":
            return False
        if GS_HEAD in data[body:end] or XG_HEAD in data[body:end]:
            return False
        ends.add(end - 1)
    return ends.issuperset(event_starts(data, PACKET))


def event_starts(data: bytes, status: int) -> Iterator[int]:
    """Yield the positions of a status byte behind what may be the last byte of a time."""
    letter = bytes([status])
    at = data.find(letter, 1)
    while at >= 0:
        if data[at - 1] < FIRST_STATUS:
            yield at
        at = data.find(letter, at + 1)


def quantity_at(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and the position behind it."""
    value = 0
    for place in range(at, min(at + 4, len(data))):
        value = value << 7 | data[place] & 0x7F
        if data[place] < FIRST_STATUS:
            return value, place + 1
    return value, at + 4


def has_plain_channels(data: NDArray[np.uint8], starts: NDArray[np.int64]) -> bool:
    """Return whether each channel is played by one track, which has one program, before its notes.

    Tracks may share a channel on which there are notes only.
    """
    is_data = data < FIRST_STATUS
    kinds = data >> 4
    behind = np.flatnonzero(is_data[:-3] & ~is_data[1:-2] & is_data[2:-1]) + 1
    behind = behind[behind >= starts[0]]
    behind = behind[behind > starts[np.searchsorted(starts, behind, "right") - 1] + CHUNK_START]
    two = is_data[behind + 2]
    notes = behind[(kinds[behind] == NOTE_ON) & two]
    controls = behind[(kinds[behind] == CONTROL) & two]
    programs = behind[kinds[behind] == PROGRAM]
    states = np.concatenate([controls, programs, behind[(kinds[behind] == BEND) & two]])
    if np.any((data[controls + 1] == BANK_SELECT) & (data[controls + 2] == GM2_RHYTHM_BANK)):
        return False
    note_tracks, state_tracks = (tracks_by_channel(data, each, starts) for each in (notes, states))
    for channel, tracks in note_tracks.items():
        others = state_tracks.get(channel, set())
        if others - tracks or (others and len(tracks) > 1):
            return False
    first = {int(data[at]) % CHANNELS: int(at) for at in notes[::-1]}
    return all(at < first.get(int(data[at]) % CHANNELS, at + 1) for at in programs.tolist())


def tracks_by_channel(
    data: NDArray[np.uint8], places: NDArray[np.int64], starts: NDArray[np.int64]
) -> dict[int, set[int]]:
    """Return the tracks that have one of the events at some positions, by channel."""
    tracks = np.searchsorted(starts, places, "right") - 1
    found: dict[int, set[int]] = {}
    for code in np.unique(tracks * CHANNELS + data[places] % CHANNELS).tolist():
        found.setdefault(code % CHANNELS, set()).add(code // CHANNELS)
    return found
