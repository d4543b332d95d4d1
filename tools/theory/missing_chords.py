"""Chords for songs in which none are written, detected from their notes."""

import msgspec

from muse.tools.song.document import Song


def add_missing_chords(song: Song) -> Song:
    """Return the song itself if it has chords or no pitched notes, else with detected chords.

    Uses `chord_finding.find_chords`, which is imported only if it is needed.
    """
    if song.chords or not any(track.notes and not track.is_drum for track in song.tracks):
        return song
    from muse.tools.theory.chord_finding import find_chords

    return msgspec.structs.replace(song, chords=find_chords(song))
