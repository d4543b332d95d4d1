"""The scheme `tsd` (time shift, duration): meters, tempos and notes with the time between them.

Source: Fradet et al. 2023, "Byte Pair Encoding for Symbolic Music".
"""

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.scheme import NO_LONG_NOTES, ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import read_stream
from muse.tools.tokens.stream_encoder import (
    NOTE_TYPES,
    add_shifts,
    merge_events,
    meter_events,
    note_ids,
    tempo_events,
)
from muse.tools.tokens.vocabulary import fields_of


def encode_tsd(grid: Grid) -> list[int]:
    """Return the ids of a grid: meters, tempos and notes, with the time shifts between them."""
    vocabulary = fields_of(grid.scheme)[0]
    rows = note_ids(grid, vocabulary, NOTE_TYPES)
    notes = zip(grid.notes["start"].tolist(), rows, strict=True)
    events = merge_events(meter_events(grid, vocabulary), tempo_events(grid, vocabulary), notes)
    return add_shifts(grid, events, vocabulary)


SCHEME = Scheme(
    name="tsd",
    miditok="TSD",
    fields=(("Pitch", "Velocity", "Duration", "TimeShift", "Tempo", "Program", "TimeSig"),),
    lost={**ONE_TRACK_PER_PROGRAM, **NO_LONG_NOTES},
    encode=encode_tsd,
    decode=read_stream,
)
