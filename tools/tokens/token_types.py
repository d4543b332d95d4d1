"""Token types and their values, and the grids of time, tempo and velocity.

Conventions: a step is a beat of the current meter divided by `STEPS_PER_BEAT`; the beat is given by
the meter's denominator, so that a step in 6/8 is half as long as in 3/4. Schemes without meters
count in quarter notes.
"""

import numpy as np

SPECIALS = ("PAD", "BOS", "EOS", "MASK")  # ids 0 to 3 of every vocabulary
STEPS_PER_BEAT = 12  # represents sixteenths and triplets exactly
BEAT_RANGES = {(0, 8): 12, (8, 32): 4, (32, 64): 1}  # beats -> durations per beat
VELOCITY_COUNT = 32
VELOCITIES = np.linspace(0, 127, VELOCITY_COUNT + 1, dtype=np.intc)[1:]  # MIDI, 3 to 127
TEMPO_RANGE = (20, 300)  # bpm
TEMPO_COUNT = 281  # one token per whole bpm
TEMPOS = np.linspace(*TEMPO_RANGE, TEMPO_COUNT).round(2)  # bpm
DEFAULT_TEMPO = 120.0  # bpm, of MIDI files without a tempo
METER_RANGE = {  # denominator -> numerators
    2: tuple(range(1, 7)),
    4: tuple(range(1, 13)),
    8: tuple(range(1, 16)),
    16: tuple(range(1, 16)),
}
METERS = tuple((upper, lower) for lower, uppers in METER_RANGE.items() for upper in uppers)
DEFAULT_METER = (4, 4)
LONGEST_BAR = 15  # beats; longest of METER_RANGE
DRUMS = -1  # program number of drum tracks
PROGRAMS = (*range(128), DRUMS)
PERTOK_TICKS = 480  # per quarter note
PERTOK_RANGES = {(0, 2): 12, (0, 32): 4, (0, 8): 3}  # beats -> shifts per beat; ranges overlap
PERTOK_REACH = 0.125  # quarter notes; largest micro timing in either direction
PERTOK_BINS = 30  # of micro timing
MAX_BARS = 1024  # largest number of bars in schemes that number them


def beat_durations(ranges: dict[tuple[int, int], int]) -> tuple[tuple[int, int, int], ...]:
    """Return durations as (beats, parts, parts per beat), ascending to the end of the ranges."""
    table = [
        (beat, part, parts)
        for (start, end), parts in ranges.items()
        for beat in range(start, end)
        for part in range(parts)
        if (beat, part) != (0, 0)
    ]
    (_, end), parts = list(ranges.items())[-1]
    return (*table, (end, 0, parts))


def pertok_durations() -> tuple[tuple[int, int, int], ...]:
    """Return PerTok's durations as (beats, ticks, ticks per beat), in order of their ids."""
    table = [
        (beat, PERTOK_TICKS // parts * part, PERTOK_TICKS)
        for (start, end), parts in PERTOK_RANGES.items()
        for beat in range(start, end)
        for part in range(parts)
        if (beat, part) != (0, 0)
    ]
    return tuple(dict.fromkeys(table))


DURATIONS = beat_durations(BEAT_RANGES)
DURATION_STEPS = np.array([b * STEPS_PER_BEAT + p * STEPS_PER_BEAT // r for b, p, r in DURATIONS])
PERTOK_DURATIONS = pertok_durations()
PERTOK_DURATION_TICKS = np.array([b * t + p for b, p, t in PERTOK_DURATIONS])
MICRO_TICKS = np.linspace(
    -PERTOK_REACH * PERTOK_TICKS, PERTOK_REACH * PERTOK_TICKS, PERTOK_BINS + 1, dtype=np.intc
)


def spell_duration(duration: tuple[int, int, int]) -> str:
    """Return a duration as spelled in vocabularies: `1.6.12` is one and a half beats."""
    return ".".join(map(str, duration))


# values of each token type, in the order of their ids
VALUES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(SPECIALS, ("None",)),
    "Ignore": ("None",),
    "Bar": ("None",),
    "BarNumber": tuple(map(str, range(MAX_BARS))),
    "BarPosEnc": tuple(map(str, range(MAX_BARS))),
    "Pitch": tuple(map(str, range(128))),
    "PitchDrum": tuple(map(str, range(128))),
    "NoteOn": tuple(map(str, range(128))),
    "NoteOff": tuple(map(str, range(128))),
    "Velocity": tuple(map(str, VELOCITIES)),
    "Duration": tuple(map(spell_duration, DURATIONS)),
    "TimeShift": tuple(map(spell_duration, DURATIONS)),
    "ZeroTimeShift": ("0.0.1", *map(spell_duration, DURATIONS)),
    "FineDuration": tuple(map(spell_duration, PERTOK_DURATIONS)),
    "FineTimeShift": tuple(map(spell_duration, PERTOK_DURATIONS)),
    "MicroTiming": tuple(map(str, MICRO_TICKS)),
    "Position": tuple(map(str, range(STEPS_PER_BEAT * LONGEST_BAR))),
    "QuarterPosition": tuple(map(str, range(STEPS_PER_BEAT * 4))),
    "PositionPosEnc": ("None", *map(str, range(STEPS_PER_BEAT * 4))),
    "Tempo": tuple(map(str, map(float, TEMPOS))),
    "Program": tuple(map(str, PROGRAMS)),
    "TimeSig": tuple(f"{upper}/{lower}" for upper, lower in METERS),
    "Family": ("Metric", "Note"),
    "Track": ("Start", "End"),
}
# types whose name in a vocabulary differs from that in VALUES
SPELLINGS = {
    "BarNumber": "Bar",
    "ZeroTimeShift": "TimeShift",
    "FineDuration": "Duration",
    "FineTimeShift": "TimeShift",
    "QuarterPosition": "Position",
}
