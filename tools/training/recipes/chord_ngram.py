"""Counts chords for chord-ngram, the model of `muse chords --model ngram`.

    muse train chord-ngram --data DATA

The training side of the split with seed 0 is counted; the figures on the card are of its test side.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from muse.tools.chords.ngram_model import NAME, POSITIONS_PER_BEAT, WEIGHTS, NgramModel, Rows
from muse.tools.datasets.chord_events import (
    DURATIONS,
    FIRST_TARGET_ID,
    MODES,
    STYLES,
    VOCABULARY_SIZE,
    transposed_ids,
)
from muse.tools.datasets.chord_songs import ChordSong
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.vocabulary import START_ID
from muse.tools.evaluation.chords import evaluate
from muse.tools.training.data_folder import CHORD_COLLECTIONS
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.recipes.corpora import (
    CACHE,
    CountSettings,
    load_chords,
    repeated,
    source_records,
)

TABLES = ("chords", "durations", "basses")


class ChordNgramFit(Fit):
    """Counts of chords, durations and basses by style and mode."""

    name = WEIGHTS
    what = "predicts the next chord, its duration and its bass from counts of what came before"
    task = "chords"
    settings = CountSettings
    collections: ClassVar[tuple[str, ...]] = CHORD_COLLECTIONS
    cache = CACHE
    minutes = 1.0

    def fit(self, job: FitJob) -> Fitted:
        """Count the training side and measure the test side."""
        data = load_chords(job.data, job.report)
        sides = data.sides(seed=job.settings.split_seed)
        songs = sides["train"]
        tables = count_chords(repeated(songs))
        return Fitted(
            tables,
            chord_counts_config(),
            source_records(songs),
            {
                name: {
                    "top1": round(row.top1, 4),
                    "perplexity": round(row.perplexity, 3),
                    "songs": row.songs,
                }
                for name, row in evaluate(NgramModel(tables), sides["test"]).items()
            },
            {
                "vocabulary": CHORD_VOCABULARY.name,
                "vocabulary_hash": CHORD_VOCABULARY.hash,
                "data_hash": data.content_hash(),
                "songs": len(songs),
                "chords": sum(map(len, songs)),
            },
        )


def count_chords(songs: Iterable[ChordSong]) -> dict[str, Rows]:
    """Count everything that the model knows, as rows of integers whose last column is a count.

    Returns:
        `chords`: style, mode, the two chords before, chord, relative to the tonic;
        `durations`: style, bar length and position in the bar in eighths, chord, duration class;
        `basses`: style, chord before, chord, bass.
    """
    found: dict[str, Counter[tuple[int, ...]]] = {name: Counter() for name in TABLES}
    for song in songs:
        style, mode = song.context.style_code, song.context.mode_code
        ids = [START_ID, START_ID, *transposed_ids(song.chord_id, -song.context.tonic_pc).tolist()]
        bar = round(song.context.bar_beats * POSITIONS_PER_BEAT)
        places = np.rint(song.bar_position_beats * POSITIONS_PER_BEAT).astype(int).tolist()
        lengths, basses = song.duration_class.tolist(), song.bass.tolist()
        rows = zip(ids, ids[1:], ids[2:], places, lengths, basses, strict=False)
        for far, near, chord, place, duration, bass in rows:
            if chord >= FIRST_TARGET_ID:
                found["chords"][style, mode, far, near, chord] += 1
                found["durations"][style, bar, place, chord, duration] += 1
                found["basses"][style, near, chord, bass] += 1
    return {name: sorted_rows(counter) for name, counter in found.items()}


def sorted_rows(counter: Counter[tuple[int, ...]]) -> Rows:
    """Return a counter as sorted rows, the count last."""
    return np.array([(*key, count) for key, count in sorted(counter.items())], np.int16)


def chord_counts_config() -> dict[str, Any]:
    """Return the config for the model's card: what the codes in the tables mean."""
    codes = {"styles": STYLES, "modes": MODES, "durations": DURATIONS}
    return {"kind": NAME, "size": VOCABULARY_SIZE, **codes}
