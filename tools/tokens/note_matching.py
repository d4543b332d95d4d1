"""Matching of the notes of two performances whose times differ slightly.

Notes are arrays of equal length: `onset` and `duration` in quarter notes, `pitch`, `velocity`,
`program` (-1 for drums).
"""

from collections.abc import Callable

import numpy as np

Notes = dict[str, np.ndarray]
FREE = -1  # row of an unassigned column
Cost = Callable[[np.ndarray, np.ndarray], np.ndarray]  # indices of both -> cost of each pair


def match(truth: Notes, found: Notes, cost: Cost) -> np.ndarray:
    """Pair notes of the same program and pitch in the order of their onsets.

    Args:
        truth: reference notes.
        found: notes to compare.
        cost: of pairs given by their indices in both, 0 for a perfect pair; found notes with equal
            onsets are paired so that the sum of costs is smallest.

    Returns:
        Array (pairs, 2) of indices in `truth` and in `found`.
    """
    groups = group_places(truth), group_places(found)
    pairs = [
        pair_group(places, groups[1][voice], truth, found, cost)
        for voice, places in groups[0].items()
        if voice in groups[1]
    ]
    return np.concatenate([np.zeros((0, 2), np.int64), *pairs])


def voice_numbers(notes: Notes) -> np.ndarray:
    """Return a number for the program and pitch of each note."""
    return notes["program"].astype(np.int64) * 128 + notes["pitch"]


def group_places(notes: Notes) -> dict[int, np.ndarray]:
    """Return the indices of notes by program and pitch, sorted by onset and duration."""
    voice = voice_numbers(notes)
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
    """Pair equally many notes of one program, pitch and found onset at the lowest cost."""
    if len(first) > 1:
        rows, columns = np.repeat(first, len(second)), np.tile(second, len(first))
        _, order = assign(cost(rows, columns).reshape(len(first), len(second)))
        second = second[order]
    return np.column_stack([first, second])


def assign(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (ascending) and columns of the assignment with the smallest sum of costs.

    Source: Jonker and Volgenant 1987, "A Shortest Augmenting Path Algorithm for Dense and Sparse
    Linear Assignment Problems".

    Args:
        cost: of each row with each column; finite.
    """
    rows, columns = cost.shape
    if rows > columns:
        second, first = assign(cost.T)
        order = first.argsort()
        return first[order], second[order]
    row_of = np.full(columns, FREE)
    prices = np.zeros(rows), np.zeros(columns)
    for row in range(rows):
        find_column(row, cost, row_of, prices)
    taken = np.flatnonzero(row_of != FREE)
    order = row_of[taken].argsort()
    return row_of[taken][order], taken[order]


def find_column(
    row: int, cost: np.ndarray, row_of: np.ndarray, prices: tuple[np.ndarray, np.ndarray]
) -> None:
    """Assign a column to one more row, moving other rows along the cheapest path to a free one.

    Args:
        row: to be assigned.
        cost: of each row with each column.
        row_of: the row of each column, or FREE; modified.
        prices: dual variables of rows and columns; modified.
    """
    of_rows, of_columns = prices
    distance, before = np.full(len(row_of), np.inf), np.full(len(row_of), FREE)
    passed = np.zeros(len(row_of), bool)
    here, column, reached = row, FREE, 0.0
    while True:
        steps = reached + cost[here] - of_rows[here] - of_columns
        nearer = ~passed & (steps < distance)
        distance[nearer], before[nearer] = steps[nearer], column
        column = int(np.where(passed, np.inf, distance).argmin())
        reached = float(distance[column])
        if row_of[column] == FREE:
            break
        passed[column], here = True, row_of[column]
    of_rows[row] += reached
    of_rows[row_of[passed]] += reached - distance[passed]
    of_columns[passed] -= reached - distance[passed]
    while column != FREE:
        previous = before[column]
        row_of[column] = row if previous == FREE else row_of[previous]
        column = previous
