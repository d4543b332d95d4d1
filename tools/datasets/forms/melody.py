"""The form `melody`: a melody as events, with the chord at each event.

A row is {metadata {key_signature_root, key_signature_mode, time_signature_num, time_signature_den,
tempo_bpm}, conditioning_chord_ids, conditioning_root_pc, conditioning_quality_code,
conditioning_function_code, event_ids} plus {song, split, transpose, bar}. All sequences have the
same length: chord i is the one at the start of the note or bar that event i belongs to. Metadata
are those at the row's first bar; key_signature_root is a pitch class. A song is cut every few bars;
rows without a note are left out. A song's first row begins with <start>, its last ends with <end>.

The melody is the track called MELODY, else a track whose role is vocals or lead, else the only
pitched track, else the highest that plays one note at a time; it is made monophonic
(`melody_events`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from muse.tools.datasets.forms.chords import shifts_for
from muse.tools.datasets.forms.options import MELODY_BARS, FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.harmony_columns import (
    HarmonyEvent,
    event_at,
    harmony_events,
    key_at,
    transpose_event,
    transpose_key,
)
from muse.tools.datasets.melody_events import (
    STEPS,
    Event,
    StepBar,
    StepNote,
    encode_melody,
    quantize_melody,
    step_bars,
)
from muse.tools.datasets.melody_track import guess_melody
from muse.tools.datasets.vocabulary import END_ID, START_ID
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song, Track

MELODY_NAME = re.compile(r"melod", re.IGNORECASE)
MELODY_ROLES = ("vocals", "lead")
HIGHEST = 127  # MIDI pitch
DECIMALS_OF_BPM = 2


@dataclass(frozen=True)
class SongMelody:
    """A song's melody on the grid, with its bars and chords."""

    notes: Sequence[StepNote]
    bars: Sequence[StepBar]
    harmony: Sequence[HarmonyEvent]


def find_melody_track(song: Song) -> Track:
    """Return the track with the song's melody.

    Raises:
        BadInputError: no track is called MELODY, leads, is the only one with pitched notes, or
            plays single notes.
    """
    pitched = [track for track in song.tracks if track.notes and not track.is_drum]
    named = [track for track in pitched if MELODY_NAME.search(track.name)]
    for role in MELODY_ROLES:
        named += [track for track in pitched if track.role == role]
    if named:
        return named[0]
    if len(pitched) == 1:
        return pitched[0]
    if pitched and (guess := guess_melody(pitched)):
        return guess
    raise BadInputError("no melody track found; name one MELODY, or choose one: --melody-track")


def read_melody(song: Song) -> SongMelody:
    """Return melody, bars and chords of a song; raises BadInputError if it has no melody."""
    notes = quantize_melody(find_melody_track(song).notes)
    end = max(note.start + 1 for note in notes) / STEPS
    return SongMelody(notes, step_bars(song.meters, end), harmony_events(song, merge=False))


def melody_rows(entry: Entry, options: FormOptions) -> Iterator[Row]:
    """Yield the rows of one song in each of its transpositions."""
    line = read_melody(entry.song)
    size = MELODY_BARS if options.bars is None else options.bars
    cuts = range(0, len(line.bars), size or len(line.bars))
    chunks = [line.bars[cut : cut + size] if size else line.bars for cut in cuts]
    for shift in shifts_for(entry.song, options):
        moved = transpose_melody(line, shift)
        for cut, bars in zip(cuts, chunks, strict=True):
            events = encode_melody(moved.notes, bars)
            if len(events) > len(bars):
                edges = (cut == 0, bars[-1] is line.bars[-1])
                yield make_row(entry, moved, add_edge_tokens(events, edges), shift, cut)


def add_edge_tokens(events: list[Event], edges: tuple[bool, bool]) -> list[Event]:
    """Return the events with <start> and <end> added at the edges (first, last) of the song."""
    is_first, is_last = edges
    before = [Event(START_ID, events[0].step)] if is_first else []
    return [*before, *events, *([Event(END_ID, events[-1].step)] if is_last else [])]


def transpose_melody(line: SongMelody, shift: int) -> SongMelody:
    """Return the line transposed up; an octave lower if it would exceed the MIDI range."""
    top = max(note.pitch for note in line.notes)
    by = shift if top + shift <= HIGHEST else shift - 12
    notes = [StepNote(n.start, n.duration, max(n.pitch + by, 0)) for n in line.notes]
    return SongMelody(notes, line.bars, [transpose_event(event, shift) for event in line.harmony])


def make_row(entry: Entry, line: SongMelody, events: Sequence[Event], shift: int, bar: int) -> Row:
    """Return the row of some events."""
    starts = [event.start for event in line.harmony]
    chords = [event_at(line.harmony, starts, event.step / STEPS) for event in events]
    return {
        "metadata": metadata_at(entry.song, events[0].step / STEPS, shift),
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


def metadata_at(song: Song, beat: float, shift: int) -> dict[str, Any]:
    """Return key, meter and tempo at a beat."""
    key = transpose_key(key_at(song.keys, beat), shift)
    meters = [meter for meter in song.meters if meter.beat <= beat] or song.meters[:1]
    return {
        "key_signature_root": key.tonic_pc,
        "key_signature_mode": key.mode,
        "time_signature_num": meters[-1].numerator if meters else 4,
        "time_signature_den": meters[-1].denominator if meters else 4,
        "tempo_bpm": round(song.tempo_map().bpm_at(beat), DECIMALS_OF_BPM),
    }
