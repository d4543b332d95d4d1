"""Models of melodies that count: an n-gram given the chord, alone and under the song's own counts.

Conventions: a note is told as the nets tell it, first its pitch, as an interval from the note
before, then its advance, then its duration, each given those before and what stands at its place
(columns.py). The first note's interval is counted from FIRST_FROM.

Each of the three has contexts from short to long, blended by Witten and Bell down to the uniform
distribution, p = (c + t p_shorter) / (n + t), with t the types that a context was seen with. The
adaptive model goes on with the song so far: contexts are its last 1 to LONGEST_CONTEXT notes as
(interval, advance), with an escape weight e in t's place.

Sources: Witten and Bell, "The zero-frequency problem", IEEE Trans. Information Theory 37(4), 1991;
Cleary and Witten, "Data compression using adaptive coding and partial string matching", IEEE Trans.
Communications 32(4), 1984.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from muse.tools.melody.columns import (
    ADVANCES,
    DURATIONS,
    INTERVALS,
    interval_id,
    song_columns,
)
from muse.tools.melody.song_arrays import MelodySong

Floats = NDArray[np.float64]
Context = tuple[int, ...]
Contexts = Sequence[Context]

PARTS = ("pitch", "advance", "duration")  # of a note, in the order in which they are told
SIZES = (INTERVALS, len(ADVANCES), len(DURATIONS))
FIRST_FROM = 67  # MIDI pitch in the common key
LONGEST_CONTEXT = 16  # notes of the song so far that are looked for again
ESCAPES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # weights tried in tuning
USUAL_ESCAPE = 2.0  # where there are too few songs to tune on
TUNING_EVERY = 16  # of the training songs one in so many is held out for that


@dataclass(frozen=True)
class Told:
    """One note as it is counted; each field has an entry for each of PARTS.

    Attributes:
        symbols: what comes.
        corpus: contexts in which all songs are counted.
        song: contexts in which the song so far is counted.
    """

    symbols: tuple[int, int, int]
    corpus: tuple[Contexts, Contexts, Contexts]
    song: tuple[Contexts, Contexts, Contexts]


@dataclass
class Counts:
    """How often each symbol came in one context."""

    of: dict[int, int] = field(default_factory=dict)
    total: int = 0

    def add(self, symbol: int) -> None:
        """Count one more."""
        self.of[symbol] = self.of.get(symbol, 0) + 1
        self.total += 1

    def blended(self, below: Floats, escape: float) -> Floats:
        """(c + e p) / (n + e)."""
        p = below * (escape / (self.total + escape))
        for symbol, count in self.of.items():
            p[symbol] += count / (self.total + escape)
        return p


Table = dict[Context, Counts]


def told_notes(song: MelodySong) -> Iterator[Told]:
    """The notes of a song with their contexts."""
    ids = {name: column.tolist() for name, column in song_columns(song).ids.items()}
    first = interval_id(ids["pitch"][1], FIRST_FROM)
    intervals = [first, *ids["interval"][2:]]
    past: list[tuple[int, int]] = []  # latest first
    for i, interval in enumerate(intervals):
        advance, duration = ids["advance"][i + 1], ids["duration"][i + 1]
        symbols = (interval, advance, duration)
        at = (ids["place"][i], ids["root"][i], ids["quality"][i])
        before = FIRST_FROM if i == 0 else ids["pitch"][i]
        corpus = corpus_contexts(before, at, past, ids["duration"][i], symbols)
        yield Told(symbols, corpus, song_contexts(past, symbols))
        past = [(interval, advance), *past[: LONGEST_CONTEXT - 1]]


def corpus_contexts(
    before: int,
    at: tuple[int, int, int],
    past: Sequence[tuple[int, int]],
    held: int,
    symbols: tuple[int, int, int],
) -> tuple[Contexts, Contexts, Contexts]:
    """Contexts of the three parts, each from short to long.

    Args:
        before: pitch of the note before.
        at: place in the bar, root and quality of the chord there.
        past: intervals and advances of the notes before, the latest first.
        held: class of the last duration.
        symbols: of this note; a part's contexts may hold those told before it.
    """
    place, root, quality = at
    last = flat(past[:1])
    two = flat(past[:2])
    rhythm = tuple(advance for _, advance in past[:3])
    interval, advance, _ = symbols
    tone = (before % 12, root)
    pitch = ((), (before % 12,), tone, (*tone, *last), (*tone, quality, *two))
    next_start = ((), (place,), (place, *rhythm[:1]), (place, *rhythm), (place, *rhythm, interval))
    length = ((), (advance,), (advance, held), (advance, held, place))
    return pitch, next_start, length


def song_contexts(
    past: Sequence[tuple[int, int]], symbols: tuple[int, int, int]
) -> tuple[Contexts, Contexts, Contexts]:
    """Contexts of the three parts in the song so far: of the last notes, and what is told."""
    interval, advance, _ = symbols
    whole = flat(past)
    lasts = [whole[: 2 * length] for length in range(1, len(past) + 1)]
    lengths = [(interval, *notes) for notes in lasts]
    return lasts, lengths, [(advance, *notes) for notes in lengths]


def flat(notes: Sequence[tuple[int, int]]) -> Context:
    """Intervals and advances in a row."""
    return tuple(each for note in notes for each in note)


class MelodyNgram:
    """An n-gram of a corpus; with an escape weight, under the counts of the song so far."""

    def __init__(self, songs: Sequence[MelodySong], escape: float | None = None) -> None:
        """Count songs.

        Args:
            songs: to learn from.
            escape: weight of what is known without the song; None leaves the song's counts out.
        """
        self.escape = escape
        self.tables: tuple[Table, ...] = tuple({} for _ in PARTS)
        self.known: tuple[dict[Context, Floats], ...] = tuple({} for _ in PARTS)
        for song in songs:
            for note in told_notes(song):
                count(self.tables, note.symbols, note.corpus)

    def predict(self, part: int, contexts: Contexts) -> Floats:
        """Probabilities by symbol of a part of PARTS, from the corpus alone."""
        p = np.full(SIZES[part], 1 / SIZES[part])
        for length, context in enumerate(contexts):
            key = (length, *context)
            counts = self.tables[part].get(key)
            if counts is None:
                return p
            if key not in self.known[part]:
                self.known[part][key] = counts.blended(p, len(counts.of))
            p = self.known[part][key]
        return p

    def song_probabilities(self, song: MelodySong) -> Iterator[tuple[Told, list[Floats]]]:
        """Each note, and the probabilities by symbol of its three parts before they are known."""
        own: tuple[Table, ...] = tuple({} for _ in PARTS)
        for note in told_notes(song):
            told = []
            for part, contexts in enumerate(note.corpus):
                p = self.predict(part, contexts)
                if self.escape is not None:
                    for counts in met(own[part], note.song[part]):
                        p = counts.blended(p, self.escape)
                told.append(p)
            yield note, told
            if self.escape is not None:
                count(own, note.symbols, note.song)


def count(tables: Sequence[Table], symbols: Sequence[int], contexts: Sequence[Contexts]) -> None:
    """Count one note's parts in their contexts."""
    for table, symbol, own in zip(tables, symbols, contexts, strict=True):
        first = 0 if own and not own[0] else 1
        for length, context in enumerate(own, first):
            table.setdefault((length, *context), Counts()).add(symbol)


