"""What tokens are made of: the types, their values, and the grids of time, tempo and velocity.

Conventions:
    A step is a beat of the metre in force divided by `STEPS_PER_BEAT`; the beat is the metre's
    lower number, so that in 6/8 a step is half as long as in 3/4. Where a scheme holds no metre all
    is counted in quarter notes.
"""

import numpy as np

SPECIALS = ("PAD", "BOS", "EOS", "MASK")  # ids 0 to 3 of every vocabulary
STEPS_PER_BEAT = 12  # sixteenths and triplets are exact
BEAT_RANGES = {(0, 8): 12, (8, 32): 4, (32, 64): 1}  # beats -> durations a beat
VELOCITY_COUNT = 32
VELOCITIES = np.linspace(0, 127, VELOCITY_COUNT + 1, dtype=np.intc)[1:]  # MIDI, 3 to 127
TEMPO_RANGE = (20, 300)  # bpm
TEMPO_COUNT = 281  # a token for each whole bpm
TEMPOS = np.linspace(*TEMPO_RANGE, TEMPO_COUNT).round(2)  # bpm
DEFAULT_TEMPO = 120.0  # bpm, of MIDI files without a tempo
METRE_RANGE = {  # lower number -> upper numbers
    2: tuple(range(1, 7)),
    4: tuple(range(1, 13)),
    8: tuple(range(1, 16)),
    16: tuple(range(1, 16)),
}
METRES = tuple((upper, lower) for lower, uppers in METRE_RANGE.items() for upper in uppers)
DEFAULT_METRE = (4, 4)
LONGEST_BAR = 15  # beats; the most that METRE_RANGE has
DRUMS = -1  # stands for a program where the track is drums
PROGRAMS = (*range(128), DRUMS)
PERTOK_TICKS = 480  # to a quarter note
PERTOK_RANGES = {(0, 2): 12, (0, 32): 4, (0, 8): 3}  # beats -> shifts a beat, laid over each other
PERTOK_REACH = 0.125  # quarter notes that micro timing reaches to either side
PERTOK_BINS = 30  # of micro timing
MAX_BARS = 1024  # that numbered bars count up to


def beat_durations(ranges: dict[tuple[int, int], int]) -> tuple[tuple[int, int, int], ...]:
    """Durations as (beats, parts, parts a beat), shortest first, the last the end of the ranges."""
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
    """PerTok's durations as (beats, ticks, ticks a beat), in the order of its vocabulary."""
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


def dotted(duration: tuple[int, int, int]) -> str:
    """A duration as vocabularies spell it, `1.6.12` for one and a half beats."""
    return ".".join(map(str, duration))


# token type -> its values, in the order of their ids
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
    "Duration": tuple(map(dotted, DURATIONS)),
    "TimeShift": tuple(map(dotted, DURATIONS)),
    "ZeroTimeShift": ("0.0.1", *map(dotted, DURATIONS)),
    "FineDuration": tuple(map(dotted, PERTOK_DURATIONS)),
    "FineTimeShift": tuple(map(dotted, PERTOK_DURATIONS)),
    "MicroTiming": tuple(map(str, MICRO_TICKS)),
    "Position": tuple(map(str, range(STEPS_PER_BEAT * LONGEST_BAR))),
    "QuarterPosition": tuple(map(str, range(STEPS_PER_BEAT * 4))),
    "PositionPosEnc": ("None", *map(str, range(STEPS_PER_BEAT * 4))),
    "Tempo": tuple(map(str, map(float, TEMPOS))),
    "Program": tuple(map(str, PROGRAMS)),
    "TimeSig": tuple(f"{upper}/{lower}" for upper, lower in METRES),
    "Family": ("Metric", "Note"),
    "Track": ("Start", "End"),
}
# types that a vocabulary spells otherwise than the table above
SPELLED = {
    "BarNumber": "Bar",
    "ZeroTimeShift": "TimeShift",
    "FineDuration": "Duration",
    "FineTimeShift": "TimeShift",
    "QuarterPosition": "Position",
}
