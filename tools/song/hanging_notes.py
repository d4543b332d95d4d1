"""Find hanging notes, which have a note-on but no note-off; symusic drops them silently.

Note-offs for all keys are appended to each track, so late that no real note lasts until then. A
note that symusic then ends there was hanging. A marker is written before these note-offs; where it
is not read back, the track is damaged and the file is read unchanged.
"""

import numpy as np
from symusic.core import ScoreTick

from muse.tools.song.validation import MAX_TICKS

MIDI_ERRORS = (RuntimeError, ValueError, MemoryError)  # what symusic raises for a broken file
# added after the last chunk: symusic ignores it, and a wrong last length then does no harm
PADDING = bytes(16)
LENGTH_AT = 4  # bytes from the start of a chunk
CHUNK_START = 8  # bytes: four letters and the length
TRACK = b"MTrk"
END_OF_TRACK = b"\xff\x2f\x00"
MARK = "end of what was written"
MARK_EVENT = b"\xff\x06" + bytes([len(MARK)]) + MARK.encode()  # a marker
# one tick, an empty text, then MAX_TICKS ticks: longer than any note of a real piece
LATE = b"\x01\xff\x01\x00\xff\xff\xff\x7f"
NOTE_ON, NOTE_OFF = 0x90, 0x80  # and the channel
CHANNELS = range(16)
ALL_KEYS = b"\x00".join(bytes([key, 0]) for key in range(128))  # key and velocity of note-offs


def score_of(data: bytes) -> tuple[ScoreTick, int]:
    """Parse the bytes of a MIDI file, and count its hanging notes.

    Keys that are struck again while they hang count once; none of their notes is in the score.

    Returns:
        The score without hanging notes, and their number.

    Raises:
        RuntimeError, ValueError, MemoryError: symusic cannot parse the file.
    """
    score = with_hanging_notes(data)
    if score is not None and score.end() > MAX_TICKS:
        return ScoreTick.from_midi(data + PADDING), late_notes(score)
    # symusic may order markers of one time differently when the file has one marker more
    if score is None or len(score.markers):
        return ScoreTick.from_midi(data + PADDING), 0
    return score, 0


def with_hanging_notes(data: bytes) -> ScoreTick | None:
    """Parse a file so that hanging notes last until MAX_TICKS; None if the file is damaged."""
    longer, tracks = with_late_ends(data)
    try:
        score = ScoreTick.from_midi(longer + PADDING)
    except MIDI_ERRORS:
        return None
    marks = [place for place, marker in enumerate(score.markers) if marker.text == MARK]
    if len(marks) != tracks or any(not 0 <= score.markers[m].time <= MAX_TICKS for m in marks):
        return None
    for place in reversed(marks):
        del score.markers[place]
    return score


def with_late_ends(data: bytes) -> tuple[bytes, int]:
    """Append late note-offs to each complete track with notes; return the file and their number."""
    at = CHUNK_START + int.from_bytes(data[LENGTH_AT:CHUNK_START])
    parts, done = [], 0
    while at + CHUNK_START <= len(data):
        start = at + CHUNK_START
        end = start + int.from_bytes(data[at + LENGTH_AT : start])
        is_whole = end <= len(data) and data.endswith(END_OF_TRACK, start, end)
        if data.startswith(TRACK, at) and is_whole and (found := channels_in(data, start, end)):
            body = data[start : end - len(END_OF_TRACK)] + late_ends(found)
            parts.append(data[done : at + LENGTH_AT] + len(body).to_bytes(4) + body)
            done = end
        at = end
    return b"".join([*parts, data[done:]]), len(parts)


def channels_in(data: bytes, start: int, end: int) -> tuple[int, ...]:
    """Return the channels that may have note-ons between two positions of a file."""
    return tuple(c for c in CHANNELS if data.find(NOTE_ON | c, start, end) >= 0)


def late_ends(channels: tuple[int, ...]) -> bytes:
    """Return the bytes that replace END_OF_TRACK: MARK, then note-offs of all keys of channels."""
    offs = [bytes([NOTE_OFF | channel]) + ALL_KEYS for channel in channels]
    return b"\x00".join([MARK_EVENT + LATE + offs[0], *offs[1:], END_OF_TRACK])


def late_notes(score: ScoreTick) -> int:
    """Count the notes of a score that are longer than MAX_TICKS."""
    lengths = (track.notes.numpy()["duration"] for track in score.tracks)
    return sum(int(np.count_nonzero(length > MAX_TICKS)) for length in lengths)
