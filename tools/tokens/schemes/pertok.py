"""The scheme `pertok`: shifts to the nearest part of a beat, and micro timing for the rest.

Bars are as long as their meters, unlike in MidiTok 3.1, which inverts the denominator. Changes of
tempo have a shift and micro timing too.

Source: Lenz and Mani 2024, "PerTok: Expressive Encoding and Modeling of Symbolic Musical Ideas and
Variations".
"""

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.meters import MeterSection
from muse.tools.tokens.scheme import ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import read_stream
from muse.tools.tokens.stream_encoder import NOTE_TYPES, merge_events, note_ids, tempo_events
from muse.tools.tokens.token_types import (
    MICRO_TICKS,
    PERTOK_BINS,
    PERTOK_DURATION_TICKS,
    PERTOK_REACH,
    PERTOK_TICKS,
)
from muse.tools.tokens.vocabulary import Field, fields_of

SHORTEST_SHIFT = int(PERTOK_DURATION_TICKS.min()) // 2  # ticks; micro timing covers smaller ones
MICRO_STEP = int(MICRO_TICKS[1] - MICRO_TICKS[0])  # ticks
MICRO_REACH = int(MICRO_TICKS[-1])  # ticks
# tick -> index of the nearest shift, up to the longest
NEAREST_SHIFT = [
    int(abs(PERTOK_DURATION_TICKS - tick).argmin())
    for tick in range(int(PERTOK_DURATION_TICKS.max()) + PERTOK_TICKS)
]


def encode_pertok(grid: Grid) -> list[int]:
    """Return the ids of a grid: bars, time shifts, and notes and tempos with micro timing."""
    vocabulary = fields_of(grid.scheme)[0]
    micro = vocabulary.first["MicroTiming"]
    rows = note_ids(grid, vocabulary, NOTE_TYPES)
    notes = zip(grid.notes["start"].tolist(), rows, strict=True)
    ids = [vocabulary.first["TimeSig"] + grid.sections[0].number]
    bars, place, now = grid.bars(), 1, 0
    for tick, row in merge_events(tempo_events(grid, vocabulary), notes):
        while place < len(bars) and bars[place][0] - SHORTEST_SHIFT <= tick:
            ids += bar_tokens(bars, place, vocabulary)
            now, place = bars[place][0], place + 1
        now, moves = approach(now, tick)
        ids += [vocabulary.first["TimeShift"] + move for move in moves]
        cut = 2 if len(row) > 1 else 1  # after the pitch, or the tempo
        ids += (*row[:cut], micro + micro_place(tick - now), *row[cut:])
    for rest in range(place, len(bars)):
        ids += bar_tokens(bars, rest, vocabulary)
    return ids


def bar_tokens(bars: list[tuple[int, MeterSection]], place: int, vocabulary: Field) -> list[int]:
    """Return the ids of a bar line, with the meter if it changes."""
    section, before = bars[place][1], bars[place - 1][1]
    meter = [] if section is before else [vocabulary.first["TimeSig"] + section.number]
    return [vocabulary.first["Bar"], *meter]


def approach(now: int, tick: int) -> tuple[int, list[int]]:
    """Move by time shifts to within reach of micro timing of a tick.

    Returns:
        The tick reached, and the indices of the shifts.
    """
    moves: list[int] = []
    near = SHORTEST_SHIFT
    while tick - now >= near:
        moves.append(NEAREST_SHIFT[min(tick - now, len(NEAREST_SHIFT) - 1)])
        now += int(PERTOK_DURATION_TICKS[moves[-1]])
        near = MICRO_REACH + 1
    return now, moves


def micro_place(ticks: int) -> int:
    """Return the index of the micro timing nearest to a number of ticks."""
    place = (ticks + MICRO_REACH + MICRO_STEP // 2) // MICRO_STEP
    return min(max(place, 0), len(MICRO_TICKS) - 1)


SCHEME = Scheme(
    name="pertok",
    miditok="PerTok",
    fields=(
        (
            "Bar",
            "Pitch",
            "Velocity",
            "FineDuration",
            "FineTimeShift",
            "MicroTiming",
            "Tempo",
            "Program",
            "TimeSig",
        ),
    ),
    ticks_per_beat=PERTOK_TICKS,
    max_beats=float(PERTOK_DURATION_TICKS.max() / PERTOK_TICKS),
    lost={**ONE_TRACK_PER_PROGRAM, "notes over 31.75 quarter notes": "cut to that"},
    extra={
        "ticks_per_quarter": PERTOK_TICKS,
        "use_microtiming": True,
        "max_microtiming_shift": PERTOK_REACH,
        "num_microtiming_bins": PERTOK_BINS,
    },
    encode=encode_pertok,
    decode=read_stream,
)
