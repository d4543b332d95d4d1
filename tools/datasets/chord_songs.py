"""Songs as arrays of chords.

Conventions are those of chord_events.py; every array has one entry per chord, with repeats merged.
Missing keys are detected, and so are the chords of a song that has only notes; the context's key
and meter are those in force longest. Sections are distinguished by their whole label and numbered
in order of first appearance, so that a section that returns keeps its number.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_events import (
    ChordEvent,
    Context,
    Style,
    bar_position,
    duration_class,
    function_code_of,
    transposed_ids,
)
from muse.tools.datasets.harmony_columns import (
    NO_ROOT,
    HarmonyEvent,
    harmony_events,
    key_at,
    longest_key,
)
from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Meter, Section, Song
from muse.tools.song.meter import bar_beats
from muse.tools.theory.annotate import detect_keys, symbol_or_unknown

MIN_CHORDS = 2  # a shorter song has no transition
NO_SECTION = -1  # before the first section, or without any

# dtype of each array of a song
COLUMNS: dict[str, Any] = {
    "chord_id": np.int16,
    "bass": np.int8,
    "duration_class": np.int8,
    "start_beats": np.float64,
    "duration_beats": np.float64,
    "bar_position_beats": np.float64,
    "section": np.int16,
    "function_code": np.int16,
}


@dataclass(frozen=True)
class ChordSong:
    """The chords of one song; arrays of shape (chords,).

    Attributes:
        id: path within the collections, the collection's name first.
        context: main key and meter, style.
        chord_id: int16, absolute roots; neighbors differ.
        bass: int8, semitones above the root, 0 to 11.
        duration_class: int8, index in chord_events.DURATIONS.
        start_beats, duration_beats, bar_position_beats: float64.
        section: int16, NO_SECTION and up.
        function_code: int16, in the key in force where the chord starts, without the next chord.
    """

    id: str
    context: Context
    chord_id: NDArray[np.int16]
    bass: NDArray[np.int8]
    duration_class: NDArray[np.int8]
    start_beats: NDArray[np.float64]
    duration_beats: NDArray[np.float64]
    bar_position_beats: NDArray[np.float64]
    section: NDArray[np.int16]
    function_code: NDArray[np.int16]

    @property
    def corpus(self) -> str:
        """Name of the collection that the song is from."""
        return PurePath(self.id).parts[0] if self.id else ""

    def __len__(self) -> int:
        """Return the number of chords."""
        return len(self.chord_id)

    def common_ids(self) -> NDArray[np.int64]:
        """Return the chord ids with the song transposed to C major or A minor."""
        return transposed_ids(self.chord_id, -self.context.home_pc)

    def events(self) -> Iterator[ChordEvent]:
        """Yield the chords one by one."""
        columns = [getattr(self, name).tolist() for name in list(COLUMNS)[:6]]
        for row in zip(*columns, strict=True):
            yield ChordEvent(*row)


def chord_song(name: str, song: Song, style: Style) -> ChordSong:
    """Convert a Song to arrays.

    Args:
        name: its id.
        song: with chords, or with notes to detect them in.
        style: of the song.

    Raises:
        BadInputError: it has fewer chords than MIN_CHORDS.
    """
    song = with_chords_and_keys(song)
    events = harmony_events(song)
    if len(events) < MIN_CHORDS:
        raise BadInputError(f"{name}: it has {len(events)} chords, too few to train on")
    sections = section_numbers(song.sections)
    rows = [chord_row(event, song, sections) for event in events]
    columns = zip(*rows, strict=True)
    arrays = {
        name: np.array(column, kind)
        for (name, kind), column in zip(COLUMNS.items(), columns, strict=True)
    }
    return ChordSong(name, context_of(song, style), **arrays)


def chord_row(
    event: HarmonyEvent, song: Song, sections: Sequence[tuple[float, int]]
) -> tuple[Any, ...]:
    """Return the entries of COLUMNS for one chord."""
    bass = 0 if NO_ROOT in (event.root_pc, event.bass_pc) else (event.bass_pc - event.root_pc) % 12
    key = key_at(song.keys, event.start)
    return (
        event.chord_id,
        bass,
        duration_class(event.duration),
        event.start,
        event.duration,
        bar_position(event.start, song.meters),
        max((s for s in sections if s[0] <= event.start), default=(0.0, NO_SECTION))[1],
        function_code_of(event.chord_id, bass, key.tonic_pc, key.mode),
    )


def section_numbers(sections: Sequence[Section]) -> list[tuple[float, int]]:
    """Return beat and number of each section; sections with the same label share a number."""
    numbers: dict[str, int] = {}
    return [(s.beat, numbers.setdefault(s.label, len(numbers))) for s in sections]


def context_of(song: Song, style: Style) -> Context:
    """Return the key and meter in force longest, and the style."""
    key, meter = longest_key(song), longest_meter(song)
    return Context(key.tonic_pc, key.mode, style, meter.numerator, meter.denominator)


def longest_meter(song: Song) -> Meter:
    """Return the meter in force for most bars of a song; 4/4 without any."""
    bars: Counter[tuple[int, int]] = Counter()
    ends = [*(meter.beat for meter in song.meters[1:]), song.end_beats()]
    for meter, end in zip(song.meters, ends, strict=False):
        count = int(max(end - meter.beat, 0) / bar_beats(meter))
        bars[meter.numerator, meter.denominator] += count
    return Meter(0.0, *(max(bars, key=lambda m: bars[m]) if bars else (4, 4)))


def with_chords_and_keys(song: Song) -> Song:
    """Return the song with chords and keys, detected if it has none."""
    if not song.chords and any(t.notes and not t.is_drum for t in song.tracks):
        from muse.tools.theory.chord_finding import find_chords

        song = msgspec.structs.replace(song, chords=find_chords(song))
    chords = [
        chord if chord.quality_code is not None else read_chord(chord) for chord in song.chords
    ]
    song = msgspec.structs.replace(song, chords=chords)
    if chords and not song.keys:
        symbols = [symbol_or_unknown(chord.symbol) for chord in chords]
        song = msgspec.structs.replace(song, keys=detect_keys(song, symbols))
    return song


def read_chord(chord: Chord) -> Chord:
    """Return the chord with root, quality code and bass parsed from its symbol, if possible."""
    symbol = symbol_or_unknown(chord.symbol)
    return msgspec.structs.replace(
        chord, root_pc=symbol.root_pc, quality_code=symbol.quality_code, bass_pc=symbol.bass_pc
    )
