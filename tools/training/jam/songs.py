"""Songs as sessions: the melody is the player, the annotated chords are the truth.

Conventions: a session starts with the bar in which the melody begins, and ends with the annotated
chords; beats are counted from there. Its meter is the one that holds longest: bars of another
length are not compensated for, as they are not in a live session.
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

MELODY, PIANO = "MELODY", "PIANO"  # names of tracks: the vocal melody, and both hands of a pianist
EPSILON = 1e-6  # beats
NO_TRIAD = -1  # for beats without a chord, or with one that has no triad


@dataclass(frozen=True)
class JamSong:
    """A song as a session.

    Attributes:
        name: of the song.
        meter: of all its bars.
        notes: of the player, by onset.
        triads: (beats,), the annotated triad of each beat, with absolute roots; NO_TRIAD for none.
        keys: the annotated keys, the first from beat 0 on.
        bpm: quarter notes per minute at the start.
    """

    name: str
    meter: Meter
    notes: tuple[SoloNote, ...]
    triads: NDArray[np.int64]
    keys: tuple[Key, ...]
    bpm: float

    def key_at(self, beat: float) -> Tonality:
        """Return the annotated key at a beat."""
        position = bisect_right([key.beat for key in self.keys], beat + EPSILON) - 1
        return tonality_of(self.keys[max(position, 0)])

    @property
    def bar(self) -> float:
        """Length of a bar in beats."""
        return bar_beats(self.meter)


def read_jam_song(folder: Path, track: str = MELODY) -> JamSong | None:
    """Read a folder of POP909; None where it has no chords, or no notes in the track.

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
    """Return the bar line at or before a beat, by the annotated meters."""
    meter = [each for each in song.meters if each.beat <= beat + EPSILON][-1]
    bar = bar_beats(meter)
    return round(meter.beat + floor((beat - meter.beat + EPSILON) / bar) * bar)


def triads_by_beat(song: Song, origin: int) -> NDArray[np.int64]:
    """Return the annotated triad of each beat from the origin on."""
    end = max(chord.start_beats + chord.duration_beats for chord in song.chords)
    found = np.full(max(round(end) - origin, 0), NO_TRIAD)
    for chord in song.chords:
        triad = triad_of_symbol(parse_chord(chord.symbol))
        begin = max(round(chord.start_beats) - origin, 0)
        until = max(round(chord.start_beats + chord.duration_beats) - origin, 0)
        found[begin:until] = NO_TRIAD if triad is None else triad
    return found


def read_jam_songs(root: Path, names: Iterable[str], track: str = MELODY) -> list[JamSong]:
    """Read the songs of POP909 with these names that have the track and chords, in order.

    Raises:
        BadInputError: there are none.
    """
    folders = [root / name for name in sorted(names)]
    found = [read_jam_song(folder, track) for folder in folders if is_pop909(folder)]
    songs = [song for song in found if song is not None]
    if not songs:
        raise BadInputError(f"{root}: contains none of the requested songs")
    return songs


class SongPlayer:
    """Plays a song's melody into a Solo, up to a given beat."""

    def __init__(self, song: JamSong) -> None:
        """Start before the first note."""
        self.solo = Solo()
        starts = [(note.start_beat, 1, note) for note in song.notes]
        ends = [(note.end_beat or 0.0, 0, note) for note in song.notes]
        self.events = sorted(starts + ends, key=lambda event: event[:2])
        self.index = 0

    def play_until(self, beat: float) -> Solo:
        """Play all onsets and offsets up to a beat."""
        while self.index < len(self.events) and self.events[self.index][0] <= beat:
            at, begins, note = self.events[self.index]
            if begins:
                self.solo.note_on(note.pitch, note.velocity, at)
            else:
                self.solo.note_off(note.pitch, at)
            self.index += 1
        return self.solo


def is_for_test(name: str) -> bool:
    """Return whether a song is reserved for tests, by its number in the set."""
    return int(name) % 5 == 0


def silent_beats(song: JamSong) -> NDArray[np.bool_]:
    """Return the beats in whose bar no melody note sounds, (beats,)."""
    lines = np.arange(0.0, len(song.triads) + song.bar, song.bar)
    silent = np.ones(len(song.triads), bool)
    for start, end in pairwise(lines):
        if any(n.start_beat < end and (n.end_beat or 0.0) > start for n in song.notes):
            silent[floor(start) : floor(end)] = False
    return silent
