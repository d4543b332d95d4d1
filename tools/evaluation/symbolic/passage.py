"""The measured part of a song: bars, the notes that start in them, and their chords.

Conventions: beats are quarter notes. A note belongs to the bar of its onset rounded to the nearest
sixteenth, so that a note played slightly before a bar line belongs to the next bar. Chords are cut
at bar lines. Notes without pitch (drums) have `pitched` False.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import zip_longest
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.forms.melody import find_melody_track
from muse.tools.errors import ParameterError
from muse.tools.song.document import Chord, Song, Track
from muse.tools.song.meter import Bar, song_bars
from muse.tools.theory.annotate import symbol_or_unknown
from muse.tools.theory.sounding_notes import SHORTEST_BEATS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
TrackChoice = Literal["lead", "all"]

GRID = 4  # steps per quarter note: sixteenths
TRACK_CHOICES: tuple[TrackChoice, ...] = ("lead", "all")


@dataclass(frozen=True)
class Harmony:
    """Meaning of a chord symbol, independent of its spelling; without a chord there is no root."""

    root_pc: int | None
    bass_pc: int | None
    pitch_classes: frozenset[int]


@dataclass(frozen=True)
class ChordPiece:
    """A chord, or the part of it in one bar; `offset` is in beats from the bar's start."""

    bar: int
    offset: float
    duration: float
    harmony: Harmony


@dataclass(frozen=True)
class Passage:
    """Bars of one song; arrays over B bars and over N notes, sorted by onset and pitch.

    Attributes:
        bar_beats: length of each bar, (B,).
        bar_pulses: number of beats in each bar, (B,): two in 6/8.
        bar: index of each note's bar, (N,).
        offset: onset in beats from the bar's start, (N,), 0 or more.
        duration: in beats, above 0, (N,).
        pitch: MIDI number, (N,).
        pitched: False for drums, (N,).
        chords: in order of time.
    """

    bar_beats: Floats
    bar_pulses: Integers
    bar: Integers
    offset: Floats
    duration: Floats
    pitch: Integers
    pitched: Mask
    chords: tuple[ChordPiece, ...]

    @property
    def bars(self) -> int:
        """Number of bars."""
        return len(self.bar_beats)

    @property
    def notes(self) -> int:
        """Number of pitched notes."""
        return int(self.pitched.sum())

    @cached_property
    def bar_start(self) -> Floats:
        """Start of each bar in beats from the first bar, (B,)."""
        return np.cumsum(self.bar_beats) - self.bar_beats

    @cached_property
    def bar_steps(self) -> Integers:
        """Sixteenths in each bar, at least one, (B,)."""
        return count_steps(self.bar_beats, GRID)

    @cached_property
    def step(self) -> Integers:
        """Sixteenth of its bar on which each note starts, (N,)."""
        return np.minimum(
            np.round(self.offset * GRID).astype(np.int64), self.bar_steps[self.bar] - 1
        )

    @cached_property
    def position(self) -> Integers:
        """Sixteenth of the passage on which each note starts, (N,)."""
        before = np.cumsum(self.bar_steps) - self.bar_steps
        position: Integers = before[self.bar] + self.step
        return position

    @property
    def start(self) -> Floats:
        """Onset of each note in beats from the first bar, (N,)."""
        return self.bar_start[self.bar] + self.offset


def count_steps(beats: Floats, grid: int) -> Integers:
    """Return the number of steps in bars of some lengths, at least one."""
    return np.maximum(np.round(beats * grid).astype(np.int64), 1)


def passage_of(song: Song, track: TrackChoice = "all", bars: int | None = None) -> Passage:
    """Return the bars of a song from the first to the last in which a chosen note starts.

    Args:
        song: if it has no notes, all bars that its chords reach.
        track: "lead" for the melody track, "all" for every track.
        bars: largest number of bars; None for all.

    Raises:
        BadInputError: the song has no melody track (for "lead"), or more than song.meter.MAX_BARS
            bars.
        ParameterError: unknown `track`, or `bars` below 1.
    """
    if bars is not None and bars < 1:
        raise ParameterError(f"{bars} bars: at least 1 is needed")
    found = song_bars(song)
    rows = note_rows(chosen_tracks(song, track) if found else [])
    home = home_bars(rows[:, 0], found)
    first, end = (int(home.min()), int(home.max()) + 1) if len(home) else (0, len(found))
    end = end if bars is None else min(end, first + bars)
    inside = (home >= first) & (home < end)
    return build_passage(found[first:end], rows[inside], home[inside] - first, song.chords)


