"""Which note of one performance is which of another, where times are a little off.

Notes are arrays of one length: `onset` and `duration` in quarter notes, `pitch`, `velocity`,
`program` (-1 for drums).
"""

from collections.abc import Callable
from itertools import permutations

import numpy as np

Notes = dict[str, np.ndarray]
FEW = 6  # notes that are tried in all orders
Cost = Callable[[np.ndarray, np.ndarray], np.ndarray]  # places of both -> what a pair costs


def match(truth: Notes, found: Notes, cost: Cost) -> np.ndarray:
    """Pair notes of the same program and pitch in the order of their onsets.

    Args:
        truth: notes.
        found: notes that should be the same.
        cost: of pairing some of the one with some of the other, 0 where nothing is amiss; notes
            found on one onset are paired so that the sum is least.

    Returns:
        An array (pairs, 2) of places in `truth` and in `found`.
    """
    groups = group_places(truth), group_places(found)
    pairs = [
        pair_group(places, groups[1][voice], truth, found, cost)
        for voice, places in groups[0].items()
        if voice in groups[1]
    ]
    return np.concatenate([np.zeros((0, 2), np.int64), *pairs])


def group_places(notes: Notes) -> dict[int, np.ndarray]:
    """Places of the notes by program and pitch, in the order of onset and duration."""
    voice = notes["program"].astype(np.int64) * 128 + notes["pitch"]
    order = np.lexsort((notes["velocity"], notes["duration"], notes["onset"], voice))
    values, starts = np.unique(voice[order], return_index=True)
    parts = np.split(order, starts[1:]) if len(values) else []
    return dict(zip(values.tolist(), parts, strict=True))


def pair_group(
    first: np.ndarray, second: np.ndarray, truth: Notes, found: Notes, cost: Cost
) -> np.ndarray:
    """Pair notes of one program and pitch."""
    if len(first) != len(second):
        distance = np.abs(truth["onset"][first][:, None] - found["onset"][second][None, :])
        rows, columns = assign(distance)
        return np.column_stack([first[rows], second[columns]])
    starts = np.flatnonzero(np.diff(found["onset"][second])) + 1
    if len(starts) + 1 == len(second):
        return np.column_stack([first, second])
    parts = zip(np.split(first, starts), np.split(second, starts), strict=True)
    return np.concatenate([pair_run(*part, cost) for part in parts])


def pair_run(first: np.ndarray, second: np.ndarray, cost: Cost) -> np.ndarray:
    """Pair as many notes of one program, pitch and found onset so that the cost is least."""
    if len(first) > 1:
        rows, columns = np.repeat(first, len(second)), np.tile(second, len(first))
        _, order = assign(cost(rows, columns).reshape(len(first), len(second)))
        second = second[order]
    return np.column_stack([first, second])


def assign(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of as many pairs as there are, of least cost.

    The least sum for few, else one cheapest pair after the other.
    """
    rows, columns = cost.shape
    if rows == columns <= FEW:
        orders = np.array(list(permutations(range(rows))))
        best = cost[np.arange(rows), orders].sum(axis=1).argmin()
        return np.arange(rows), orders[best]
    free_rows, free_columns, pairs = set(range(rows)), set(range(columns)), []
    for place in cost.argsort(axis=None, kind="stable").tolist():
        row, column = divmod(place, columns)
        if row in free_rows and column in free_columns:
            free_rows.remove(row)
            free_columns.remove(column)
            pairs.append((row, column))
    found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]
