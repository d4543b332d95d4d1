"""Lyrics of karaoke files (.kar): text events, in a track that often has no notes.

Texts that begin with @ are titles and settings. A slash or backslash before a word begins a line or
a paragraph; a space stands before each new word.
"""

from bisect import bisect_left
from collections.abc import Sequence

from muse.tools.song.document import Lyric, TextEncoding, Track
from muse.tools.song.midi_events import TEXT
from muse.tools.song.midi_text import decode

INFORMATION = b"@"  # first character of texts that are not sung
LINE_MARKS = (b"/", b"\\")
MIN_SUNG = 0.5  # share of syllables with a note at their time, of the track that is sung
NEAR_BEATS = 0.13  # between a syllable and its note, a little over a 32nd


def karaoke_lyrics(
    texts: Sequence[tuple[int, int, bytes]], encoding: TextEncoding
) -> list[tuple[int, str]]:
    """Return (tick, text) of the sung texts of a track; nothing if its texts are no lyrics."""
    sung = [(t, text) for t, kind, text in texts if kind == TEXT and text[:1] != INFORMATION]
    if not any(text.startswith(LINE_MARKS) for _, text in sung):
        return []
    return [(tick, decode(text, encoding)) for tick, text in sung]


def with_sung_lyrics(tracks: list[Track], words: Sequence[Track]) -> list[Track]:
    """Give the lyrics of tracks without notes to the tracks that they are sung to.

    A track is sung if at least MIN_SUNG of the syllables have one of its notes at their time; of
    several, the one with the fewest other onsets. Lyrics without such a track keep their own.
    """
    for track in words:
        rated = [(match(track.lyrics, each), each) for each in tracks if is_free(each)]
        sung = max(rated, key=lambda rating: rating[0], default=(0.0, track))[1]
        if sung is track or sung_share(track.lyrics, sung) < MIN_SUNG:
            tracks.append(track)
        else:
            sung.lyrics = track.lyrics
    return tracks


def is_free(track: Track) -> bool:
    """Return whether a track has notes that can be sung, and no lyrics."""
    return bool(track.notes) and not track.is_drum and not track.lyrics


def onsets_of(track: Track) -> list[float]:
    """Return the beats at which notes of a track begin."""
    return sorted({note.start_beats for note in track.notes})


def sung_share(lyrics: Sequence[Lyric], track: Track) -> float:
    """Return the share of syllables that have a note at their time."""
    onsets = onsets_of(track)
    places = [bisect_left(onsets, lyric.beat - NEAR_BEATS) for lyric in lyrics]
    met = [
        place < len(onsets) and onsets[place] <= lyric.beat + NEAR_BEATS
        for place, lyric in zip(places, lyrics, strict=True)
    ]
    return sum(met) / len(lyrics)


def match(lyrics: Sequence[Lyric], track: Track) -> float:
    """Return the F-measure of syllables and onsets, 0 to 1."""
    count = len(lyrics)
    return 2 * count * sung_share(lyrics, track) / (count + len(onsets_of(track)))