def chosen_tracks(song: Song, track: TrackChoice) -> Sequence[Track]:
    """Return the tracks to measure."""
    if track not in TRACK_CHOICES:
        raise ParameterError(
            f"'{track}' is not a choice of tracks; choose from {', '.join(TRACK_CHOICES)}"
        )
    has_notes = any(each.notes for each in song.tracks)
    return [find_melody_track(song)] if track == "lead" and has_notes else song.tracks


def note_rows(tracks: Sequence[Track]) -> Floats:
    """Return onset, pitch, duration and whether it is pitched of each note, sorted, (N, 4)."""
    rows = sorted(
        (note.start_beats, note.pitch, note.duration_beats, not is_drum)
        for track in tracks
        for is_drum in [track.is_drum or track.role == "drums"]
        for note in track.notes
    )
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def home_bars(start: Floats, bars: Sequence[Bar]) -> Integers:
    """Return the index of the bar of each onset, rounded to the nearest sixteenth, (N,)."""
    lines = np.array([bar.start for bar in bars])
    nearest = np.searchsorted(lines - 0.5 / GRID, start, side="right") - 1
    return np.maximum(nearest, 0)


def build_passage(
    bars: Sequence[Bar], rows: Floats, home: Integers, chords: Sequence[Chord]
) -> Passage:
    """Return the passage of bars, of notes with their bars, and of a song's chords."""
    starts = np.array([bar.start for bar in bars], dtype=np.float64)
    offset = np.maximum(rows[:, 0] - starts[home], 0.0) if len(rows) else np.zeros(0)
    return sort_by_time(
        Passage(
            bar_beats=np.array([bar.length for bar in bars], dtype=np.float64),
            bar_pulses=np.array([bar.pulses for bar in bars], dtype=np.int64),
            bar=home,
            offset=offset,
            duration=np.maximum(rows[:, 2], SHORTEST_BEATS),
            pitch=rows[:, 1].astype(np.int64),
            pitched=rows[:, 3].astype(bool),
            chords=tuple(cut_chords(chords, bars)),
        )
    )


def cut_chords(chords: Sequence[Chord], bars: Sequence[Bar]) -> list[ChordPiece]:
    """Return the chords cut at bar lines and at the next chord; chords outside bars are dropped."""
    lines = np.array([bar.start for bar in bars])
    pieces = []
    following = sorted(chords, key=lambda chord: chord.start_beats)
    for chord, after in zip_longest(following, following[1:]):
        end = chord.start_beats + chord.duration_beats
        end = min(end, after.start_beats) if after else end
        first = max(int(np.searchsorted(lines, chord.start_beats, side="right")) - 1, 0)
        for number in range(first, int(np.searchsorted(lines, end, side="left"))):
            begin = max(chord.start_beats, bars[number].start)
            length = min(end, bars[number].end) - begin
            if length > 0:
                where = begin - bars[number].start
                pieces.append(ChordPiece(number, where, length, parse_harmony(chord.symbol)))
    return pieces


@lru_cache(maxsize=4096)
def parse_harmony(symbol: str) -> Harmony:
    """Return the meaning of a symbol; an unreadable one is no chord."""
    chord = symbol_or_unknown(symbol)
    return Harmony(chord.root_pc, chord.bass_pc, frozenset(chord.pitch_classes))


def sort_by_time(passage: Passage) -> Passage:
    """Return the passage with its notes and chords sorted by time."""
    order = np.lexsort((passage.pitch, passage.offset, passage.bar))
    return replace(
        passage,
        **{
            name: getattr(passage, name)[order]
            for name in ("bar", "offset", "duration", "pitch", "pitched")
        },
        chords=tuple(sorted(passage.chords, key=lambda piece: (piece.bar, piece.offset))),
    )


def shuffle_bars(passage: Passage, rng: np.random.Generator) -> Passage:
    """Return the passage with its bars in random order, which destroys its form.

    The notes of a bar stay together, and so do its chords, but notes and chords are shuffled
    separately: chords end up under other notes. Bars are exchanged only with bars of the same
    length, so that the bar lines stay.
    """
    notes_to, chords_to = (permute_bars(passage, rng) for _ in range(2))
    chords = tuple(replace(each, bar=int(chords_to[each.bar])) for each in passage.chords)
    return sort_by_time(replace(passage, bar=notes_to[passage.bar], chords=chords))


def permute_bars(passage: Passage, rng: np.random.Generator) -> Integers:
    """Return the new index of each bar, (B,)."""
    places = np.arange(passage.bars)
    for length in np.unique(passage.bar_beats):
        alike = np.flatnonzero(passage.bar_beats == length)
        places[alike] = rng.permutation(alike)
    return places
