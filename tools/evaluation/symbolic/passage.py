"""The part of a song that is measured: bars, the notes that start in them, and the chords there.

Conventions: beats are quarter notes. A note belongs to the bar in which its start falls when it is
moved to the nearest sixteenth, so that one played a little ahead of a bar line stays behind it. A
chord that lasts over a bar line is cut there. Notes without pitch (drums) have `pitched` False.
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

GRID = 4  # steps of a quarter note: sixteenths
TRACK_CHOICES: tuple[TrackChoice, ...] = ("lead", "all")


@dataclass(frozen=True)
class Harmony:
    """What a chord symbol means, however it is spelled; no root where it is no chord."""

    root_pc: int | None
    bass_pc: int | None
    pitch_classes: frozenset[int]


@dataclass(frozen=True)
class ChordPiece:
    """A chord, or the part of one that lies in a bar; `offset` in beats from the bar's start."""

    bar: int
    offset: float
    duration: float
    harmony: Harmony


@dataclass(frozen=True)
class Passage:
    """Bars of one song; arrays of B bars and of N notes, the notes in order of start and pitch.

    Attributes:
        bar_beats: length of each bar, (B,).
        bar_pulses: beats that are counted in each bar, (B,): two in 6/8.
        bar: index of the bar in which each note starts, (N,).
        offset: start from the bar's start in beats, (N,), not below 0.
        duration: in beats, above 0, (N,).
        pitch: MIDI number, (N,).
        pitched: whether the pitch means one, (N,).
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
        """How many bars there are."""
        return len(self.bar_beats)

    @property
    def notes(self) -> int:
        """How many pitched notes there are."""
        return int(self.pitched.sum())

    @cached_property
    def bar_start(self) -> Floats:
        """Start of each bar in beats from the first one's, (B,)."""
        return np.cumsum(self.bar_beats) - self.bar_beats

    @cached_property
    def bar_steps(self) -> Integers:
        """Sixteenths in each bar, (B,), one at the least."""
        return steps_of(self.bar_beats, GRID)

    @cached_property
    def step(self) -> Integers:
        """The sixteenth of its bar on which each note starts, (N,)."""
        return np.minimum(
            np.round(self.offset * GRID).astype(np.int64), self.bar_steps[self.bar] - 1
        )

    @cached_property
    def position(self) -> Integers:
        """The sixteenth of the passage on which each note starts, (N,)."""
        before = np.cumsum(self.bar_steps) - self.bar_steps
        position: Integers = before[self.bar] + self.step
        return position

    @property
    def start(self) -> Floats:
        """Start of each note in beats from the first bar's, (N,)."""
        return self.bar_start[self.bar] + self.offset


def steps_of(beats: Floats, grid: int) -> Integers:
    """Steps in bars of so many beats, one at the least."""
    return np.maximum(np.round(beats * grid).astype(np.int64), 1)


def passage_of(song: Song, track: TrackChoice = "all", bars: int | None = None) -> Passage:
    """The bars of a song from the first to the last in which a chosen note starts.

    Args:
        song: any Song; without notes, all bars that its chords reach.
        track: "lead" for the melody's track alone, "all" for every track.
        bars: no more than so many of them; all by default.

    Raises:
        BadInputError: no track of the song is a melody, and "lead" was asked.
        BadInputError: the song has more than song.meter.MAX_BARS bars.
        ParameterError: `track` is neither, or `bars` is not above 0.
    """
    if bars is not None and bars < 1:
        raise ParameterError(f"{bars} bars: at least 1 is needed")
    found = song_bars(song)
    rows = note_rows(chosen_tracks(song, track) if found else [])
    home = home_bars(rows[:, 0], found)
    first, end = (int(home.min()), int(home.max()) + 1) if len(home) else (0, len(found))
    end = end if bars is None else min(end, first + bars)
    inside = (home >= first) & (home < end)
    return build(found[first:end], rows[inside], home[inside] - first, song.chords)


