"""The scheme `midi-like`: the note-on and note-off messages of a MIDI file, with time shifts.

Source: Oore et al. 2018, "This Time with Feeling: Learning Expressive Musical Performance".
"""

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.scheme import ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import read_stream
from muse.tools.tokens.stream_encoder import (
    add_shifts,
    merge_events,
    meter_events,
    note_ids,
    swap_nested_ends,
    tempo_events,
)
from muse.tools.tokens.vocabulary import fields_of


def encode_midi_like(grid: Grid) -> list[int]:
    """Return the ids of a grid: meters, tempos, note-offs and note-ons, with time shifts."""
    vocabulary = fields_of(grid.scheme)[0]
    ends = swap_nested_ends(grid)
    on = note_ids(grid, vocabulary, ("Program", "NoteOn", "Velocity"))
    off_ids = grid.notes["pitch"] + vocabulary.first["NoteOff"]
    off = [[row[0], number] for row, number in zip(on, off_ids.tolist(), strict=True)]
    events = merge_events(
        meter_events(grid, vocabulary),
        tempo_events(grid, vocabulary),
        zip(ends.tolist(), off, strict=True),
        zip(grid.notes["start"].tolist(), on, strict=True),
    )
    return add_shifts(grid, events, vocabulary)


SCHEME = Scheme(
    name="midi-like",
    miditok="MIDILike",
    fields=(("NoteOn", "NoteOff", "Velocity", "TimeShift", "Tempo", "Program", "TimeSig"),),
    features=frozenset({"tempo", "meter"}),
    max_beats=0.0,
    lost={
        **ONE_TRACK_PER_PROGRAM,
        "nested notes of one pitch": "a note-off ends the first note that sounds, so that the "
        "notes exchange their ends",
    },
    encode=encode_midi_like,
    decode=read_stream,
)
