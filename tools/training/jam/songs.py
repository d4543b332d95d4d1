"""Songs as sessions: the melody as the player, the annotated chords as what is to be found.

Conventions: a session begins with the bar in which the melody begins, and ends with the annotated
chords; beats are counted from there. Its metre is the one that holds longest: bars that the song
has more or less of are not made up for, as a player's are not.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_songs import longest_meter
from muse.tools.datasets.pop909 import is_pop909, read_pop909
from muse.tools.errors import BadInputError
from muse.tools.jam.events import SoloNote
from muse.tools.jam.harmony.beat_features import triad_of_symbol
from muse.tools.jam.solo import Solo
from muse.tools.song.document import Key, Meter, Song
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import Tonality, tonality_of

MELODY, PIANO = "MELODY", "PIANO"  # names of tracks: what is sung, and both hands of a pianist
TOUCH = 1e-6  # beats: times that mean the same
NO_TRIAD = -1  # beats without a chord, or with one that has no triad


@dataclass(frozen=True)
class JamSong:
    """A song as a session.

    Attributes:
        name: of the song.
        meter: of all its bars.
        notes: the player's, by start.
        triads: (beats,) what is annotated in each beat, with absolute roots; NO_TRIAD where none.
        keys: the annotated keys, the first from beat 0 on.
        bpm: quarter notes a minute at the start.
    """

    name: str
    meter: Meter
    notes: tuple[SoloNote, ...]
    triads: NDArray[np.int64]
    keys: tuple[Key, ...]
    bpm: float

    def key_at(self, beat: float) -> Tonality:
        """The annotated key."""
        place = bisect_right([key.beat for key in self.keys], beat + TOUCH) - 1
        return tonality_of(self.keys[max(place, 0)])

    @property
    def bar(self) -> float:
        """Length of a bar in beats."""
        return bar_beats(self.meter)


def read_jam_song(folder: Path, track: str = MELODY) -> JamSong | None:
    """A folder of POP909 as a session; None where it has no chords, or nothing in the track.

    Raises:
        BadInputError: a file cannot be read.
    """
    song = read_pop909(folder)
    played = [each.notes for each in song.tracks if each.name == track and each.notes]
    if not played or not song.chords:
        return None
    meter = longest_meter(song)
    ordered = sorted(played[0], key=lambda note: (note.start_beats, note.pitch))
    origin = bar_line_before(song, ordered[0].start_beats)
    notes = tuple(
        SoloNote(note.pitch, note.velocity, note.start_beats - origin, end - origin)
        for note in ordered
        if (end := note.start_beats + note.duration_beats) > note.start_beats
    )
    keys = tuple(Key(key.beat - origin, key.tonic_pc, key.mode) for key in song.keys)
    return JamSong(
        folder.name, meter, notes, triads_by_beat(song, origin), keys, song.tempos[0].bpm
    )


def bar_line_before(song: Song, beat: float) -> int:
    """The bar line at or before a beat, by the annotated metres."""
    meter = [each for each in song.meters if each.beat <= beat + TOUCH][-1]
    bar = bar_beats(meter)
    return round(meter.beat + floor((beat - meter.beat + TOUCH) / bar) * bar)


def triads_by_beat(song: Song, origin: int) -> NDArray[np.int64]:
    """The annotated triad of each beat from the origin on."""
    end = max(chord.start_beats + chord.duration_beats for chord in song.chords)
    found = np.full(max(round(end) - origin, 0), NO_TRIAD)
    for chord in song.chords:
        triad = triad_of_symbol(parse_chord(chord.symbol))
        begin = max(round(chord.start_beats) - origin, 0)
        until = max(round(chord.start_beats + chord.duration_beats) - origin, 0)
        found[begin:until] = NO_TRIAD if triad is None else triad
    return found


def read_jam_songs(root: Path, names: Iterable[str], track: str = MELODY) -> list[JamSong]:
    """The songs of POP909 with these names that have that track and chords, in order.

    Raises:
        BadInputError: none is there.
    """
    folders = [root / name for name in sorted(names)]
    found = [read_jam_song(folder, track) for folder in folders if is_pop909(folder)]
    songs = [song for song in found if song is not None]
    if not songs:
        raise BadInputError(f"{root}: none of the songs asked for is in it")
    return songs


class Player:
    """Plays a song's melody into a Solo, no further than a beat may know."""

    def __init__(self, song: JamSong) -> None:
        """Begin."""
        self.solo = Solo()
        starts = [(note.start_beat, 1, note) for note in song.notes]
        ends = [(note.end_beat or 0.0, 0, note) for note in song.notes]
        self.coming = sorted(starts + ends, key=lambda event: event[:2])
        self.place = 0

    def play_until(self, beat: float) -> Solo:
        """All that begins or ends up to a beat."""
        while self.place < len(self.coming) and self.coming[self.place][0] <= beat:
            at, begins, note = self.coming[self.place]
            if begins:
                self.solo.note_on(note.pitch, note.velocity, at)
            else:
                self.solo.note_off(note.pitch, at)
            self.place += 1
        return self.solo


def is_for_test(name: str) -> bool:
    """Whether nothing may be learnt from a song, by its number in the set."""
    return int(name) % 5 == 0


def silent_beats(song: JamSong) -> NDArray[np.bool_]:
    """Where nothing of the melody sounds in the whole bar of a beat, (beats,)."""
    lines = np.arange(0.0, len(song.triads) + song.bar, song.bar)
    silent = np.ones(len(song.triads), bool)
    for start, end in pairwise(lines):
        if any(n.start_beat < end and (n.end_beat or 0.0) > start for n in song.notes):
            silent[floor(start) : floor(end)] = False
    return silent
