"""The chord model that counts: which chord, how long and over which bass, by style and mode.

Chords come from a trigram (ngrams.py) of the style's songs in the mode, moved to a common tonic,
under the counts of the progression so far. How long a chord lasts is counted by metre and place in
the bar, then by the chord; its bass by the chord, then by the chord before it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.events import (
    DURATIONS,
    FIRST_TARGET_ID,
    MODES,
    STYLES,
    VOCABULARY_SIZE,
    Context,
    moved_ids,
    shifted_ids,
)
from muse.tools.chords.model import Floats, Step
from muse.tools.chords.ngrams import AdaptiveNgram, CorpusNgram, Counts
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.vocabulary import START_ID
from muse.tools.trained_weights import trained_weights

if TYPE_CHECKING:
    from muse.tools.chords.song_arrays import ChordSong

NAME = "ngram"
WEIGHTS = "chord-ngram"
LONGEST_PAST = 128  # chords that are looked back on
SONG_ESCAPE = 8.0  # weight of the corpus against what the progression did so far
CHORD_ESCAPE, PLACE_ESCAPE, BASS_ESCAPE = 4.0, 1.0, 3.0  # weights of what a count falls back on
PLACES_IN_BEAT = 2  # places in the bar are told apart by eighths
ROOT_BASS = 0.97  # probability that a chord nobody has seen stands on its root

Key = tuple[int, ...]
Rows = NDArray[np.int16]


@dataclass
class Tables:
    """Counts by key; `of[key].of[value]` is how often the value came."""

    of: dict[Key, Counts] = field(default_factory=dict)

    def add(self, key: Key, value: int, count: int) -> None:
        """Count a value some more times."""
        counts = self.of.setdefault(key, Counts())
        counts.of[value] = counts.of.get(value, 0) + count
        counts.total += count

    def over(self, key: Key, below: Floats, escape: float) -> Floats:
        """The counts of a key on top of the probabilities below; those alone without any."""
        counts = self.of.get(key)
        return counts.blended(below, escape) if counts else below


def count_songs(songs: Iterable["ChordSong"]) -> dict[str, Rows]:
    """Everything the model knows, as rows of whole numbers, the last column a count.

    Returns:
        `chords`: style, mode, two chords before, chord, relative to the tonic;
        `durations`: style, beats of the bar times two, place in it times two, chord, class;
        `basses`: style, chord before, chord, bass.
    """
    found: dict[str, Counter[Key]] = {name: Counter() for name in COLUMNS}
    for song in songs:
        style, mode = song.context.style_code, song.context.mode_code
        ids = [START_ID, START_ID, *moved_ids(song.chord_id, -song.context.tonic_pc).tolist()]
        bar = round(song.context.bar_beats * PLACES_IN_BEAT)
        places = np.rint(song.bar_position_beats * PLACES_IN_BEAT).astype(int).tolist()
        rows = zip(
            ids,
            ids[1:],
            ids[2:],
            places,
            song.duration_class.tolist(),
            song.bass.tolist(),
            strict=False,
        )
        for far, near, chord, place, duration, bass in rows:
            if chord < FIRST_TARGET_ID:
                continue
            found["chords"][style, mode, far, near, chord] += 1
            found["durations"][style, bar, place, chord, duration] += 1
            found["basses"][style, near, chord, bass] += 1
    return {name: rows_of(counter) for name, counter in found.items()}


COLUMNS = ("chords", "durations", "basses")


def rows_of(counter: Counter[Key]) -> Rows:
    """A counter as sorted rows, the count last."""
    return np.array([(*key, count) for key, count in sorted(counter.items())], np.int16)


class StyleModel:
    """The counts of one style in one mode."""

    def __init__(self, tables: dict[str, Any], style: int, mode: int) -> None:
        """Take the style's rows of `count_songs`."""
        self.corpus = CorpusNgram([])
        chords = tables["chords"]
        for far, near, chord, count in own_rows(chords, style, mode):
            for context in ((), (near,), (far, near)):
                counts = self.corpus.counts.setdefault(context, Counts())
                counts.of[chord] = counts.of.get(chord, 0) + count
                counts.total += count
        self.ngram = AdaptiveNgram(self.corpus, SONG_ESCAPE)
        self.durations, self.basses = Tables(), Tables()
        for bar, place, chord, duration, count in own_rows(tables["durations"], style):
            for key in ((), (bar,), (bar, place), (bar, place, chord)):
                self.durations.add(key, duration, count)
        for near, chord, bass, count in own_rows(tables["basses"], style):
            self.basses.add((chord,), bass, count)
            self.basses.add((near, chord), bass, count)


