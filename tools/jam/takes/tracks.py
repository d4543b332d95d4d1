"""Messages of a channel as a track of a Song."""

from collections.abc import Iterable, Sequence

from muse.tools.audio.render import DRUM_CHANNEL
from muse.tools.jam.midi_bytes import (
    ALL_SOUND_OFF,
    BEND,
    CONTROL,
    PROGRAM,
    bend_of,
    is_off,
    is_on,
    key_of,
    kind_of,
)
from muse.tools.song.document import Bend, Control, Note, Track
from muse.tools.song.roles import role_of

SHORTEST_BEATS = 1 / 480  # a note that ends where it begins would be none in a file


def track_of(timed: Sequence[tuple[float, bytes]], channel: int, name: str, end: float) -> Track:
    """The messages of one channel, each with its beat, as a track; its program is the first one."""
    programs = [data[1] for _beat, data in timed if kind_of(data) == PROGRAM]
    program, is_drum = (programs[0] if programs else 0), channel == DRUM_CHANNEL
    return Track(
        name=name,
        role=role_of(name, program, is_drum),
        program=program,
        is_drum=is_drum,
        notes=notes_of(timed, end),
        controls=[
            Control(beat, data[1], data[2])
            for beat, data in timed
            if kind_of(data) == CONTROL and data[1] < ALL_SOUND_OFF
        ],
        bends=[Bend(beat, bend_of(data)) for beat, data in timed if kind_of(data) == BEND],
    )


def notes_of(timed: Iterable[tuple[float, bytes]], end: float) -> list[Note]:
    """The notes, by where they begin; one struck again while it sounds ends there."""
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    notes = []

    def stop(key: tuple[int, int], beat: float) -> None:
        if key in sounding:
            start, velocity = sounding.pop(key)
            notes.append(Note(start, max(beat - start, SHORTEST_BEATS), key[1], velocity))

    for beat, data in timed:
        if is_on(data) or is_off(data):
            stop(key_of(data), beat)
        if is_on(data):
            sounding[key_of(data)] = (beat, data[2])
    for key in tuple(sounding):
        stop(key, end)
    return sorted(notes, key=lambda note: (note.start_beats, note.pitch))
