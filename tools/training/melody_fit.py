"""Counts of melody notes by the chord under them: the table of `muse chords --under`."""

from collections.abc import Iterable, Iterator

import numpy as np

from muse.tools.chords.harmonize.melody_fit import CLASSES, Counts, Segment, segment_class
from muse.tools.datasets.harmony_columns import chord_of_id
from muse.tools.datasets.melody_events import STEPS
from muse.tools.melody.song_arrays import MelodySong
from muse.tools.song.document import Meter
from muse.tools.theory.qualities import QUALITIES


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
