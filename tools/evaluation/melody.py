"""How well a model tells the next note: losses in nats and accuracies, by corpus.

Conventions: a note is three events: its pitch, its advance (time to the next start) and its
duration; each is told given those before it and the chords. The last note of a song is asked for
its pitch alone, and where the first one starts is given. Of intervals beyond two octaves n-grams
tell the direction only, which is to their favour.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.melody.ngram_model import PARTS, MelodyNgram
from muse.tools.melody.song_arrays import MelodySong

EVERYTHING = "all"  # the row of all corpora together

Floats = NDArray[np.float64]
Scores = Mapping[str, tuple[Floats, NDArray[np.bool_]]]  # part: losses, and whether it was right
Scorer = Callable[[MelodySong], Scores]


@dataclass(frozen=True)
class MelodyFigures:
    """Figures of a model on some songs.

    Attributes:
        songs: how many.
        notes: how many.
        note_nll: nats a note: those of its three events.
        event_nll: a third of it.
        pitch_nll: nats a pitch.
        advance_nll: nats an advance.
        duration_nll: nats a duration.
        pitch_accuracy: share of pitches told right, 0 to 1.
        advance_accuracy: likewise.
        duration_accuracy: likewise.
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
    """A model that counts, as a scorer."""

    def scored(song: MelodySong) -> Scores:
        losses, hits = [], []
        for note, told in model.song_probabilities(song):
            pairs = list(zip(told, note.symbols, strict=True))
            losses.append([-np.log(p[symbol]) for p, symbol in pairs])
            hits.append([int(p.argmax()) == symbol for p, symbol in pairs])
        return scores_of(np.array(losses), np.array(hits))

    return scored


def scores_of(losses: Floats, hits: NDArray[np.bool_]) -> Scores:
    """Scores from arrays (notes, 3), without the lengths of the last note."""
    ends = (len(losses), len(losses) - 1, len(losses) - 1)
    return {
        part: (losses[:end, place], hits[:end, place])
        for place, (part, end) in enumerate(zip(PARTS, ends, strict=True))
    }


def evaluate(scorer: Scorer, songs: Iterable[MelodySong]) -> dict[str, MelodyFigures]:
    """The figures by corpus and of EVERYTHING."""
    rows: dict[str, list[Scores]] = {EVERYTHING: []}
    for song in songs:
        scores = scorer(song)
        rows[EVERYTHING].append(scores)
        rows.setdefault(song.corpus, []).append(scores)
    return {name: figures(found) for name, found in rows.items() if found}


def figures(scores: Sequence[Scores]) -> MelodyFigures:
    """The figures of songs together; each event counts alike."""
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
