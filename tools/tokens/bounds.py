"""How far off a note may come back from a scheme's grid: the promises that `check` measures.

Conventions:
    bounds are in quarter notes, one for each note; infinite where a scheme promises nothing.
"""

import numpy as np

from muse.tools.tokens.alphabet import DURATION_STEPS, MICRO_TICKS, PERTOK_TICKS
from muse.tools.tokens.grid import PERTOK_RISING, Grid, steps_at
from muse.tools.tokens.matching import Notes

SLACK = 1e-6  # beats, bpm: what floats may be off
INSIDE = "note inside another of its pitch"


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
    step = np.ones(len(truth["onset"])) if scheme.is_fine else coarser_steps(truth, grid)
    if not scheme.max_beats:
        coarsest = max(section.step for section in grid.sections)
        if INSIDE in grid.losses:  # whose ends are another's, a step long at least
            return np.full(len(step), 2 * coarsest / ticks)
        return (step / 2 + coarsest / 2 * (len(grid.sections) > 1)).clip(step) / ticks
    table = PERTOK_RISING if scheme.is_fine else DURATION_STEPS
    steps = truth["duration"] * ticks / step
    above = np.clip(np.searchsorted(table, steps), 1, len(table) - 1)
    gap = table[above] - table[above - 1]
    half = gap / 2 + np.where(gap > 1, 0.5, 0.0)  # whole steps come before the table
    bounds = np.maximum(half, table[0] - steps) * step / ticks
    return np.where(steps > table[-1] + 0.5, np.inf, bounds)


def coarser_steps(truth: Notes, grid: Grid) -> np.ndarray:
    """The step at each onset, or in the next section where the onset may be moved to its start."""
    ticks = truth["onset"] * grid.scheme.ticks_per_beat + SLACK
    reach = onset_bounds(truth, grid) * grid.scheme.ticks_per_beat
    here, there = (np.floor(t).astype(np.int64) for t in (ticks, ticks + reach))
    return np.maximum(steps_at(here, grid.sections), steps_at(there, grid.sections)).astype(float)
