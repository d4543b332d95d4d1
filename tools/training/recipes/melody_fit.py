"""Counts melody notes over chords for melody-fit, which `muse chords --under` scores chords by.

    muse train melody-fit --data DATA

The training side of the split with seed 0 is counted; the figures on the card state how well the
table predicts the pitch classes of its test side.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np

from muse.tools.chords.harmonize.melody_fit import (
    CLASSES,
    LENGTHS,
    POSITIONS,
    WEIGHTS,
    Counts,
    MelodyFit,
    Segment,
    segment_class,
)
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, FIRST_CHORD_ID, chord_of_id
from muse.tools.datasets.melody_events import STEPS
from muse.tools.datasets.melody_songs import ARRAYS, MelodySong
from muse.tools.song.document import Meter
from muse.tools.theory.qualities import QUALITIES
from muse.tools.training.data_folder import MELODY_COLLECTIONS
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.recipes.corpora import (
    CACHE,
    CountSettings,
    load_melodies,
    source_records,
)


class MelodyFitFit(Fit):
    """Counts of pitch classes over chords, by metrical strength and length."""

    name = WEIGHTS
    what = "scores how well the notes of a melody fit a chord, from counts"
    task = "chords"
    settings = CountSettings
    collections: ClassVar[tuple[str, ...]] = MELODY_COLLECTIONS
    cache = CACHE
    minutes = 1.0

    def fit(self, job: FitJob) -> Fitted:
        """Count the training side and measure the test side."""
        data = load_melodies(job.data, job.report)
        sides = data.sides(job.settings.split_seed)
        songs = sides["train"]
        counts = count_melody_fit(songs)
        return Fitted(
            counts,
            {"kind": WEIGHTS, "places": POSITIONS, "lengths": list(LENGTHS)},
            source_records(songs),
            {"test": perplexities(counts, sides["test"])},
            {
                "vocabulary": CHORD_VOCABULARY.name,
                "vocabulary_hash": CHORD_VOCABULARY.hash,
                "data_hash": hash_of(data.songs),
                "songs": len(songs),
                "notes": sum(map(len, songs)),
            },
        )


def count_melody_fit(songs: Iterable[MelodySong]) -> Counts:
    """Count the segments of songs for `MelodyFit`.

    Returns:
        `qualities`: (CLASSES, qualities, 12) segments by pitch class above the root;
        `keys`: (CLASSES, 12) segments by pitch class of the common key.
    """
    qualities = np.zeros((CLASSES, len(QUALITIES), 12), np.int32)
    keys = np.zeros((CLASSES, 12), np.int32)
    for song in songs:
        for chord, segment in song_segments(song):
            root, code = chord_of_id(chord)
            if root is not None:
                qualities[segment.kind, code, (segment.pitch_class - root) % 12] += 1
                keys[segment.kind, segment.pitch_class] += 1
    return {"qualities": qualities, "keys": keys}


def song_segments(song: MelodySong) -> Iterator[tuple[int, Segment]]:
    """Yield the segments of a song's melody, each with the id of the chord under it."""
    meter = Meter(0.0, song.context.numerator, song.context.denominator)
    columns = (song.position, song.duration, song.until, song.pitch, song.chord, song.coming_chord)
    for position, duration, until, pitch, chord, coming in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        begin, own = position / STEPS, min(duration, until) / STEPS
        yield chord, Segment(segment_class(begin, own, meter, False), pitch % 12)
        if duration > until:
            rest = (duration - until) / STEPS
            yield coming, Segment(segment_class(begin + own, rest, meter, True), pitch % 12)


def perplexities(counts: Counts, songs: Iterable[MelodySong]) -> dict[str, float]:
    """Return the perplexity of the pitch classes of melodies, given the chord and without it."""
    fit = MelodyFit(counts)
    rows = [
        (segment.kind, segment.pitch_class, chord)
        for song in songs
        for chord, segment in song_segments(song)
        if chord >= FIRST_CHORD_ID
    ]
    kinds, pcs, chords = np.array(rows).T
    in_key = np.log(fit.in_key[kinds, pcs])
    in_chord = in_key + fit.logs[kinds, chords, pcs]
    figures = {"perplexity": in_chord, "perplexity_without_chords": in_key}
    return {name: round(float(np.exp(-logs.mean())), 3) for name, logs in figures.items()}


def hash_of(songs: Sequence[MelodySong]) -> str:
    """Return the SHA-256 of the arrays of all songs."""
    digest = hashlib.sha256()
    for song in songs:
        digest.update(song.id.encode())
        for name in ARRAYS:
            digest.update(np.ascontiguousarray(getattr(song, name)).tobytes())
    return digest.hexdigest()
