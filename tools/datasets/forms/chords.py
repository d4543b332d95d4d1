"""The form `chords`: windows of a song's chords, and the chord that follows.

A row is {input_ids, target_id, root_pc, quality_code, function_code}, all of the window's length
but the target, and {song, split, key, transpose}. A song's sequence begins with <start> and ends
with <end>, so that the first chord and the end are learned too; the first windows are filled up
from the left with <pad>. Specials have the columns of no chord. Ids are those of
harmony.CHORD_VOCABULARY, codes those of theory's tables. A function is told from the chord and its
key alone, and not, as theory.annotate does, from the chord that follows: a window must not give
away its target.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from muse.tools.datasets.forms.options import FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.harmony_columns import (
    NOTHING,
    HarmonyEvent,
    harmony_of,
    key_at,
    key_name,
    moved_key,
    semitones_to_common,
    transposed,
)
from muse.tools.datasets.vocabulary import END_ID, PAD_ID, START_ID
from muse.tools.song.document import Song
from muse.tools.theory.annotate import key_places, symbol_or_unknown
from muse.tools.theory.functions import function_code

COLUMNS = ("root_pc", "quality_code", "function_code")
COLUMN_OF: dict[str, Callable[[HarmonyEvent], float]] = {
    "root_pc": lambda event: event.root_pc,
    "quality_code": lambda event: event.quality_code,
    "function_code": lambda event: event.function_code,
    "bass_pc": lambda event: event.bass_pc,
    "duration_beats": lambda event: round(event.duration, 6),
    "beat": lambda event: round(event.start, 6),
}
EXTRA_COLUMNS = ("bass_pc", "duration_beats", "beat")


def shifts_of(song: Song, options: FormOptions) -> Sequence[int]:
    """How many semitones up the song is written."""
    if options.transpose == "common":
        return (semitones_to_common(song),)
    return range(12) if options.transpose == "all" else (0,)


def chord_rows(entry: Entry, options: FormOptions) -> Iterator[Row]:
    """The rows of one song, in each of its transpositions."""
    events = harmony_of(unforeseen(entry.song), options.merge)
    for shift in shifts_of(entry.song, options):
        yield from windows(entry, [transposed(event, shift) for event in events], shift, options)


def unforeseen(song: Song) -> Song:
    """The song with functions that were told without looking at the chords that follow."""
    keys = key_places(song.chords, song.keys)
    codes = [
        function_code(symbol_or_unknown(chord.symbol), key) if key else None
        for chord, key in zip(song.chords, keys, strict=True)
    ]
    chords = [
        msgspec.structs.replace(chord, function_code=code)
        for chord, code in zip(song.chords, codes, strict=True)
    ]
    return msgspec.structs.replace(song, chords=chords)


def windows(
    entry: Entry, events: Sequence[HarmonyEvent], shift: int, options: FormOptions
) -> Iterator[Row]:
    """The windows of a sequence of chords."""
    size = options.window
    pad = [PAD_ID] * size
    ids = [*pad, START_ID, *(event.chord_id for event in events), END_ID]
    names = COLUMNS + (EXTRA_COLUMNS if options.extras else ())
    around = [*[NOTHING] * (size + 1), *events, NOTHING]
    columns = {name: [COLUMN_OF[name](event) for event in around] for name in names}
    first = size + 1 if options.left_pad else 2 * size
    for target in range(first, len(ids), options.stride):
        start = target - size
        key = moved_key(key_at(entry.song.keys, around[target].start), shift)
        yield {
            "input_ids": ids[start:target],
            "target_id": ids[target],
            **{name: column[start:target] for name, column in columns.items()},
            "song": entry.id,
            "split": entry.split,
            "key": key_name(key),
            "transpose": shift,
        }


def count_windows(count: int, options: FormOptions) -> int:
    """How many rows a sequence of that many chords gives, in one transposition."""
    targets = count + 1 - (0 if options.left_pad else max(options.window - 1, 0))
    return max(-(-targets // options.stride), 0)
