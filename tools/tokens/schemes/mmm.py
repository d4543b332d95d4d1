"""The scheme `mmm`: the tracks one after another, each as `remi` without programs.

Source: Ens and Pasquier 2020, "MMM: Exploring Conditional Multi-Track Music Generation".
"""

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.scheme import ALL_FEATURES, NO_LONG_NOTES, Scheme
from muse.tools.tokens.stream_decoder import read_stream
from muse.tools.tokens.stream_encoder import (
    Event,
    add_bars,
    merge_events,
    note_ids,
    program_index,
    tempo_events,
)
from muse.tools.tokens.vocabulary import fields_of


def encode_mmm(grid: Grid) -> list[int]:
    """Return the ids of a grid, track by track."""
    vocabulary = fields_of(grid.scheme)[0]
    begin, tempos = vocabulary.first["Track"], tempo_events(grid, vocabulary)
    rows = note_ids(grid, vocabulary, ("Pitch", "Velocity", "Duration"))
    starts, tracks = grid.notes["start"].tolist(), grid.notes["track"].tolist()
    programs = dict(zip(tracks, grid.notes["program"].tolist(), strict=True))
    parts: dict[int, list[Event]] = {track: [] for track in sorted(programs)}
    for tick, track, row in zip(starts, tracks, rows, strict=True):
        parts[track].append((tick, row))
    ids: list[int] = []
    for track, notes in parts.items():
        program = vocabulary.first["Program"] + program_index(programs[track])
        music = add_bars(grid, merge_events(tempos, notes), vocabulary)
        ids += (begin, program, *music, begin + 1)
    return ids or [begin, *add_bars(grid, tempos, vocabulary), begin + 1]


SCHEME = Scheme(
    name="mmm",
    miditok="MMM",
    fields=(
        (
            "Track",
            "Bar",
            "Pitch",
            "Velocity",
            "Duration",
            "Position",
            "Tempo",
            "Program",
            "TimeSig",
        ),
    ),
    features=ALL_FEATURES,
    lost=NO_LONG_NOTES,
    extra={"base_tokenizer": "REMI"},
    encode=encode_mmm,
    decode=read_stream,
)
