"""Notes of a MIDI file that nothing ends: symusic drops them without a word.

They are found by what comes of ending them: behind the last event of each track, note-offs of all
its keys are written, so late that no note of a piece of music lasts until then. A mark goes before
these; where it is not read back the track was damaged, and the file is read as it is.
"""

import numpy as np
from symusic.core import ScoreTick

from muse.tools.song.validation import MAX_TICKS

MIDI_ERRORS = (RuntimeError, ValueError, MemoryError)  # what symusic raises for a broken file
# bytes after the last chunk, which symusic ignores: a wrong length there cannot lead it astray
PADDING = bytes(16)
LENGTH_AT = 4  # bytes from the start of a chunk
CHUNK_START = 8  # bytes: four letters and the length
TRACK = b"MTrk"
END_OF_TRACK = b"\xff\x2f\x00"
MARK = "end of what was written"
MARK_EVENT = b"\xff\x06" + bytes([len(MARK)]) + MARK.encode()  # a marker
# a wait of one tick, an empty text, a wait of MAX_TICKS: longer than a note of any piece
LATE = b"\x01\xff\x01\x00\xff\xff\xff\x7f"
NOTE_ON, NOTE_OFF = 0x90, 0x80  # and the channel
CHANNELS = range(16)
ALL_KEYS = b"\x00".join(bytes([key, 0]) for key in range(128))  # with their velocities


def score_of(data: bytes) -> tuple[ScoreTick, int]:
    """The bytes of a MIDI file as a score, and how many keys it holds down for ever.

    A note of theirs is not in the score, or several, if such a key is struck again.

    Raises:
        RuntimeError, ValueError, MemoryError: symusic cannot make sense of them.
    """
    score = with_endless_notes(data)
    if score is not None and score.end() > MAX_TICKS:
        return ScoreTick.from_midi(data + PADDING), late_notes(score)
    # markers of one time are in any order, and in another one if the file has one more of them
    if score is None or len(score.markers):
        return ScoreTick.from_midi(data + PADDING), 0
    return score, 0


def with_endless_notes(data: bytes) -> ScoreTick | None:
    """A score in which a key held down for ever has a note until MAX_TICKS; None of damage."""
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
    """A MIDI file with late note-offs in every whole track with notes, and how many these are."""
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
    """The channels whose note-ons may be in a part of a file, and perhaps others."""
    return tuple(c for c in CHANNELS if data.find(NOTE_ON | c, start, end) >= 0)


def late_ends(channels: tuple[int, ...]) -> bytes:
    """The end of a track, in place of END_OF_TRACK: MARK, and note-offs of some channels' keys."""
    offs = [bytes([NOTE_OFF | channel]) + ALL_KEYS for channel in channels]
    return b"\x00".join([MARK_EVENT + LATE + offs[0], *offs[1:], END_OF_TRACK])


def late_notes(score: ScoreTick) -> int:
    """How many notes of a score last longer than MAX_TICKS."""
    lengths = (track.notes.numpy()["duration"] for track in score.tracks)
    return sum(int(np.count_nonzero(length > MAX_TICKS)) for length in lengths)
