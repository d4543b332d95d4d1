"""An n-gram of melodies, given the chords: of a corpus, or also of the song so far.

Conventions: as in the nets, a note is predicted in three parts: its pitch, as an interval from the
note before, then its advance, then its duration. Each is given the parts before it, and the
position and chords (columns.py). The first note's interval is counted from FIRST_FROM.

Each part has contexts from short to long, interpolated by Witten-Bell down to the uniform
distribution (generation/witten_bell.py). The adaptive model also interpolates the counts of the
song so far: the contexts are its last 1 to LONGEST_CONTEXT notes as (interval, advance), with one
escape weight.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.generation.witten_bell import Context, ContextCounts, tune_escape
from muse.tools.melody.columns import (
    ADVANCES,
    DURATIONS,
    INTERVALS,
    interval_id,
    song_columns,
)

Floats = NDArray[np.float64]
Contexts = Sequence[Context]
Tables = tuple[ContextCounts, ContextCounts, ContextCounts]

PARTS = ("pitch", "advance", "duration")  # of a note, in the order in which they are predicted
SIZES = (INTERVALS, len(ADVANCES), len(DURATIONS))
FIRST_FROM = 67  # MIDI pitch in the common key
LONGEST_CONTEXT = 16  # last notes of a song for which earlier occurrences are counted
ESCAPES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # weights tried in tuning
DEFAULT_ESCAPE = 2.0  # if there are too few songs to tune on
TUNING_EVERY = 16  # one of this many training songs is held out for tuning


@dataclass(frozen=True)
class CountedNote:
    """The symbols and contexts of one note; each field has an entry for each of PARTS.

    Attributes:
        symbols: interval, class of the advance, class of the duration.
        corpus: contexts for the counts of the corpus, from short to long.
        song: contexts for the counts of the song so far, from short to long.
    """

    symbols: tuple[int, int, int]
    corpus: tuple[Contexts, Contexts, Contexts]
    song: tuple[Contexts, Contexts, Contexts]


def empty_tables() -> Tables:
    """Return tables without counts, one for each of PARTS."""
    return ContextCounts(), ContextCounts(), ContextCounts()


def counted_notes(song: MelodySong) -> Iterator[CountedNote]:
    """Yield the notes of a song with their contexts."""
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
        yield CountedNote(symbols, corpus, song_contexts(past, symbols))
        past = [(interval, advance), *past[: LONGEST_CONTEXT - 1]]


def corpus_contexts(
    before: int,
    at: tuple[int, int, int],
    past: Sequence[tuple[int, int]],
    last_duration: int,
    symbols: tuple[int, int, int],
) -> tuple[Contexts, Contexts, Contexts]:
    """Return the contexts of the three parts in the corpus, each from short to long.

    Args:
        before: pitch of the note before.
        at: position in the bar, and root and quality of the chord there.
        past: intervals and advances of the notes before, the latest first.
        last_duration: duration class of the note before.
        symbols: of this note; a part's contexts may hold the parts predicted before it.
    """
    place, root, quality = at
    rhythm = tuple(advance for _, advance in past[:3])
    interval, advance, _ = symbols
    tone = (before % 12, root)
    last, two = flat(past[:1]), flat(past[:2])
    pitch = ((), tone[:1], tone, (*tone, *last), (*tone, quality, *two))
    next_start = ((), (place,), (place, *rhythm[:1]), (place, *rhythm), (place, *rhythm, interval))
    length = ((), (advance,), (advance, last_duration), (advance, last_duration, place))
    return numbered(pitch), numbered(next_start), numbered(length)


def numbered(contexts: Contexts) -> Contexts:
    """Prepend its index to each context, as contexts may be equal near the start of a song."""
    return [(index, *context) for index, context in enumerate(contexts)]


def song_contexts(
    past: Sequence[tuple[int, int]], symbols: tuple[int, int, int]
) -> tuple[Contexts, Contexts, Contexts]:
    """Return the contexts of the three parts in the song so far, each from short to long."""
    interval, advance, _ = symbols
    whole = flat(past)
    lasts = [whole[: 2 * length] for length in range(1, len(past) + 1)]
    lengths = [(interval, *notes) for notes in lasts]
    return lasts, lengths, [(advance, *notes) for notes in lengths]


def flat(notes: Sequence[tuple[int, int]]) -> Context:
    """Return the intervals and advances of notes as one tuple."""
    return tuple(number for note in notes for number in note)


class MelodyNgram:
    """An n-gram of a corpus; with an escape weight, interpolated with the song so far."""

    def __init__(self, songs: Sequence[MelodySong], escape: float | None = None) -> None:
        """Count songs.

        Args:
            songs: for training.
            escape: weight of the corpus against the song so far; None ignores the song so far.
        """
        self.escape = escape
        self.tables = empty_tables()
        self.cache: tuple[dict[Context, Floats], ...] = tuple({} for _ in PARTS)
        for song in songs:
            for note in counted_notes(song):
                count_note(self.tables, note.symbols, note.corpus)

    def predict(self, part: int, contexts: Contexts) -> Floats:
        """Return probabilities by symbol of one of PARTS, from the corpus alone."""
        p = np.full(SIZES[part], 1 / SIZES[part])
        for context, counts in zip(contexts, self.tables[part].seen(contexts), strict=False):
            if context not in self.cache[part]:
                self.cache[part][context] = counts.interpolated(p, len(counts.of))
            p = self.cache[part][context]
        return p

    def song_probabilities(self, song: MelodySong) -> Iterator[tuple[CountedNote, list[Floats]]]:
        """Yield each note, and the probabilities by symbol of its three parts."""
        song_tables = empty_tables()
        for note in counted_notes(song):
            predicted = []
            for part, contexts in enumerate(note.corpus):
                p = self.predict(part, contexts)
                if self.escape is not None:
                    for counts in song_tables[part].seen(note.song[part]):
                        p = counts.interpolated(p, self.escape)
                predicted.append(p)
            yield note, predicted
            if self.escape is not None:
                count_note(song_tables, note.symbols, note.song)


def count_note(
    tables: Sequence[ContextCounts], symbols: Sequence[int], contexts: Sequence[Contexts]
) -> None:
    """Count the parts of one note in their contexts."""
    for table, symbol, part_contexts in zip(tables, symbols, contexts, strict=True):
        for context in part_contexts:
            table.add(context, symbol)


def adaptive_ngram(songs: Sequence[MelodySong]) -> MelodyNgram:
    """Fit a model that adapts to the song so far, with an escape weight tuned on held-out songs."""
    model = MelodyNgram(songs)
    model.escape = tune_escape(songs, ESCAPES, TUNING_EVERY, fit_losses) or DEFAULT_ESCAPE
    return model


def fit_losses(songs: Sequence[MelodySong]) -> Callable[[MelodySong], Floats]:
    """Fit a corpus n-gram and return its losses of a song under each of the ESCAPES."""
    model = MelodyNgram(songs)
    return lambda song: escape_losses(model, song)


def escape_losses(model: MelodyNgram, song: MelodySong) -> Floats:
    """Return minus the log probability of a song under each of the ESCAPES, in nats."""
    weights, losses = np.array(ESCAPES), np.zeros(len(ESCAPES))
    song_tables = empty_tables()
    for note, predicted in model.song_probabilities(song):
        for part, symbol in enumerate(note.symbols):
            p = np.full(len(ESCAPES), predicted[part][symbol])
            for counts in song_tables[part].seen(note.song[part]):
                p = counts.likelihoods(symbol, p, weights)
            losses -= np.log(p)
        count_note(song_tables, note.symbols, note.song)
    return losses
