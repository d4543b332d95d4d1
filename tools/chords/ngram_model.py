"""The chord model made of counts: which chord, how long and over which bass, by style and mode.

Chords come from a trigram (ngrams.py) of the style's songs in the mode, moved to a common tonic,
under the counts of the progression so far. A chord's duration depends on meter and position in the
bar, then on the chord; its bass on the chord, then on the chord before it. The counts are made by
training/recipes/chord_ngram.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.model import Floats, Step
from muse.tools.chords.ngrams import AdaptiveNgram, CorpusNgram
from muse.tools.datasets.chord_events import (
    DURATIONS,
    VOCABULARY_SIZE,
    Context,
    transposition,
)
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.vocabulary import START_ID
from muse.tools.generation.witten_bell import ContextCounts
from muse.tools.weights import load_trained_weights

if TYPE_CHECKING:
    from muse.tools.datasets.chord_songs import ChordSong

NAME = "ngram"
WEIGHTS = "chord-ngram"
MAX_PAST = 128  # latest chords that a prediction takes into account
SONG_ESCAPE = 8.0  # weight of the corpus against the progression so far
CHORD_ESCAPE, PLACE_ESCAPE, BASS_ESCAPE = 4.0, 1.0, 3.0  # weights of the next shorter context
PLACES_PER_BEAT = 2  # positions in the bar are counted in eighths
ROOT_BASS = 0.97  # probability that a chord that was never counted stands on its root

Rows = NDArray[np.int16]


class StyleModel:
    """The counts of one style in one mode."""

    def __init__(self, tables: dict[str, Any], style: int, mode: int) -> None:
        """Unpack the rows of a style code and a mode code; see recipes.chord_ngram."""
        corpus = CorpusNgram([])
        for far, near, chord, count in own_rows(tables["chords"], style, mode):
            for context in ((), (near,), (far, near)):
                corpus.counts.add(context, chord, count)
        self.ngram = AdaptiveNgram(corpus, SONG_ESCAPE)
        self.durations, self.basses = ContextCounts(), ContextCounts()
        for bar, place, chord, duration, count in own_rows(tables["durations"], style):
            whole = (bar, place, chord)
            for length in range(len(whole) + 1):
                self.durations.add(whole[:length], duration, count)
        for near, chord, bass, count in own_rows(tables["basses"], style):
            self.basses.add((chord,), bass, count)
            self.basses.add((near, chord), bass, count)


def own_rows(rows: Rows, *first: int) -> list[list[int]]:
    """Return the rows that begin with these numbers, without them."""
    chosen = np.all(rows[:, : len(first)] == first, axis=1)
    found: list[list[int]] = rows[chosen][:, len(first) :].tolist()
    return found


@dataclass
class NgramPrediction:
    """Probabilities after some chords, by absolute id.

    Attributes:
        model: counts of the style and mode.
        past: ids of the chords before, relative to the tonic.
        place: position in the bar where the next chord begins, beats.
        context: key, meter and style.
    """

    model: StyleModel
    past: list[int]
    place: float
    context: Context

    @cached_property
    def chords(self) -> Floats:
        """Probability of each id, (VOCABULARY_SIZE,)."""
        relative = self.model.ngram.predict(self.past)
        return relative[transposition(-self.context.tonic_pc)]

    def durations(self, chord_id: int) -> Floats:
        """Return the probability of each duration class for a chord, (len(DURATIONS),)."""
        bar = round(self.context.bar_beats * PLACES_PER_BEAT)
        place = round(self.place * PLACES_PER_BEAT)
        counts = self.model.durations
        p = np.full(len(DURATIONS), 1 / len(DURATIONS))
        for context in ((), (bar,), (bar, place)):
            p = counts.interpolated(context, p, PLACE_ESCAPE)
        return counts.interpolated((bar, place, self.relative(chord_id)), p, CHORD_ESCAPE)

    def basses(self, chord_id: int) -> Floats:
        """Return the probability of each bass under a chord, semitones above its root, (12,)."""
        p = np.full(12, (1 - ROOT_BASS) / 11)
        p[0] = ROOT_BASS
        chord = self.relative(chord_id)
        p = self.model.basses.interpolated((chord,), p, BASS_ESCAPE)
        before = self.past[-1] if self.past else START_ID
        return self.model.basses.interpolated((before, chord), p, BASS_ESCAPE)

    def relative(self, chord_id: int) -> int:
        """Return the id of a chord with the tonic moved to C."""
        return int(transposition(-self.context.tonic_pc)[chord_id])


class NgramModel:
    """The model of `--model ngram`; the counts of a style are unpacked on first use."""

    name = NAME

    def __init__(self, tables: dict[str, Any], hash: str | None = None) -> None:
        """Wrap the tables of recipes.chord_ngram and the SHA-256 of their file."""
        self.tables = tables
        self.hash = hash
        self.styles: dict[tuple[int, int], StyleModel] = {}

    def predict(self, past: Sequence[Step], context: Context) -> NgramPrediction:
        """Predict what follows the chords of the past; repeats among them are merged."""
        down = transposition(-context.tonic_pc)
        merged = [int(down[chord]) for chord, _ in groupby(step.chord_id for step in past)]
        place = sum(step.duration_beats for step in past) % context.bar_beats
        return NgramPrediction(self.style_model(context), merged[-MAX_PAST:], place, context)

    def style_model(self, context: Context) -> StyleModel:
        """Return the counts of the context's style and mode."""
        which = (context.style_code, context.mode_code)
        if which not in self.styles:
            self.styles[which] = StyleModel(self.tables, *which)
        return self.styles[which]

    def song_log_probs(self, song: "ChordSong") -> Floats:
        """Return log probabilities of each chord of a song by id, (chords, VOCABULARY_SIZE)."""
        context, rows = song.context, np.empty((len(song), VOCABULARY_SIZE))
        down = transposition(-context.tonic_pc)
        state = self.style_model(context).ngram.start()
        for place, chord in enumerate(song.chord_id.tolist()):
            rows[place] = state.predict()[down]
            state.append(int(down[chord]))
        with np.errstate(divide="ignore"):
            logs: Floats = np.log(rows)
        return logs


def load_ngram(name: str = WEIGHTS) -> NgramModel:
    """Load the counts that ship with muse, or those at a path.

    Raises:
        BadInputError: they are missing, damaged, or of another vocabulary.
    """
    weights = load_trained_weights(name, CHORD_VOCABULARY.hash)
    return NgramModel(weights.tensors, weights.card["sha256"])
