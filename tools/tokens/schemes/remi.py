"""The scheme `remi`: bars with their meters, positions within the bar, then tempos and notes.

Source: Huang and Yang 2020, "Pop Music Transformer"; programs and meters as in REMI+, von Rütte et
al. 2022, "FIGARO".
"""

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.scheme import NO_LONG_NOTES, ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import read_stream
from muse.tools.tokens.stream_encoder import (
    NOTE_TYPES,
    add_bars,
    merge_events,
    note_ids,
    tempo_events,
)
from muse.tools.tokens.vocabulary import fields_of


def encode_remi(grid: Grid) -> list[int]:
    """Return the ids of a grid: bars and meters, positions, tempos and notes."""
    vocabulary = fields_of(grid.scheme)[0]
    rows = note_ids(grid, vocabulary, NOTE_TYPES)
    notes = zip(grid.notes["start"].tolist(), rows, strict=True)
    return add_bars(grid, merge_events(tempo_events(grid, vocabulary), notes), vocabulary)


SCHEME = Scheme(
    name="remi",
    miditok="REMI",
    fields=(("Bar", "Pitch", "Velocity", "Duration", "Position", "Tempo", "Program", "TimeSig"),),
    lost={**ONE_TRACK_PER_PROGRAM, **NO_LONG_NOTES},
    encode=encode_remi,
    decode=read_stream,
)
