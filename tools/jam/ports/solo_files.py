"""A melody out of a file, as the messages of a player."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from muse.tools.datasets.forms.melody import MELODY_ROLES
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.jam.events import Message
from muse.tools.jam.midi_bytes import NOTE_ON, control, note_off
from muse.tools.melody.prepare_song import is_melody
from muse.tools.song.document import Song, Track
from muse.tools.song.midi import load_song

log = logging.getLogger("muse")

OFFS, CONTROLS, ONS = range(3)  # the order of what falls together


@dataclass(frozen=True)
class SoloFile:
    """What is played from a file.

    Attributes:
        song: the whole of it; its tempo map is between the messages' s and its beats.
        track: whose notes they are.
        messages: in order, in s from the file's beginning, on channel 0.
    """

    song: Song
    track: Track
    messages: tuple[Message, ...]


def read_solo(path: str | Path, wanted: str | None = None) -> SoloFile:
    """Read the melody of a MIDI file or a Song document.

    Args:
        path: the file; '-' is standard input.
        wanted: a track's number from 1, or a part of its name; None chooses the melody.

    Raises:
        BadInputError: it cannot be read or has no notes to play.
        ParameterError: it has no such track.
    """
    song = load_song(path)
    track = solo_track(song, wanted, str(path))
    return SoloFile(song, track, tuple(messages_of(song, track)))


def solo_track(song: Song, wanted: str | None = None, name: str = "input") -> Track:
    """The track that a player would play: the one wanted, else as `likeliest`; raises as above."""
    pitched = [track for track in song.tracks if track.notes and not track.is_drum]
    if not pitched:
        raise BadInputError(f"{name}: it has no notes to play a solo with")
    if wanted is None:
        return likeliest(pitched, name)
    return named(song.tracks, pitched, wanted, name)


def named(tracks: Sequence[Track], pitched: Sequence[Track], wanted: str, file_name: str) -> Track:
    """The track of a number from 1 on, or with a name; raises ParameterError where none is."""
    numbered = [track for number, track in enumerate(tracks, 1) if str(number) == wanted]
    called = [track for track in tracks if wanted.lower() in track.name.lower()]
    for track in numbered + called:
        if any(track is one for one in pitched):
            return track
    known = [
        f"{number} {track.name}".rstrip()
        for number, track in enumerate(tracks, 1)
        if any(track is one for one in pitched)
    ]
    raise ParameterError(f"{file_name} has no track '{wanted}' with notes; it has {known}")


def likeliest(pitched: Sequence[Track], name: str) -> Track:
    """What is called a melody, else sung or leading, else the highest, with a notice."""
    found = [track for track in pitched if is_melody(track)]
    for role in MELODY_ROLES:
        found += [track for track in pitched if track.role == role]
    if found or len(pitched) == 1:
        return [*found, *pitched][0]
    highest = max(pitched, key=lambda track: fmean(note.pitch for note in track.notes))
    log.info("%s: no track is called a melody; played is the highest, '%s'", name, highest.name)
    return highest


def messages_of(song: Song, track: Track) -> list[Message]:
    """A track's notes and controllers as messages on channel 0, in s, in order."""
    seconds_at = song.tempo_map().seconds_at
    timed: list[tuple[float, int, bytes]] = []
    for note in track.notes:
        end = note.start_beats + note.duration_beats
        timed.append((note.start_beats, ONS, bytes((NOTE_ON, note.pitch, note.velocity))))
        timed.append((end, OFFS, note_off(0, note.pitch)))
    timed += [(c.beat, CONTROLS, control(0, c.number, c.value)) for c in track.controls]
    return [Message(seconds_at(beat), data) for beat, _rank, data in sorted(timed)]