def chosen_tracks(song: Song, track: TrackChoice) -> Sequence[Track]:
    """The tracks that are measured."""
    if track not in TRACK_CHOICES:
        raise ParameterError(f"'{track}': the tracks are one of {', '.join(TRACK_CHOICES)}")
    has_notes = any(each.notes for each in song.tracks)
    return [find_melody_track(song)] if track == "lead" and has_notes else song.tracks


def note_rows(tracks: Sequence[Track]) -> Floats:
    """Start, pitch, duration and whether it is pitched of each note, in order, (N, 4)."""
    rows = sorted(
        (note.start_beats, note.pitch, note.duration_beats, not is_drum)
        for track in tracks
        for is_drum in [track.is_drum or track.role == "drums"]
        for note in track.notes
    )
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def home_bars(start: Floats, bars: Sequence[Bar]) -> Integers:
    """Index of the bar of each start, by its nearest sixteenth, (N,)."""
    lines = np.array([bar.start for bar in bars])
    nearest = np.searchsorted(lines - 0.5 / GRID, start, side="right") - 1
    return np.maximum(nearest, 0)


def build(bars: Sequence[Bar], rows: Floats, home: Integers, chords: Sequence[Chord]) -> Passage:
    """The passage of bars, of notes with the bars they belong to, and of a song's chords."""
    starts = np.array([bar.start for bar in bars], dtype=np.float64)
    offset = np.maximum(rows[:, 0] - starts[home], 0.0) if len(rows) else np.zeros(0)
    return ordered(
        Passage(
            bar_beats=np.array([bar.length for bar in bars], dtype=np.float64),
            bar_pulses=np.array([bar.pulses for bar in bars], dtype=np.int64),
            bar=home,
            offset=offset,
            duration=np.maximum(rows[:, 2], SHORTEST_BEATS),
            pitch=rows[:, 1].astype(np.int64),
            pitched=rows[:, 3].astype(bool),
            chords=tuple(pieces_of(chords, bars)),
        )
    )


def pieces_of(chords: Sequence[Chord], bars: Sequence[Bar]) -> list[ChordPiece]:
    """The chords cut at bar lines and where the next begins; outside the bars they fall away."""
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
                pieces.append(ChordPiece(number, where, length, harmony_of(chord.symbol)))
    return pieces


@lru_cache(maxsize=4096)
def harmony_of(symbol: str) -> Harmony:
    """What a symbol means; one that cannot be read is no chord."""
    chord = symbol_or_unknown(symbol)
    return Harmony(chord.root_pc, chord.bass_pc, frozenset(chord.pitch_classes))


def ordered(passage: Passage) -> Passage:
    """The passage with its notes and chords in order of time."""
    order = np.lexsort((passage.pitch, passage.offset, passage.bar))
    return replace(
        passage,
        **{
            name: getattr(passage, name)[order]
            for name in ("bar", "offset", "duration", "pitch", "pitched")
        },
        chords=tuple(sorted(passage.chords, key=lambda piece: (piece.bar, piece.offset))),
    )


def shuffled(passage: Passage, rng: np.random.Generator) -> Passage:
    """The passage with its bars in another order: what is left of music when its form is gone.

    The notes of each bar stay together, and so do its chords, but the two are moved apart: chords
    then lie under notes that were not written for them. Bars change places with bars of the same
    length only, so that the bar lines stay where they are.
    """
    notes_to, chords_to = (new_places(passage, rng) for _ in range(2))
    chords = tuple(replace(each, bar=int(chords_to[each.bar])) for each in passage.chords)
    return ordered(replace(passage, bar=notes_to[passage.bar], chords=chords))


def new_places(passage: Passage, rng: np.random.Generator) -> Integers:
    """Where each bar goes, (B,)."""
    places = np.arange(passage.bars)
    for length in np.unique(passage.bar_beats):
        alike = np.flatnonzero(passage.bar_beats == length)
        places[alike] = rng.permutation(alike)
    return places
