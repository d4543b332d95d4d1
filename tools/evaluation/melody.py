"""Scores of next-note prediction: losses in nats and accuracies, by corpus.

Conventions: a note is three events: its pitch, its advance (time to the next start) and its
duration. Each event is predicted given the events before it and the chords. Of a song's last note
only the pitch is scored, and the start of the first is given. N-grams predict only the direction of
intervals beyond two octaves, which favors them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.melody.event_scores import EventScores, Scorer, event_scores
from muse.tools.melody.ngram_model import PARTS, MelodyNgram

EVERYTHING = "all"  # key of all corpora together


@dataclass(frozen=True)
class MelodyFigures:
    """Scores of a model on some songs.

    Attributes:
        songs: number of songs.
        notes: number of notes.
        note_nll: nats per note: the sum over its three events.
        event_nll: a third of `note_nll`.
        pitch_nll: nats per pitch.
        advance_nll: nats per advance.
        duration_nll: nats per duration.
        pitch_accuracy: share of pitches that were the likeliest, 0 to 1.
        advance_accuracy: the same for advances.
        duration_accuracy: the same for durations.
    """

    songs: int
    notes: int
    note_nll: float
    event_nll: float
    pitch_nll: float
    advance_nll: float
    duration_nll: float
    pitch_accuracy: float
    advance_accuracy: float
    duration_accuracy: float


def ngram_scores(model: MelodyNgram) -> Scorer:
    """Return a scorer of an n-gram model."""

    def scored(song: MelodySong) -> EventScores:
        losses, hits = [], []
        for note, predicted in model.song_probabilities(song):
            pairs = list(zip(predicted, note.symbols, strict=True))
            losses.append([-np.log(p[symbol]) for p, symbol in pairs])
            hits.append([int(p.argmax()) == symbol for p, symbol in pairs])
        return event_scores(np.array(losses), np.array(hits))

    return scored


def evaluate(scorer: Scorer, songs: Iterable[MelodySong]) -> dict[str, MelodyFigures]:
    """Return the scores by corpus and over all corpora as EVERYTHING."""
    rows: dict[str, list[EventScores]] = {EVERYTHING: []}
    for song in songs:
        scores = scorer(song)
        rows[EVERYTHING].append(scores)
        rows.setdefault(song.corpus, []).append(scores)
    return {name: figures(found) for name, found in rows.items() if found}


def figures(scores: Sequence[EventScores]) -> MelodyFigures:
    """Return the scores of songs together; each event has the same weight."""
    losses = {part: np.concatenate([song[part][0] for song in scores]) for part in PARTS}
    hits = {part: np.concatenate([song[part][1] for song in scores]) for part in PARTS}
    nll = {part: float(values.mean()) for part, values in losses.items()}
    total = sum(nll.values())
    return MelodyFigures(
        songs=len(scores),
        notes=len(losses["pitch"]),
        note_nll=total,
        event_nll=total / len(PARTS),
        **{f"{part}_nll": value for part, value in nll.items()},
        **{f"{part}_accuracy": float(hits[part].mean()) for part in PARTS},
    )
