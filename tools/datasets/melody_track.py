"""The track of a song's melody: the one that a user names, by its name or role, or a good guess."""

import logging
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

import msgspec

from muse.tools.errors import ParameterError
from muse.tools.song.document import Role, Song, Track

log = logging.getLogger("muse")

MARK = "MELODY"  # name of the track that a user chose
BACKING_ROLES: tuple[Role, ...] = ("bass", "pad", "drums")
MIN_NOTES = 4  # of a track that is taken for a melody
MIN_SINGLE = 0.8  # share of notes that begin alone and after the one before
LEGATO_BEATS = 0.13  # overlap of two notes of one line, at most a little over a 32nd
MIN_LENGTH = 0.25  # of the notes' total length, against that of the track with the longest


def with_melody_track(song: Song, wanted: str | None, name: str = "the song") -> Song:
    """Return the song with its melody's track first and named MELODY.

    Args:
        song: of any tracks.
        wanted: number of a track from 1, or part of its name; None returns the song unchanged.
        name: of the song, for messages.

    Raises:
        ParameterError: there is no such track with pitched notes; the message lists the tracks.
    """
    if wanted is None:
        return song
    pitched = [track for track in song.tracks if track.notes and not track.is_drum]
    melody = find_track(song.tracks, pitched, wanted, name)
    others = [track for track in song.tracks if track is not melody]
    return msgspec.structs.replace(
        song, tracks=[msgspec.structs.replace(melody, name=MARK, role="lead"), *others]
    )


def find_track(
    tracks: Sequence[Track], pitched: Sequence[Track], wanted: str, file_name: str
) -> Track:
    """Return the pitched track with a number (from 1) or a part of its name.

    Raises:
        ParameterError: there is none; the message lists the tracks.
    """
    by_number = [track for number, track in enumerate(tracks, 1) if str(number) == wanted]
    by_name = [track for track in tracks if wanted.lower() in track.name.lower()]
    for track in by_number + by_name:
        if any(track is one for one in pitched):
            return track
    names = [
        f"{number} {track.name}".rstrip()
        for number, track in enumerate(tracks, 1)
        if any(track is one for one in pitched)
    ]
    listed = ", ".join(names)
    raise ParameterError(f"{file_name} has no track '{wanted}' with notes; it has {listed}")


def guess_melody(pitched: Sequence[Track]) -> Track | None:
    """Return the track that most likely has the melody; None if no track has single notes.

    It is the highest on average of those that play one note at a time for a good part of the song.
    """
    lengths = [sum(note.duration_beats for note in track.notes) for track in pitched]
    single = [
        track
        for track, length in zip(pitched, lengths, strict=True)
        if track.role not in BACKING_ROLES
        and len(track.notes) >= MIN_NOTES
        and length >= MIN_LENGTH * max(lengths)
        and single_share(track) >= MIN_SINGLE
    ]
    if not single:
        return None
    guess = max(single, key=lambda track: fmean(note.pitch for note in track.notes))
    log.info(
        "no track is named as a melody; using track %s; --melody-track chooses another",
        f"'{guess.name}'" if guess.name else "with the highest single notes",
    )
    return guess


def single_share(track: Track) -> float:
    """Return the share of notes of a track that begin when no other of its notes sounds."""
    notes = sorted(track.notes, key=lambda note: note.start_beats)
    alone = [
        after.start_beats >= before.start_beats + before.duration_beats - LEGATO_BEATS
        and after.start_beats > before.start_beats
        for before, after in pairwise(notes)
    ]
    return (1 + sum(alone)) / len(notes)
