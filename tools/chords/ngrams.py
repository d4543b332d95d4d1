"""N-grams over chord ids: of a corpus, and of a corpus interpolated with the song so far.

Conventions: sequences are ids of harmony_columns.CHORD_VOCABULARY with repeats merged, in any one
key; the callers transpose songs to a common key. Probabilities have shape (VOCABULARY_SIZE,), 0 for
the special tokens. How counts are interpolated is in generation/witten_bell.py.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_events import FIRST_TARGET_ID, VOCABULARY_SIZE
from muse.tools.datasets.vocabulary import START_ID
from muse.tools.generation.witten_bell import Context, ContextCounts, Counts

Floats = NDArray[np.float64]
Ids = Sequence[int]

TRIGRAM = 2  # chords of context
LONGEST_CONTEXT = 16  # last chords of a song for which earlier occurrences are counted


def uniform() -> Floats:
    """Return the uniform distribution over all chords and the id of no chord."""
    p = np.zeros(VOCABULARY_SIZE)
    p[FIRST_TARGET_ID:] = 1 / (VOCABULARY_SIZE - FIRST_TARGET_ID)
    return p


def without_repeat(p: Floats, past: Ids) -> Floats:
    """Set the probability of the last chord to 0, since repeats are merged, and renormalize."""
    if not past or past[-1] < FIRST_TARGET_ID:
        return p
    p = p.copy()
    p[past[-1]] = 0.0
    normalized: Floats = p / p.sum()
    return normalized


class CorpusNgram:
    """An n-gram of a corpus, smoothed by Witten-Bell down to the uniform distribution.

    A song begins with `order` start tokens, so that its first chord is predicted, too.
    """

    def __init__(self, songs: Iterable[Ids], order: int = TRIGRAM) -> None:
        """Count the chords of songs.

        Args:
            songs: ids of each song.
            order: chords of context: 0 for a unigram, 2 for a trigram.
        """
        self.order = order
        self.counts = ContextCounts()
        self.cache: dict[Context, Floats] = {}  # probabilities by context
        for song in songs:
            ids = [START_ID] * order + [int(chord) for chord in song]
            for index in range(order, len(ids)):
                if ids[index] >= FIRST_TARGET_ID:
                    for length in range(order + 1):
                        self.counts.add(tuple(ids[index - length : index]), ids[index])

    def start(self) -> "CorpusState":
        """Return the state before a song's first chord."""
        return CorpusState(self)

    def predict(self, past: Ids) -> Floats:
        """Return probabilities of the next chord after the chords of a song."""
        recent = past[max(len(past) - self.order, 0) :]
        context = (*[START_ID] * (self.order - len(recent)), *recent)
        return without_repeat(self.probabilities(context), past)

    def probabilities(self, context: Context) -> Floats:
        """Return probabilities after a context, with repeats of its last chord."""
        if context in self.cache:
            return self.cache[context]
        shorter = self.probabilities(context[1:]) if context else uniform()
        counts = self.counts.of.get(context)
        if counts is None:
            return shorter
        self.cache[context] = counts.interpolated(shorter, len(counts.of))
        return self.cache[context]


class CorpusState:
    """The chords of a song so far, for a CorpusNgram."""

    def __init__(self, model: CorpusNgram) -> None:
        """Start a song."""
        self.model = model
        self.past: list[int] = []

    def append(self, chord: int) -> None:
        """Add the next chord."""
        self.past.append(int(chord))

    def predict(self) -> Floats:
        """Return probabilities of the next chord."""
        return self.model.predict(self.past)


class AdaptiveNgram:
    """A corpus n-gram interpolated with the counts of the song so far.

    Contexts of the song's last 1 to `longest` chords are interpolated in turn,
    p_k = (c_k + e p_k-1) / (n_k + e), with p_0 the corpus n-gram: what followed the same chords
    earlier in the song outweighs what follows them in other songs.
    """

    def __init__(self, corpus: CorpusNgram, escape: float, longest: int = LONGEST_CONTEXT) -> None:
        """Combine a corpus n-gram, the escape weight e, and the longest context in chords."""
        self.corpus = corpus
        self.escape = escape
        self.longest = longest

    def start(self) -> "AdaptiveState":
        """Return the state before a song's first chord."""
        return AdaptiveState(self)

    def predict(self, past: Ids) -> Floats:
        """Return probabilities of the next chord after the chords of a song."""
        state = self.start()
        for chord in past:
            state.append(chord)
        return state.predict()


class AdaptiveState:
    """The chords of a song so far and their counts; a step takes microseconds."""

    def __init__(self, model: AdaptiveNgram) -> None:
        """Start a song."""
        self.model = model
        self.past: list[int] = []
        self.counts = ContextCounts()

    def append(self, chord: int) -> None:
        """Add the next chord and count it."""
        if chord >= FIRST_TARGET_ID:  # an unknown chord can be a context, but is never predicted
            for context in self.contexts():
                self.counts.add(context, int(chord))
        self.past.append(int(chord))

    def contexts(self) -> list[Context]:
        """Return the last chords as contexts, from one chord to the longest context."""
        ends = range(1, min(self.model.longest, len(self.past)) + 1)
        return [tuple(self.past[-length:]) for length in ends]

    def seen(self) -> list[Counts]:
        """Return what followed the last chords earlier in the song, by rising context length."""
        return self.counts.seen(self.contexts())

    def predict(self) -> Floats:
        """Return probabilities of the next chord."""
        escape, left = self.model.escape, 1.0  # weight left for the shorter contexts
        p = np.zeros(VOCABULARY_SIZE)
        for counts in reversed(self.seen()):
            counts.add_to(p, left / (counts.total + escape))
            left *= escape / (counts.total + escape)
        return without_repeat(p + left * self.model.corpus.predict(self.past), self.past)

    def likelihoods(self, chord: int, escapes: Floats) -> Floats:
        """Return the next chord's probability under several escape weights, (weights,)."""
        p = np.full(len(escapes), self.model.corpus.predict(self.past)[chord])
        for counts in self.seen():
            p = counts.likelihoods(chord, p, escapes)
        return p


Ngram = CorpusNgram | AdaptiveNgram
NgramState = CorpusState | AdaptiveState
