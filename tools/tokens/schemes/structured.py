"""The scheme `structured`: time shift, program, pitch, velocity and duration of each note.

A shift without a token of its own is written as several.

Source: Hadjeres and Crestel 2021, "The Piano Inpainting Application".
"""

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.scheme import NO_LONG_NOTES, ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import read_stream
from muse.tools.tokens.stream_encoder import NOTE_TYPES, note_ids, split_shift
from muse.tools.tokens.vocabulary import fields_of


def encode_structured(grid: Grid) -> list[int]:
    """Return the ids of a grid: a time shift, program, pitch, velocity and duration per note."""
    vocabulary = fields_of(grid.scheme)[0]
    shift, previous = vocabulary.first["TimeShift"], 0
    ids: list[int] = []
    rows = note_ids(grid, vocabulary, NOTE_TYPES)
    for tick, row in zip(grid.notes["start"].tolist(), rows, strict=True):
        ids += [shift + 1 + place for place in split_shift(tick - previous)] or [shift]
        ids += row
        previous = tick
    return ids


SCHEME = Scheme(
    name="structured",
    miditok="Structured",
    fields=(("Pitch", "Velocity", "Duration", "ZeroTimeShift", "Program"),),
    features=frozenset({"overlaps"}),
    ticks_per_beat=12,
    lost={
        **ONE_TRACK_PER_PROGRAM,
        "tempo, meter": "no tokens for them",
        **NO_LONG_NOTES,
    },
    encode=encode_structured,
    decode=read_stream,
)
