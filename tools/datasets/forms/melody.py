"""The form `melody`: a melody as events, with the chord that sounds at each.

A row is {metadata {key_signature_root, key_signature_mode, time_signature_num, time_signature_den,
tempo_bpm}, conditioning_chord_ids, conditioning_root_pc, conditioning_quality_code,
conditioning_function_code, event_ids} and {song, split, transpose, bar}. All sequences are equally
long: event i is told under chord i, the one that sounds at the event's note or at the start of its
bar. Metadata are those at the row's first bar; key_signature_root is a pitch class. A song is cut
every few bars; rows without a note are left out. A song's first row begins with <start>, its last
ends with <end>.

The melody is the track called MELODY, else one whose role is vocals or lead, else the only pitched
track; it is made monophonic (melody_events.py).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from muse.tools.datasets.forms.chords import shifts_of
from muse.tools.datasets.forms.options import MELODY_BARS, FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.harmony_columns import (
    HarmonyEvent,
    event_at,
    harmony_of,
    key_at,
    moved_key,
    transposed,
)
from muse.tools.datasets.melody_events import (
    STEPS,
    Event,
    StepBar,
    StepNote,
    encode_melody,
    on_grid,
    step_bars,
)
from muse.tools.datasets.vocabulary import END_ID, START_ID
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song, Track

MELODY_NAME = re.compile(r"melod", re.IGNORECASE)
MELODY_ROLES = ("vocals", "lead")
HIGHEST = 127  # MIDI
DECIMALS_OF_BPM = 2


@dataclass(frozen=True)
class Line:
    """A song's melody and what goes with it."""

    notes: Sequence[StepNote]
    bars: Sequence[StepBar]
    harmony: Sequence[HarmonyEvent]


def melody_track(song: Song) -> Track:
    """The track with the song's melody.

    Raises:
        BadInputError: no track is one, or none that could be has a note.
    """
    pitched = [track for track in song.tracks if track.notes and not track.is_drum]
    named = [track for track in pitched if MELODY_NAME.search(track.name)]
    for role in MELODY_ROLES:
        named += [track for track in pitched if track.role == role]
    if named:
        return named[0]
    if len(pitched) == 1:
        return pitched[0]
    raise BadInputError("no track in it is a melody: name one MELODY")


def line_of(song: Song) -> Line:
    """The melody, bars and chords of a song; raises BadInputError where it has no melody."""
    notes = on_grid(melody_track(song).notes)
    end = max(note.start + 1 for note in notes) / STEPS
    return Line(notes, step_bars(song.meters, end), harmony_of(song, merge=False))


def melody_rows(entry: Entry, options: FormOptions) -> Iterator[Row]:
    """The rows of one song, in each of its transpositions."""
    line = line_of(entry.song)
    size = MELODY_BARS if options.bars is None else options.bars
    cuts = range(0, len(line.bars), size or len(line.bars))
    chunks = [line.bars[cut : cut + size] if size else line.bars for cut in cuts]
    for shift in shifts_of(entry.song, options):
        moved = transposed_line(line, shift)
        for cut, bars in zip(cuts, chunks, strict=True):
            events = encode_melody(moved.notes, bars)
            if len(events) > len(bars):
                edges = (cut == 0, bars[-1] is line.bars[-1])
                yield row_of(entry, moved, with_edges(events, edges), shift, cut)


def with_edges(events: list[Event], edges: tuple[bool, bool]) -> list[Event]:
    """The events with <start> and <end> where the song begins and ends."""
    is_first, is_last = edges
    before = [Event(START_ID, events[0].step)] if is_first else []
    return [*before, *events, *([Event(END_ID, events[-1].step)] if is_last else [])]


def transposed_line(line: Line, shift: int) -> Line:
    """The line some semitones higher, or an octave less where it would leave MIDI's range."""
    top = max(note.pitch for note in line.notes)
    by = shift if top + shift <= HIGHEST else shift - 12
    notes = [StepNote(n.start, n.duration, max(n.pitch + by, 0)) for n in line.notes]
    return Line(notes, line.bars, [transposed(event, shift) for event in line.harmony])


def row_of(entry: Entry, line: Line, events: Sequence[Event], shift: int, bar: int) -> Row:
    """One row."""
    starts = [event.start for event in line.harmony]
    chords = [event_at(line.harmony, starts, event.step / STEPS) for event in events]
    return {
        "metadata": metadata_of(entry.song, events[0].step / STEPS, shift),
        "conditioning_chord_ids": [chord.chord_id for chord in chords],
        "conditioning_root_pc": [chord.root_pc for chord in chords],
        "conditioning_quality_code": [chord.quality_code for chord in chords],
        "conditioning_function_code": [chord.function_code for chord in chords],
        "event_ids": [event.id for event in events],
        "song": entry.id,
        "split": entry.split,
        "transpose": shift,
        "bar": bar,
    }


def metadata_of(song: Song, beat: float, shift: int) -> dict[str, Any]:
    """Key, metre and tempo in force at a beat."""
    key = moved_key(key_at(song.keys, beat), shift)
    meters = [meter for meter in song.meters if meter.beat <= beat] or song.meters[:1]
    return {
        "key_signature_root": key.tonic_pc,
        "key_signature_mode": key.mode,
        "time_signature_num": meters[-1].numerator if meters else 4,
        "time_signature_den": meters[-1].denominator if meters else 4,
        "tempo_bpm": round(song.tempo_map().bpm_at(beat), DECIMALS_OF_BPM),
    }
