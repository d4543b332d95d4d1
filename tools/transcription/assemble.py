"""Notes heard in the stems, put on a beat grid as one Song.

Conventions:
    NoteEvents are in seconds of the audio; the Song's beats follow the tempo map, so that the map
    turns each beat back into the second it was heard at. Beats lie on MIDI ticks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.errors import ParameterError
from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Bend, Note, Role, Song, Track
from muse.tools.song.roles import ROLE_PROGRAMS
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription.note_event import NoteEvent

BEATS_PER_WHOLE_NOTE = 4.0
TRIPLET = 2.0 / 3.0  # length of a triplet note against the plain one
GRID = re.compile(r"^1/(1|2|4|8|16|32|64)(t?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """What was heard in one stem.

    Attributes:
        name: the stem's name, which becomes the track's.
        role: what the stem does in the song.
        origin: what the stem was made with.
        notes: in any order; empty for a silent stem.
        bends: (seconds, pitch wheel value from -8192 to 8191) pairs.
        engine: what heard them; empty where there was nothing to hear.
        tuning_cents: of the stem above A440, where its engine tells.
    """

    name: str
    role: Role
    origin: str = ""
    notes: Sequence[NoteEvent] = ()
    bends: Sequence[tuple[float, int]] = ()
    engine: str = ""
    tuning_cents: float = 0.0


def parse_grid(text: str) -> float:
    """The step of a grid like '1/16' or '1/8t' (triplets), in beats.

    Raises:
        ParameterError: not a note value.
    """
    match = GRID.match(text)
    if match is None:
        raise ParameterError(f"'{text}' is not a note value such as 1/16 or 1/8t")
    return BEATS_PER_WHOLE_NOTE / int(match[1]) * (TRIPLET if match[2] else 1.0)


def build_track(
    part: Part, time: TempoMap, *, grid_beats: float | None = None, min_confidence: float = 0.0
) -> Track:
    """One part as a track.

    Args:
        part: what was heard.
        time: seconds to beats.
        grid_beats: snap starts and ends to multiples of this; None keeps the played timing.
        min_confidence: leave out notes below it, in [0, 1].
    """
    heard = sorted(note for note in part.notes if note.confidence >= min_confidence)
    notes = [place(note, time, grid_beats) for note in heard]
    return Track(
        name=part.name,
        role=part.role,
        program=ROLE_PROGRAMS[part.role],
        is_drum=part.role == "drums",
        notes=notes,
        bends=[
            Bend(ticks_at(time.beat_at(second)) / DEFAULT_TICKS_PER_BEAT, value)
            for second, value in part.bends
        ],
        confidence=[round(note.confidence, 3) for note in heard],
    )


def place(note: NoteEvent, time: TempoMap, grid_beats: float | None) -> Note:
    """A note in seconds as a note in beats, at least a tick or a step of the grid long."""
    step = grid_beats or 1.0 / DEFAULT_TICKS_PER_BEAT
    start_beats = max(snap(time.beat_at(note.onset_s), step), 0.0)
    end_beats = max(snap(time.beat_at(note.offset_s), step), start_beats + step)
    start, end = ticks_at(start_beats), ticks_at(end_beats)
    length = (end - start) / DEFAULT_TICKS_PER_BEAT
    return Note(start / DEFAULT_TICKS_PER_BEAT, length, note.pitch, note.velocity)


def snap(beat: float, step: float) -> float:
    """The nearest multiple of a step."""
    return round(beat / step) * step


def ticks_at(beat: float) -> int:
    """The MIDI tick nearest to a beat, 0 or later."""
    return round(max(beat, 0.0) * DEFAULT_TICKS_PER_BEAT)


def one_part(song: Song, name: str) -> Song:
    """The song with one track, and all that is not a track."""
    kept = [track for track in song.tracks if track.name == name]
    return Song(
        ticks_per_beat=song.ticks_per_beat,
        tempos=song.tempos,
        meters=song.meters,
        keys=song.keys,
        tracks=kept,
    )
