"""References for the melody benchmark: excerpts of real songs, random chord tones, and an n-gram.

Conventions: an excerpt begins with the melody's first bar, at beat 0, and holds only the melody,
its chords, key, meter and tempo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_songs import with_chords_and_keys
from muse.tools.datasets.forms.melody import find_melody_track
from muse.tools.datasets.harmony_columns import key_at
from muse.tools.datasets.melody_events import PITCHES, quantize_melody
from muse.tools.datasets.melody_songs import MelodyContext, MelodySong
from muse.tools.evaluation.symbolic.passage import home_bars, note_rows
from muse.tools.melody.columns import DURATIONS, INTERVALS, LARGEST_LEAP, interval_id
from muse.tools.melody.model import NotePrediction
from muse.tools.melody.ngram_model import (
    FIRST_FROM,
    LONGEST_CONTEXT,
    MelodyNgram,
    Tables,
    corpus_contexts,
    count_note,
    empty_tables,
    song_contexts,
)
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track
from muse.tools.song.meter import song_bars
from muse.tools.theory.annotate import symbol_or_unknown

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Runs = tuple[Integers, Hashes]  # start positions, and hashes of the content

MELODY = "Melody"
TOLERANCE = 1e-6  # beats
PRIME = np.uint64(1_099_511_628_211)  # for hashes of runs (FNV)


def excerpt(song: Song, bars: int) -> Song:
    """Return the first bars of a song's melody."""
    song = with_chords_and_keys(song)
    melody = find_melody_track(song)
    found = song_bars(song)
    rows = note_rows([melody])
    home = home_bars(rows[:, 0], found)
    first = int(home.min())
    last = min(int(home.max()), first + bars - 1)
    start, end = found[first].start, found[last].end
    inside = (home >= first) & (home <= last)
    notes = [
        Note(max(float(begin) - start, 0.0), float(min(length, end - begin)), int(pitch), 80)
        for begin, pitch, length, _ in rows[inside]
    ]
    return Song(
        ticks_per_beat=song.ticks_per_beat,
        tempos=[Tempo(0.0, song.tempo_map().bpm_at(start))],
        meters=meters_between(song.meters, start, end),
        keys=keys_between(song.keys, start, end),
        chords=chords_between(song.chords, start, end),
        tracks=[Track(MELODY, "lead", notes=notes)],
    )


def meters_between(meters: Sequence[Meter], start: float, end: float) -> list[Meter]:
    """Return the meter at the start, and those that follow."""
    before = [each for each in meters if each.beat <= start + TOLERANCE]
    there = [msgspec.structs.replace(before[-1], beat=0.0)] if before else [Meter(0.0, 4, 4)]
    later = [each for each in meters if start + TOLERANCE < each.beat < end]
    return there + [msgspec.structs.replace(each, beat=each.beat - start) for each in later]


def keys_between(keys: Sequence[Key], start: float, end: float) -> list[Key]:
    """Return the key at the start, and those that follow."""
    later = [key for key in keys if start + TOLERANCE < key.beat < end]
    there = msgspec.structs.replace(key_at(keys, start), beat=0.0)
    return [there, *(msgspec.structs.replace(key, beat=key.beat - start) for key in later)]


def chords_between(chords: Sequence[Chord], start: float, end: float) -> list[Chord]:
    """Return the chords between two beats, cut at both ends."""
    found = []
    for chord in chords:
        begin = max(chord.start_beats, start)
        stop = min(chord.start_beats + chord.duration_beats, end)
        if stop - begin > TOLERANCE:
            found.append(
                msgspec.structs.replace(
                    chord, start_beats=begin - start, duration_beats=stop - begin
                )
            )
    return found


def without_melody(song: Song) -> Song:
    """Return the song without its tracks."""
    return msgspec.structs.replace(song, tracks=[])


def chord_tones(song: Song, rng: np.random.Generator) -> Song:
    """Replace the melody's pitches by random chord tones within the melody's range.

    Without a chord, any pitch of that range is possible.
    """
    notes = song.tracks[0].notes
    low, high = min(note.pitch for note in notes), max(note.pitch for note in notes)
    starts = [chord.start_beats for chord in song.chords]
    tones = [frozenset(symbol_or_unknown(chord.symbol).pitch_classes) for chord in song.chords]
    replaced = []
    for note in notes:
        place = int(np.searchsorted(starts, note.start_beats + TOLERANCE, side="right")) - 1
        members = tones[place] if place >= 0 else frozenset()
        allowed = [p for p in range(low, high + 1) if p % 12 in members or not members]
        pitch = int(rng.choice(allowed or [low]))
        replaced.append(msgspec.structs.replace(note, pitch=pitch))
    return msgspec.structs.replace(song, tracks=[Track(MELODY, "lead", notes=replaced)])


def moves_of(song: Song, bars: int) -> Integers:
    """Return interval and advance, in steps, between successive notes of the melody's first bars.

    Returns:
        Shape (notes - 1, 2).
    """
    if not any(track.notes for track in song.tracks):
        return np.zeros((0, 2), np.int64)
    notes = quantize_melody(find_melody_track(excerpt(song, bars)).notes)
    pitch, start = ([getattr(note, name) for note in notes] for name in ("pitch", "start"))
    return np.stack([np.diff(pitch), np.diff(start)], axis=1).astype(np.int64)


