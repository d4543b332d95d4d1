"""The melody net's input: columns of ids, one row per note after a start row.

Conventions: row i holds note i - 1, the position at which note i begins, and the chords there, so
that the prediction of note i's pitch depends on the harmony; row 0 is the start. The pitch, advance
and duration of note i determine the position and chords of the next row. Advances and durations are
classes of steps; common values are exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.columns import COLUMN_SIZES as CHORD_SIZES
from muse.tools.chords.columns import METERS, chord_ids
from muse.tools.datasets.chord_events import MODES
from muse.tools.datasets.melody_events import LONGEST, PITCHES
from muse.tools.datasets.melody_songs import MelodyContext, MelodySong
from muse.tools.theory.keys import Mode

Ids = NDArray[np.int64]

# steps; other advances and durations go to the nearest class by ratio
ADVANCES = (*range(1, 13), *(15, 16, 18, 20, 21, 24, 27, 28, 30, 32, 33, 36, 39, 40, 42, 44, 45))
ADVANCES = (*ADVANCES, *range(48, 96, 6), *range(96, 385, 12))
DURATIONS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 21, 24, 30, 36, 42, 48, 60, 72, 84, 96)
LARGEST_LEAP = 24  # semitones; larger ones count as this
INTERVALS = 2 * LARGEST_LEAP + 1
NO_PITCH, NO_INTERVAL = PITCHES, INTERVALS  # ids of the start row
NO_ADVANCE, NO_DURATION = len(ADVANCES), len(DURATIONS)
UNTILS = 33  # classes of the time until the chord changes, in quarter beats; the last is longer
STEPS_OF_UNTIL = 3
PHRASE_BARS = 16  # bars are counted modulo this
TEMPOS = (60, 72, 84, 96, 108, 120, 136, 152, 176)  # limits of classes, quarter notes per minute
HARMONY = ("chord", "root", "quality", "function", "bass")  # columns of a chord

# number of ids of each column
NOTE_SIZES = {
    "pitch": NO_PITCH + 1,
    "interval": NO_INTERVAL + 1,
    "advance": NO_ADVANCE + 1,
    "duration": NO_DURATION + 1,
    "place": LONGEST,
    "phrase": PHRASE_BARS,
}
HARMONY_SIZES = {
    **{name: CHORD_SIZES[name] for name in HARMONY},
    **{f"coming_{name}": CHORD_SIZES[name] for name in HARMONY},
    "until": UNTILS,
}
COLUMN_SIZES = NOTE_SIZES | HARMONY_SIZES
CONTEXT_SIZES = {"mode": len(MODES), "meter": len(METERS) + 1, "tempo": len(TEMPOS) + 1}


@dataclass(frozen=True)
class Columns:
    """One song as net input.

    Attributes:
        ids: columns of shape (rows,), by the names of COLUMN_SIZES.
        contexts: ids that hold for the whole song, by the names of CONTEXT_SIZES.
        bars: bar in which the next note begins, (rows,).
    """

    ids: Mapping[str, Ids]
    contexts: Mapping[str, int]
    bars: Ids


@lru_cache(maxsize=1024)
def nearest(steps: int, classes: tuple[int, ...]) -> int:
    """Return the index of the class nearest by ratio to a number of steps."""
    return int(np.abs(np.log(classes) - np.log(max(steps, 1))).argmin())


def advance_class(steps: int) -> int:
    """Return the index in ADVANCES of the nearest advance."""
    return nearest(min(steps, ADVANCES[-1]), ADVANCES)


def duration_class(steps: int) -> int:
    """Return the index in DURATIONS of the nearest duration."""
    return nearest(min(steps, DURATIONS[-1]), DURATIONS)


def interval_id(pitch: int, before: int | None) -> int:
    """Return the id of the semitones from the pitch before; NO_INTERVAL without one."""
    if before is None:
        return NO_INTERVAL
    return min(max(pitch - before, -LARGEST_LEAP), LARGEST_LEAP) + LARGEST_LEAP


def note_ids(pitch: int, before: int | None, advance: int, duration: int) -> dict[str, int]:
    """Return the columns of one note.

    Args:
        pitch: in the common key, 0 to 127.
        before: pitch of the note before it.
        advance: steps.
        duration: steps.
    """
    return {
        "pitch": pitch,
        "interval": interval_id(pitch, before),
        "advance": advance_class(advance),
        "duration": duration_class(duration),
    }


def start_ids() -> dict[str, int]:
    """Return the note columns of row 0."""
    none = (NO_PITCH, NO_INTERVAL, NO_ADVANCE, NO_DURATION)
    return dict(zip(("pitch", "interval", "advance", "duration"), none, strict=True))


def place_ids(bar: int, position: int) -> dict[str, int]:
    """Return the columns of the position where the next note begins.

    Args:
        bar: index of its bar.
        position: steps from the start of that bar.
    """
    return {"place": min(max(position, 0), LONGEST - 1), "phrase": bar % PHRASE_BARS}


def harmony_ids(
    chord: tuple[int, int], coming: tuple[int, int], until: int, mode: Mode
) -> dict[str, int]:
    """Return the columns of the chords where the next note begins.

    Args:
        chord: id in the common key, and bass above the root, of the chord there.
        coming: id and bass of the next chord.
        until: steps until the next chord.
        mode: of the key.
    """
    now, then = chord_ids(*chord, mode), chord_ids(*coming, mode)
    return {
        **{name: now[name] for name in HARMONY},
        **{f"coming_{name}": then[name] for name in HARMONY},
        "until": min(until // STEPS_OF_UNTIL, UNTILS - 1),
    }


def context_ids(context: MelodyContext) -> dict[str, int]:
    """Return the ids that hold for a whole song."""
    meter = (context.numerator, context.denominator)
    return {
        "mode": MODES.index(context.mode),
        "meter": METERS.index(meter) if meter in METERS else len(METERS),
        "tempo": int(np.searchsorted(TEMPOS, context.bpm)),
    }


def song_columns(song: MelodySong) -> Columns:
    """Convert a song to columns; the last row has no position and harmony, as no note follows."""
    rows = [start_ids()]
    pitches = song.pitch.tolist()
    befores = [None, *pitches[:-1]]
    lengths = zip(song.advance.tolist(), song.duration.tolist(), strict=True)
    for pitch, before, (advance, duration) in zip(pitches, befores, lengths, strict=True):
        rows.append(note_ids(pitch, before, advance, duration))
    for row, position in zip(rows, position_rows(song), strict=False):
        row.update(position)
    rows[-1].update({name: 0 for name in COLUMN_SIZES if name not in rows[-1]})
    ids = {name: np.array([row[name] for row in rows], np.int64) for name in COLUMN_SIZES}
    bars = np.append(song.bar, song.bar[-1]).astype(np.int64)
    return Columns(ids, context_ids(song.context), bars - bars[0])


def position_rows(song: MelodySong) -> list[dict[str, int]]:
    """Return position and harmony columns at the start of each note."""
    first = int(song.bar[0])
    names = ("bar", "position", "chord", "bass", "coming_chord", "coming_bass", "until")
    table = zip(*(getattr(song, name).tolist() for name in names), strict=True)
    return [
        place_ids(bar - first, position)
        | harmony_ids((chord, bass), (coming, below), until, song.context.mode)
        for bar, position, chord, bass, coming, below, until in table
    ]


def stack_songs(songs: Sequence[Columns]) -> dict[str, NDArray[np.int64] | NDArray[np.bool_]]:
    """Stack songs into one batch, padded at their ends with zeros.

    Returns:
        columns and `bars`, each (songs, rows); contexts, each (songs,); and `is_row`, False for
        padding, (songs, rows).
    """
    rows = max(len(song.bars) for song in songs)

    def padded(arrays: Sequence[Ids]) -> Ids:
        return np.stack([np.pad(array, (0, rows - len(array))) for array in arrays])

    flat: dict[str, NDArray[np.int64] | NDArray[np.bool_]] = {
        name: padded([song.ids[name] for song in songs]) for name in COLUMN_SIZES
    }
    flat |= {name: np.array([song.contexts[name] for song in songs]) for name in CONTEXT_SIZES}
    flat["bars"] = padded([song.bars for song in songs])
    flat["is_row"] = padded([np.ones(len(song.bars), np.int64) for song in songs]).astype(bool)
    return flat
