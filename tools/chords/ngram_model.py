"""The n-gram chord model: counts of chords, durations and basses, by style and mode.

Chords are predicted by a trigram (ngrams.py) of the songs in that style and mode, transposed to a
common tonic, interpolated with the counts of the progression so far. The duration of a chord
depends on the meter, the position in the bar and the chord; its bass on the chord and on the chord
before. The counts are made by training/recipes/chord_ngram.py.
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
MAX_PAST = 128  # last chords that a prediction takes into account
SONG_ESCAPE = 8.0  # weight of the corpus against the progression so far
CHORD_ESCAPE, POSITION_ESCAPE, BASS_ESCAPE = 4.0, 1.0, 3.0  # weights of the next shorter context
POSITIONS_PER_BEAT = 2  # positions in the bar are counted in eighths
ROOT_BASS = 0.97  # probability of root position for a chord that was never counted

Rows = NDArray[np.int16]


class StyleModel:
    """The counts of one style in one mode."""

    def __init__(self, tables: dict[str, Any], style: int, mode: int) -> None:
        """Unpack the counts of a style code and a mode code; see recipes.chord_ngram."""
        corpus = CorpusNgram([])
        for far, near, chord, count in rows_starting_with(tables["chords"], style, mode):
            for context in ((), (near,), (far, near)):
                corpus.counts.add(context, chord, count)
        self.ngram = AdaptiveNgram(corpus, SONG_ESCAPE)
        self.durations, self.basses = ContextCounts(), ContextCounts()
        for bar, position, chord, duration, count in rows_starting_with(tables["durations"], style):
            whole = (bar, position, chord)
            for length in range(len(whole) + 1):
                self.durations.add(whole[:length], duration, count)
        for near, chord, bass, count in rows_starting_with(tables["basses"], style):
            self.basses.add((chord,), bass, count)
            self.basses.add((near, chord), bass, count)


def rows_starting_with(rows: Rows, *first: int) -> list[list[int]]:
    """Return the rows that begin with these numbers, without the numbers."""
    is_match = np.all(rows[:, : len(first)] == first, axis=1)
    rest: list[list[int]] = rows[is_match][:, len(first) :].tolist()
    return rest


@dataclass
class NgramPrediction:
    """Prediction of the next chord, by absolute id.

    Attributes:
        model: counts of the style and mode.
        past: ids of the chords before, relative to the tonic.
        position: beats from the bar line to where the next chord begins.
        context: key, meter and style.
    """

    model: StyleModel
    past: list[int]
    position: float
    context: Context

    @cached_property
    def chords(self) -> Floats:
        """Probability of each id, (VOCABULARY_SIZE,)."""
        relative = self.model.ngram.predict(self.past)
        return relative[transposition(-self.context.tonic_pc)]

    def durations(self, chord_id: int) -> Floats:
        """Return the probability of each duration class for a chord, (len(DURATIONS),)."""
        bar = round(self.context.bar_beats * POSITIONS_PER_BEAT)
        position = round(self.position * POSITIONS_PER_BEAT)
        counts = self.model.durations
        p = np.full(len(DURATIONS), 1 / len(DURATIONS))
        for context in ((), (bar,), (bar, position)):
            p = counts.interpolated(context, p, POSITION_ESCAPE)
        return counts.interpolated((bar, position, self.relative(chord_id)), p, CHORD_ESCAPE)

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
        """Predict the next chord; repeated chords of the past are merged."""
        down = transposition(-context.tonic_pc)
        merged = [int(down[chord]) for chord, _ in groupby(step.chord_id for step in past)]
        position = sum(step.duration_beats for step in past) % context.bar_beats
        return NgramPrediction(self.style_model(context), merged[-MAX_PAST:], position, context)

    def style_model(self, context: Context) -> StyleModel:
        """Return the counts of the context's style and mode."""
        codes = (context.style_code, context.mode_code)
        if codes not in self.styles:
            self.styles[codes] = StyleModel(self.tables, *codes)
        return self.styles[codes]

    def song_log_probs(self, song: "ChordSong") -> Floats:
        """Return log probabilities of each chord of a song by id, (chords, VOCABULARY_SIZE)."""
        context, rows = song.context, np.empty((len(song), VOCABULARY_SIZE))
        down = transposition(-context.tonic_pc)
        state = self.style_model(context).ngram.start()
        for index, chord in enumerate(song.chord_id.tolist()):
            rows[index] = state.predict()[down]
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
