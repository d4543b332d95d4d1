"""How far off a note may come back from a scheme's grid: the promises that `check` measures.

Conventions:
    bounds are in quarter notes, one for each note; infinite where a scheme promises nothing.
"""

import numpy as np

from muse.tools.tokens.grid import PERTOK_RISING, Grid, steps_at
from muse.tools.tokens.note_matching import Notes
from muse.tools.tokens.token_types import DURATION_STEPS, MICRO_TICKS, PERTOK_TICKS

SLACK = 1e-6  # beats, bpm: what floats may be off


def onset_bounds(truth: Notes, grid: Grid) -> np.ndarray:
    """Half a step of the metre in force at each onset, in quarter notes."""
    if grid.scheme.is_fine:
        fine = float(np.diff(MICRO_TICKS).max()) / 2 + 0.5  # and half a tick
        return np.full(len(truth["onset"]), fine / PERTOK_TICKS)
    ticks = np.floor(truth["onset"] * grid.scheme.ticks_per_beat + SLACK).astype(np.int64)
    return steps_at(ticks, grid.sections) / 2 / grid.scheme.ticks_per_beat


def duration_bounds(truth: Notes, grid: Grid) -> np.ndarray:
    """Half the distance of the durations around each note's, in quarter notes.

    A step at least is left to a note that is shorter; a note longer than the longest has no bound.
    """
    scheme, ticks = grid.scheme, grid.scheme.ticks_per_beat
    near = steps_near(truth, grid)
    if not scheme.max_beats:
        step, coarsest = np.maximum(*near), max(section.step for section in grid.sections)
        bounds = (step / 2 + coarsest / 2 * (len(grid.sections) > 1)).clip(step)
        return np.asarray(bounds / ticks)
    table = PERTOK_RISING if scheme.is_fine else DURATION_STEPS
    lengths = truth["duration"] * ticks
    return np.asarray(np.maximum(*(table_bounds(lengths, step, table) for step in near)) / ticks)


def table_bounds(lengths: np.ndarray, step: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Half the distance of the durations in a table around each length, both in ticks.

    Args:
        lengths: in ticks.
        step: ticks of a step at each.
        table: durations in steps, rising.
    """
    steps = lengths / step
    above = np.clip(np.searchsorted(table, steps), 1, len(table) - 1)
    gap = table[above] - table[above - 1]
    half = gap / 2 + np.where(gap > 1, 0.5, 0.0)  # whole steps come before the table
    bounds = np.maximum(half, table[0] - steps) * step
    return np.where(steps > table[-1] + 0.5, np.inf, bounds)


def end_bound(grid: Grid) -> float:
    """How far off ends may come back that are places of their own, in quarter notes.

    Half a step for the onset, a step for the shortest notes' duration, and half a step more where
    an end lies in another section.
    """
    coarsest = max(section.step for section in grid.sections)
    return (1.5 + 0.5 * (len(grid.sections) > 1)) * coarsest / grid.scheme.ticks_per_beat


def steps_near(truth: Notes, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """The step at each onset, and in the next section where the onset may be moved to its start."""
    if grid.scheme.is_fine:
        return np.ones(len(truth["onset"])), np.ones(len(truth["onset"]))
    ticks = truth["onset"] * grid.scheme.ticks_per_beat + SLACK
    reach = onset_bounds(truth, grid) * grid.scheme.ticks_per_beat
    here, there = (np.floor(t).astype(np.int64) for t in (ticks, ticks + reach))
    return steps_at(here, grid.sections).astype(float), steps_at(there, grid.sections).astype(float)