def moves_of_arrays(song: MelodySong) -> Integers:
    """Return the same for a song as arrays."""
    pitch, advance = song.pitch.astype(np.int64), song.advance.astype(np.int64)
    return np.stack([np.diff(pitch), advance[:-1]], axis=1)


def longest_shared(tested: Sequence[Integers], known: Sequence[Integers]) -> list[int]:
    """Return the length of the longest run of moves that each melody shares with a known one."""
    ids = np.unique(np.concatenate([*tested, *known]), axis=0, return_inverse=True)[1].reshape(-1)
    parts = np.split(ids, np.cumsum([len(each) for each in [*tested, *known]])[:-1])
    # a unique id after each melody, so that no run continues into the next
    separators = range(len(ids), len(ids) + len(parts))
    separated = [np.append(part, mark) for part, mark in zip(parts, separators, strict=True)]
    own, others = (
        np.concatenate(group).astype(np.uint64) + np.uint64(1)
        for group in (separated[: len(tested)], separated[len(tested) :])
    )
    owner = np.repeat(np.arange(len(tested)), [len(each) + 1 for each in tested])
    longest = np.zeros(len(tested), np.int64)
    runs = [(np.arange(len(row)), np.zeros_like(row)) for row in (own, others)]
    for length in range(1, len(own) + 1):
        runs = [extend_runs(run, row, length) for run, row in zip(runs, (own, others), strict=True)]
        (own_start, own_hash), (start, known_hash) = runs
        # longer shared runs consist of shared runs
        shared, shared_known = np.isin(own_hash, known_hash), np.isin(known_hash, own_hash)
        if not shared.any():
            break
        runs = [
            (own_start[shared], own_hash[shared]),
            (start[shared_known], known_hash[shared_known]),
        ]
        longest[np.unique(owner[own_start[shared]])] = length
    return [int(each) for each in longest]


def extend_runs(run: Runs, row: Hashes, length: int) -> Runs:
    """Return the runs extended by one move, without those that end the row."""
    start, hashed = (each[run[0] + length <= len(row)] for each in run)
    return start, hashed * PRIME + row[start + length - 1]


@dataclass
class Past:
    """The n-gram's state in a song: counts of the song, and its last notes."""

    tables: Tables = field(default_factory=empty_tables)
    notes: list[tuple[int, int]] = field(default_factory=list)  # latest first


@dataclass(frozen=True)
class NgramPrediction:
    """Return the length of the longest run of moves that each melody shares with known ones."""

    model: MelodyNgram
    place: Mapping[str, int]
    past: Past
    before: int = FIRST_FROM
    held: int = len(DURATIONS)

    def pitches(self) -> Floats:
        """Return the probability of each pitch in the common key, (128,)."""
        intervals = self.probabilities(0, (0, 0, 0))
        odds = np.zeros(PITCHES)
        pitches = self.before + np.arange(INTERVALS) - LARGEST_LEAP
        inside = (pitches >= 0) & (pitches < PITCHES)
        odds[pitches[inside]] = intervals[inside]
        return odds / odds.sum()

    def advances(self, pitch: int) -> Floats:
        """Return the probability of each of columns.ADVANCES."""
        return self.probabilities(1, (interval_id(pitch, self.before), 0, 0))

    def durations(self, pitch: int, advance: int) -> Floats:
        """Return the probability of each of columns.DURATIONS."""
        return self.probabilities(2, (interval_id(pitch, self.before), advance, 0))

    def probabilities(self, part: int, symbols: tuple[int, int, int]) -> Floats:
        """Return the probabilities of one of PARTS, given the symbols before it."""
        corpus, song = self.contexts(symbols)
        p = self.model.predict(part, corpus[part])
        if self.model.escape is not None:
            for counts in self.past.tables[part].seen(song[part]):
                p = counts.interpolated(p, self.model.escape)
        return p

    def contexts(self, symbols: tuple[int, int, int]) -> tuple[Any, Any]:
        """Return the contexts in the corpus and in the song, as in `ngram_model.counted_notes`."""
        at = (self.place["place"], self.place["root"], self.place["quality"])
        corpus = corpus_contexts(self.before, at, self.past.notes, self.held, symbols)
        return corpus, song_contexts(self.past.notes, symbols)

    def after(
        self, note: Mapping[str, int], place: Mapping[str, int], bar: int
    ) -> "NgramPrediction":
        """Return the prediction after one more note."""
        interval = interval_id(note["pitch"], self.before)
        symbols = (interval, note["advance"], note["duration"])
        count_note(self.past.tables, symbols, self.contexts(symbols)[1])
        notes = [(interval, note["advance"]), *self.past.notes[: LONGEST_CONTEXT - 1]]
        past = Past(self.past.tables, notes)
        return replace(self, place=place, past=past, before=note["pitch"], held=note["duration"])


@dataclass(frozen=True)
class NgramModel:
    """The n-gram as a melody model for the engine."""

    ngram: MelodyNgram
    name: str = "ngram"
    hash: str | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    def start(self, context: MelodyContext, place: Mapping[str, int]) -> NotePrediction:
        """Return the prediction before the first note."""
        return NgramPrediction(self.ngram, place, Past())
