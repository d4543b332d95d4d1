"""Tests of assignment: as many pairs as possible at the lowest cost."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from muse.tools.tokens.note_matching import assign

SHAPES = [(1, 1), (2, 2), (5, 5), (7, 12), (12, 7), (30, 30), (3, 0), (0, 4)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("levels", [2, 5, 10_000])
def test_the_sum_of_costs_is_smallest(shape: tuple[int, int], levels: int) -> None:
    generator = np.random.default_rng(shape[0] * 100 + levels)
    for _ in range(20):
        cost = generator.integers(levels, size=shape) / 7
        rows, columns = assign(cost)
        assert len(rows) == min(shape)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert len(set(columns.tolist())) == len(columns)
        assert cost[rows, columns].sum() == pytest.approx(cost[linear_sum_assignment(cost)].sum())