def own_rows(rows: Rows, *first: int) -> list[list[int]]:
    """The rows that begin with these numbers, without them."""
    chosen = np.all(rows[:, : len(first)] == first, axis=1)
    found: list[list[int]] = rows[chosen][:, len(first) :].tolist()
    return found


@dataclass
class NgramPrediction:
    """What the counts say after some chords; ids inside are relative to the tonic."""

    model: StyleModel
    past: list[int]
    place: float
    context: Context

    @cached_property
    def chords(self) -> Floats:
        """Probability of each id."""
        relative = self.model.ngram.predict(self.past)
        return relative[shifted_ids(-self.context.tonic_pc)]

    def durations(self, chord_id: int) -> Floats:
        """Probability of each class of duration."""
        bar = round(self.context.bar_beats * PLACES_IN_BEAT)
        place = round(self.place * PLACES_IN_BEAT)
        p = np.full(len(DURATIONS), 1 / len(DURATIONS))
        for key in ((), (bar,), (bar, place)):
            p = self.model.durations.over(key, p, PLACE_ESCAPE)
        return self.model.durations.over((bar, place, self.relative(chord_id)), p, CHORD_ESCAPE)

    def basses(self, chord_id: int) -> Floats:
        """Probability of each bass."""
        p = np.full(12, (1 - ROOT_BASS) / 11)
        p[0] = ROOT_BASS
        chord = self.relative(chord_id)
        p = self.model.basses.over((chord,), p, BASS_ESCAPE)
        before = self.past[-1] if self.past else START_ID
        return self.model.basses.over((before, chord), p, BASS_ESCAPE)

    def relative(self, chord_id: int) -> int:
        """The id with the tonic moved to C."""
        return int(shifted_ids(-self.context.tonic_pc)[chord_id])


class NgramModel:
    """A model made of counts; styles are unpacked when they are first asked for."""

    name = NAME

    def __init__(self, tables: dict[str, Any], hash: str | None = None) -> None:
        """Take what `count_songs` gives, and the hash of the file it is from."""
        self.tables = tables
        self.hash = hash
        self.styles: dict[tuple[int, int], StyleModel] = {}

    def predict(self, past: Sequence[Step], context: Context) -> NgramPrediction:
        """What may follow the chords of the past, repeats among them merged."""
        down = shifted_ids(-context.tonic_pc)
        merged = [int(down[chord]) for chord, _ in groupby(step.chord_id for step in past)]
        place = sum(step.duration_beats for step in past) % context.bar_beats
        return NgramPrediction(self.of_style(context), merged[-LONGEST_PAST:], place, context)

    def of_style(self, context: Context) -> StyleModel:
        """The counts of the context's style and mode."""
        which = (context.style_code, context.mode_code)
        if which not in self.styles:
            self.styles[which] = StyleModel(self.tables, *which)
        return self.styles[which]

    def song_log_probs(self, song: "ChordSong") -> Floats:
        """Log probabilities of each chord of a song by id, shape (chords, VOCABULARY_SIZE)."""
        context, rows = song.context, np.empty((len(song), VOCABULARY_SIZE))
        down = shifted_ids(-context.tonic_pc)
        so_far = self.of_style(context).ngram.song()
        for place, chord in enumerate(song.chord_id.tolist()):
            rows[place] = so_far.predict()[down]
            so_far.append(int(down[chord]))
        with np.errstate(divide="ignore"):
            logs: Floats = np.log(rows)
        return logs


def load_ngram(name: str = WEIGHTS) -> NgramModel:
    """The counts that ship with muse, or those of a path.

    Raises:
        BadInputError: they are not there, damaged, or of another vocabulary.
    """
    weights = trained_weights(name, CHORD_VOCABULARY.hash)
    return NgramModel(weights.tensors, weights.card["sha256"])


def described() -> dict[str, Any]:
    """The config that the card of the counts tells: what its codes mean."""
    codes = {"styles": STYLES, "modes": MODES, "durations": DURATIONS}
    return {"kind": NAME, "size": VOCABULARY_SIZE, **codes}
