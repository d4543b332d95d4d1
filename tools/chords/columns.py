"""The chord nets' input: columns of ids, one row per chord after a start row.

Conventions: songs are moved to C major or A minor (`Context.home_pc`), so that a net learns each
progression in one key instead of twelve. Row i holds chord i - 1 and the position at which chord i
begins; row 0 is the start. Function codes depend on the chord alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_events import (
    DURATIONS,
    MODES,
    STYLES,
    VOCABULARY_SIZE,
    Context,
    function_code_of,
    transposed_ids,
)
from muse.tools.datasets.chord_songs import ChordSong
from muse.tools.datasets.harmony_columns import NO_ROOT, chord_of_id
from muse.tools.datasets.vocabulary import START_ID
from muse.tools.theory.functions import FUNCTIONS
from muse.tools.theory.keys import Mode
from muse.tools.theory.qualities import QUALITIES

Ids = NDArray[np.int64]

NO_LENGTH = len(DURATIONS)  # id of the start row
POSITIONS_PER_BEAT = 2  # positions in the bar are in eighths
POSITIONS = 16  # eighths; the last id stands for all later positions
PHRASE_BEATS = 64  # beats since the first bar are counted modulo this
METERS = ((4, 4), (3, 4), (2, 4), (6, 8), (12, 8), (2, 2), (5, 4))  # one more id for all others
HOME = {"major": 0, "minor": 9}  # tonic of the common key

# number of ids of each column
COLUMN_SIZES = {
    "chord": VOCABULARY_SIZE,
    "root": NO_ROOT + 1,
    "quality": len(QUALITIES),
    "function": len(FUNCTIONS),
    "bass": NO_ROOT + 1,  # semitones above the root, or none
    "length": NO_LENGTH + 1,
    "place": POSITIONS,
    "phrase": PHRASE_BEATS,
}
CONTEXT_SIZES = {"style": len(STYLES), "mode": len(MODES), "meter": len(METERS) + 1}


@dataclass(frozen=True)
class Columns:
    """One song as net input.

    Attributes:
        ids: columns of shape (rows,), by the names of COLUMN_SIZES.
        contexts: ids that hold for the whole song, by the names of CONTEXT_SIZES.
        onsets: whole beats, counted from the bar line before the first chord, at which the next
            chord begins, (rows,).
    """

    ids: Mapping[str, Ids]
    contexts: Mapping[str, int]
    onsets: Ids


def context_ids(context: Context) -> dict[str, int]:
    """Return the ids that hold for a whole song: style, mode and meter."""
    meter = (context.numerator, context.denominator)
    return {
        "style": context.style_code,
        "mode": context.mode_code,
        "meter": METERS.index(meter) if meter in METERS else len(METERS),
    }


@lru_cache(maxsize=65536)
def chord_ids(common_id: int, bass: int, mode: Mode) -> dict[str, int]:
    """Return the columns that depend on one chord alone.

    Args:
        common_id: id of the chord, moved to the common key.
        bass: semitones above the root, 0 to 11.
        mode: of the key.
    """
    root, quality = chord_of_id(common_id)
    return {
        "chord": common_id,
        "root": NO_ROOT if root is None else root,
        "quality": quality,
        "function": function_code_of(common_id, bass if root is not None else 0, HOME[mode], mode),
        "bass": NO_ROOT if root is None else bass,
    }


def place_ids(position_beats: float, onset_beats: float) -> dict[str, int]:
    """Return the columns of the position where the next chord begins.

    Args:
        position_beats: beats from the bar line before it.
        onset_beats: beats from the bar line before the first chord.
    """
    return {
        "place": min(round(position_beats * POSITIONS_PER_BEAT), POSITIONS - 1),
        "phrase": int(onset_beats) % PHRASE_BEATS,
    }


def start_ids(mode: Mode) -> dict[str, int]:
    """Return the chord columns of row 0."""
    return {**chord_ids(START_ID, 0, mode), "length": NO_LENGTH}


def song_columns(song: ChordSong) -> Columns:
    """Convert a song to columns; the position of the last row is where the song ends."""
    common = transposed_ids(song.chord_id, -song.context.home_pc).tolist()
    mode = song.context.mode
    rows = [start_ids(mode)]
    for chord, bass, length in zip(common, song.bass, song.duration_class, strict=True):
        rows.append({**chord_ids(chord, int(bass), mode), "length": int(length)})
    begin = song.start_beats[0] - song.bar_position_beats[0]
    end = song.start_beats[-1] + song.duration_beats[-1]
    onsets = np.append(song.start_beats, end) - begin
    positions = [*song.bar_position_beats.tolist(), 0.0]
    for row, position, onset in zip(rows, positions, onsets, strict=True):
        row.update(place_ids(position, onset))
    ids = {name: np.array([row[name] for row in rows], np.int64) for name in COLUMN_SIZES}
    return Columns(ids, context_ids(song.context), onsets.astype(np.int64))


def stack_songs(
    songs: Sequence[Columns],
) -> tuple[dict[str, Ids], dict[str, Ids], Ids, NDArray[np.bool_]]:
    """Stack songs into one batch, padded at their ends with zeros.

    Returns:
        columns, each (songs, rows); contexts, each (songs,); onsets (songs, rows); and which rows
        are not padding, (songs, rows).
    """
    rows = max(len(song.onsets) for song in songs)

    def padded(arrays: Sequence[Ids]) -> Ids:
        return np.stack([np.pad(array, (0, rows - len(array))) for array in arrays])

    columns = {name: padded([song.ids[name] for song in songs]) for name in COLUMN_SIZES}
    contexts = {name: np.array([song.contexts[name] for song in songs]) for name in CONTEXT_SIZES}
    is_row = padded([np.ones(len(song.onsets), np.int64) for song in songs]).astype(bool)
    return columns, contexts, padded([song.onsets for song in songs]), is_row
