"""Models of chords that count: unigram, trigram, and a trigram that learns from the song it is in.

Conventions: sequences are ids of forms.harmony.CHORD_VOCABULARY, repeats merged; probabilities have
shape (VOCABULARY_SIZE,), with 0 for the special tokens. Models here take ids as they come: move
them to a common key first, as `baselines` does.

Sources: Witten and Bell, "The zero-frequency problem", IEEE Trans. Information Theory 37(4), 1991
(method C, here interpolated); Cleary and Witten, "Data compression using adaptive coding and
partial string matching", IEEE Trans. Communications 32(4), 1984, for contexts of many lengths that
are counted as they come and blended by escapes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.events import FIRST_TARGET_ID, VOCABULARY_SIZE
from muse.tools.datasets.vocabulary import START_ID

Floats = NDArray[np.float64]
Ids = Sequence[int]
Chords = tuple[int, ...]

TRIGRAM = 2  # chords of context
LONGEST_CONTEXT = 16  # chords of the song so far that are looked for again


def uniform() -> Floats:
    """The same probability for every chord and for no chord."""
    p = np.zeros(VOCABULARY_SIZE)
    p[FIRST_TARGET_ID:] = 1 / (VOCABULARY_SIZE - FIRST_TARGET_ID)
    return p


def without_repeat(p: Floats, past: Ids) -> Floats:
    """The probabilities where the last chord cannot follow itself, since repeats are merged."""
    if not past or past[-1] < FIRST_TARGET_ID:
        return p
    p = p.copy()
    p[past[-1]] = 0.0
    rest: Floats = p / p.sum()
    return rest


class SongSoFar(Protocol):
    """A song that is told chord by chord."""

    def append(self, chord: int) -> None:
        """Hear one more chord."""
        ...

    def predict(self) -> Floats:
        """Probabilities of the next chord, by id."""
        ...


class Ngram(Protocol):
    """A model of chords."""

    def song(self) -> SongSoFar:
        """A song that begins."""
        ...

    def predict(self, past: Ids) -> Floats:
        """Probabilities of the next chord after those of a song, by id."""
        ...


@dataclass
class Counts:
    """How often each chord came in one context."""

    of: dict[int, int] = field(default_factory=dict)
    total: int = 0

    def add(self, chord: int) -> None:
        """Count one more."""
        self.of[chord] = self.of.get(chord, 0) + 1
        self.total += 1

    def blended(self, below: Floats, escape: float) -> Floats:
        """(c + e p) / (n + e): these counts on top of the probabilities p, with escape weight e."""
        p = below * (escape / (self.total + escape))
        self.add_to(p, 1 / (self.total + escape))
        return p

    def add_to(self, p: Floats, weight: float) -> None:
        """Add the counts, each times the weight, to probabilities."""
        for chord, count in self.of.items():
            p[chord] += count * weight


class CorpusNgram:
    """An n-gram of a corpus, smoothed by Witten and Bell down to the uniform distribution.

    The escape weight of a context is the number of types of chord that were seen in it. A song
    begins with `order` start tokens, so its first chord is told, too.
    """

    def __init__(self, songs: Iterable[Ids], order: int = TRIGRAM) -> None:
        """Count.

        Args:
            songs: ids of each song.
            order: chords of context: 0 is a unigram, 2 a trigram.
        """
        self.order = order
        self.counts: dict[Chords, Counts] = {}
        self.known: dict[Chords, Floats] = {}
        for song in songs:
            ids = [START_ID] * order + [int(chord) for chord in song]
            for place in range(order, len(ids)):
                if ids[place] >= FIRST_TARGET_ID:
                    for length in range(order + 1):
                        context = tuple(ids[place - length : place])
                        self.counts.setdefault(context, Counts()).add(ids[place])

    def song(self) -> "CorpusSong":
        """A song that begins."""
        return CorpusSong(self)

    def predict(self, past: Ids) -> Floats:
        """Probabilities of the next chord after those of a song, by id."""
        recent = past[max(len(past) - self.order, 0) :]
        context = (*[START_ID] * (self.order - len(recent)), *recent)
        return without_repeat(self.probabilities(context), past)

    def probabilities(self, context: Chords) -> Floats:
        """Probabilities after just that context, which may be followed by its own last chord."""
        if context in self.known:
            return self.known[context]
        below = self.probabilities(context[1:]) if context else uniform()
        counts = self.counts.get(context)
        if counts is None:
            return below
        self.known[context] = counts.blended(below, len(counts.of))
        return self.known[context]


class CorpusSong:
    """A song as far as it has come, for a model that looks at its last chords only."""

    def __init__(self, model: CorpusNgram) -> None:
        """Begin."""
        self.model = model
        self.past: list[int] = []

    def append(self, chord: int) -> None:
        """Hear one more chord."""
        self.past.append(int(chord))

    def predict(self) -> Floats:
        """Probabilities of the next chord, by id."""
        return self.model.predict(self.past)


class AdaptiveNgram:
    """A corpus n-gram under the counts of the song so far.

    Contexts of 1 to `longest` of the song's last chords are blended one on top of the other,
    p_k = (c_k + e p_k-1) / (n_k + e), with p_0 the corpus n-gram: what the song did after the same
    chords before outweighs what songs do.
    """

    def __init__(self, corpus: CorpusNgram, escape: float, longest: int = LONGEST_CONTEXT) -> None:
        """Take the corpus n-gram, the escape weight e and the longest context in chords."""
        self.corpus = corpus
        self.escape = escape
        self.longest = longest

    def song(self) -> "AdaptiveSong":
        """A song that begins."""
        return AdaptiveSong(self)

    def predict(self, past: Ids) -> Floats:
        """Probabilities of the next chord after those of a song, by id."""
        song = self.song()
        for chord in past:
            song.append(chord)
        return song.predict()


class AdaptiveSong:
    """A song as far as it has come, with all that it did counted; each step costs microseconds."""

    def __init__(self, model: AdaptiveNgram) -> None:
        """Begin."""
        self.model = model
        self.past: list[int] = []
        self.counts: dict[Chords, Counts] = {}

    def append(self, chord: int) -> None:
        """Hear one more chord."""
        if chord >= FIRST_TARGET_ID:  # an unknown one is a context, and nothing that may follow
            for context in self.contexts():
                self.counts.setdefault(context, Counts()).add(int(chord))
        self.past.append(int(chord))

    def contexts(self) -> list[Chords]:
        """The last chords, from one to the longest context."""
        ends = range(1, min(self.model.longest, len(self.past)) + 1)
        return [tuple(self.past[-length:]) for length in ends]

    def counted(self) -> list[Counts]:
        """What followed the last chords before, by rising length of context."""
        known = (self.counts.get(context) for context in self.contexts())
        return list(takewhile_known(known))

    def predict(self) -> Floats:
        """Probabilities of the next chord, by id."""
        escape, left = self.model.escape, 1.0  # what the longer contexts leave to the shorter
        p = np.zeros(VOCABULARY_SIZE)
        for counts in reversed(self.counted()):
            counts.add_to(p, left / (counts.total + escape))
            left *= escape / (counts.total + escape)
        return without_repeat(p + left * self.model.corpus.predict(self.past), self.past)

    def likelihoods(self, chord: int, escapes: Floats) -> Floats:
        """The next chord's probability under each of several escape weights, shape (weights,)."""
        p = np.full(len(escapes), self.model.corpus.predict(self.past)[chord])
        for counts in self.counted():
            p = (counts.of.get(chord, 0) + escapes * p) / (counts.total + escapes)
        return p


def takewhile_known(counts: Iterable[Counts | None]) -> Iterator[Counts]:
    """The counts up to the first context that has none: no longer one has any, either."""
    for each in counts:
        if each is None:
            return
        yield each
