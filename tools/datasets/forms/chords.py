"""The form `chords`: windows of a song's chords, and the chord that follows each.

A row is {input_ids, target_id, root_pc, quality_code, function_code}, all of the window's length
except the target, plus {song, split, key, transpose}. Ids are those of
`harmony_columns.CHORD_VOCABULARY`, codes those of the tables in `theory`.

A song's sequence begins with <start> and ends with <end>, so that the first chord and the end are
learned too; the first windows are padded on the left with <pad>. Special tokens have the columns of
no chord. A function is derived from the chord and its key alone, unlike in `theory.annotate`, which
also looks at the next chord: a window must not reveal its target.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from muse.tools.datasets.forms.options import FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.harmony_columns import (
    NO_HARMONY,
    HarmonyEvent,
    full_key_name,
    harmony_events,
    key_at,
    semitones_to_common,
    transpose_event,
    transpose_key,
)
from muse.tools.datasets.vocabulary import END_ID, PAD_ID, START_ID
from muse.tools.song.document import Song
from muse.tools.theory.annotate import keys_at_chords, symbol_or_unknown
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


def shifts_for(song: Song, options: FormOptions) -> Sequence[int]:
    """Return the transpositions in which the song is written, in semitones up."""
    if options.transpose == "common":
        return (semitones_to_common(song),)
    return range(12) if options.transpose == "all" else (0,)


def chord_rows(entry: Entry, options: FormOptions) -> Iterator[Row]:
    """Yield the rows of one song in each of its transpositions."""
    events = harmony_events(with_causal_functions(entry.song), options.merge)
    for shift in shifts_for(entry.song, options):
        yield from chord_windows(
            entry, [transpose_event(event, shift) for event in events], shift, options
        )


def with_causal_functions(song: Song) -> Song:
    """Return the song with functions derived without looking at the chords that follow."""
    keys = keys_at_chords(song.chords, song.keys)
    codes = [
        function_code(symbol_or_unknown(chord.symbol), key) if key else None
        for chord, key in zip(song.chords, keys, strict=True)
    ]
    chords = [
        msgspec.structs.replace(chord, function_code=code)
        for chord, code in zip(song.chords, codes, strict=True)
    ]
    return msgspec.structs.replace(song, chords=chords)


def chord_windows(
    entry: Entry, events: Sequence[HarmonyEvent], shift: int, options: FormOptions
) -> Iterator[Row]:
    """Yield the windows of a sequence of chords."""
    size = options.window
    pad = [PAD_ID] * size
    ids = [*pad, START_ID, *(event.chord_id for event in events), END_ID]
    names = COLUMNS + (EXTRA_COLUMNS if options.extras else ())
    around = [*[NO_HARMONY] * (size + 1), *events, NO_HARMONY]
    columns = {name: [COLUMN_OF[name](event) for event in around] for name in names}
    first = size + 1 if options.left_pad else 2 * size
    for target in range(first, len(ids), options.stride):
        start = target - size
        key = transpose_key(key_at(entry.song.keys, around[target].start), shift)
        yield {
            "input_ids": ids[start:target],
            "target_id": ids[target],
            **{name: column[start:target] for name, column in columns.items()},
            "song": entry.id,
            "split": entry.split,
            "key": full_key_name(key),
            "transpose": shift,
        }


def count_windows(count: int, options: FormOptions) -> int:
    """Return the number of rows that `count` chords give in one transposition."""
    targets = count + 1 - (0 if options.left_pad else max(options.window - 1, 0))
    return max(-(-targets // options.stride), 0)
