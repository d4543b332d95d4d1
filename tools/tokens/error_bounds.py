"""Largest errors that a scheme's grid allows in a round trip, which `round_trip.check` verifies.

Conventions: bounds are in quarter notes, one per note; infinite where a scheme guarantees nothing.
"""

import numpy as np

from muse.tools.tokens.grid import PERTOK_RISING, Grid, steps_at
from muse.tools.tokens.note_matching import Notes
from muse.tools.tokens.token_types import DURATION_STEPS, MICRO_TICKS, PERTOK_TICKS

ROUNDING = 1e-6  # beats, bpm: rounding of floats


def onset_bounds(truth: Notes, grid: Grid) -> np.ndarray:
    """Return half a step of the meter at each onset, in quarter notes."""
    if grid.scheme.has_micro_timing:
        fine = float(np.diff(MICRO_TICKS).max()) / 2 + 0.5  # plus half a tick
        return np.full(len(truth["onset"]), fine / PERTOK_TICKS)
    ticks = np.floor(truth["onset"] * grid.scheme.ticks_per_beat + ROUNDING).astype(np.int64)
    return steps_at(ticks, grid.sections) / 2 / grid.scheme.ticks_per_beat


def duration_bounds(truth: Notes, grid: Grid) -> np.ndarray:
    """Return half the distance between the durations around each note's, in quarter notes.

    At least a step for shorter notes; no bound for notes longer than the longest duration.
    """
    scheme, ticks = grid.scheme, grid.scheme.ticks_per_beat
    near = steps_near(truth, grid)
    if not scheme.max_beats:
        step, coarsest = np.maximum(*near), max(section.step for section in grid.sections)
        bounds = (step / 2 + coarsest / 2 * (len(grid.sections) > 1)).clip(step)
        return np.asarray(bounds / ticks)
    table = PERTOK_RISING if scheme.has_micro_timing else DURATION_STEPS
    lengths = truth["duration"] * ticks
    return np.asarray(np.maximum(*(table_bounds(lengths, step, table) for step in near)) / ticks)


def table_bounds(lengths: np.ndarray, step: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return half the distance between a table's durations around each length, in ticks.

    Args:
        lengths: in ticks.
        step: ticks per step at each length.
        table: durations in steps, ascending.
    """
    steps = lengths / step
    above = np.clip(np.searchsorted(table, steps), 1, len(table) - 1)
    gap = table[above] - table[above - 1]
    half = gap / 2 + np.where(gap > 1, 0.5, 0.0)  # lengths are rounded to whole steps first
    bounds = np.maximum(half, table[0] - steps) * step
    return np.where(steps > table[-1] + 0.5, np.inf, bounds)


def end_bound(grid: Grid) -> float:
    """Return the largest error of ends that are encoded as times, in quarter notes.

    Half a step for the onset, a step for the duration of the shortest notes, and half a step more
    if an end may be in another section.
    """
    coarsest = max(section.step for section in grid.sections)
    return (1.5 + 0.5 * (len(grid.sections) > 1)) * coarsest / grid.scheme.ticks_per_beat


def steps_near(truth: Notes, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return the step at each onset, and in the next section if the onset may move to its start."""
    if grid.scheme.has_micro_timing:
        return np.ones(len(truth["onset"])), np.ones(len(truth["onset"]))
    ticks = truth["onset"] * grid.scheme.ticks_per_beat + ROUNDING
    reach = onset_bounds(truth, grid) * grid.scheme.ticks_per_beat
    here, there = (np.floor(t).astype(np.int64) for t in (ticks, ticks + reach))
    return steps_at(here, grid.sections).astype(float), steps_at(there, grid.sections).astype(float)