def met(table: Table, contexts: Contexts) -> Iterator[Counts]:
    """What came in the contexts, from the shortest up to the first that never was."""
    for length, context in enumerate(contexts, 1):
        counts = table.get((length, *context))
        if counts is None:
            return
        yield counts


def adaptive_ngram(songs: Sequence[MelodySong]) -> MelodyNgram:
    """The model that learns from the song, its escape weight tuned on some of the songs."""
    model = MelodyNgram(songs)
    model.escape = tuned_escape(songs)
    return model


def tuned_escape(songs: Sequence[MelodySong]) -> float:
    """The weight of ESCAPES with the least loss on some of the songs, learned on the others."""
    tuning = songs[::TUNING_EVERY]
    others = [song for place, song in enumerate(songs) if place % TUNING_EVERY]
    if not others:
        return USUAL_ESCAPE
    model = MelodyNgram(others)
    return ESCAPES[int(np.argmin(sum(escape_losses(model, song) for song in tuning)))]


def escape_losses(model: MelodyNgram, song: MelodySong) -> Floats:
    """Minus the log probability of a song under each of the ESCAPES, in nats."""
    weights, losses = np.array(ESCAPES), np.zeros(len(ESCAPES))
    own: tuple[Table, ...] = tuple({} for _ in PARTS)
    for note, told in model.song_probabilities(song):
        for part, symbol in enumerate(note.symbols):
            p = np.full(len(ESCAPES), told[part][symbol])
            for counts in met(own[part], note.song[part]):
                p = (counts.of.get(symbol, 0) + weights * p) / (counts.total + weights)
            losses -= np.log(p)
        count(own, note.symbols, note.song)
    return losses
