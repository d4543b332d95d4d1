"""Maximum matching of events: as many pairs as possible, each event in one pair at most."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.intp]
Graph = dict[int, list[int]]  # estimated event -> reference events that it may be matched with


def maximum_matching(near: NDArray[np.bool_]) -> Pairs:
    """Match as many reference events as possible with estimated ones.

    First each estimated event takes its first free reference event, then augmenting paths are
    searched breadth-first (Berge, "Two theorems in graph theory", PNAS 43, 1957).

    Args:
        near: (reference, estimate), whether two events may be matched.

    Returns:
        (matches, 2) indices into reference and estimate, sorted.
    """
    graph: Graph = defaultdict(list)
    for reference, estimate in np.argwhere(near).tolist():
        graph[estimate].append(reference)
    estimate_of: dict[int, int] = {}
    for estimate, references in graph.items():
        free = next((each for each in references if each not in estimate_of), None)
        if free is not None:
            estimate_of[free] = estimate
    reference_of = {estimate: reference for reference, estimate in estimate_of.items()}
    for estimate in graph:
        if estimate not in reference_of:
            augment(estimate, graph, estimate_of, reference_of)
    return np.array(sorted(estimate_of.items()), np.intp).reshape(-1, 2)


def augment(
    start: int, graph: Graph, estimate_of: dict[int, int], reference_of: dict[int, int]
) -> None:
    """Match `start` along a path that ends at a free reference event, if there is one.

    Args:
        start: an estimated event without a match.
        graph: see `Graph`.
        estimate_of: estimated event of each matched reference event; modified.
        reference_of: its inverse; modified.
    """
    queue, reached_from = [start], dict[int, int]()
    for estimate in queue:  # which grows
        for reference in graph[estimate]:
            if reference in reached_from:
                continue
            reached_from[reference] = estimate
            if reference in estimate_of:
                queue.append(estimate_of[reference])
                continue
            while True:
                before = reached_from[reference]
                previous = reference_of.get(before)
                estimate_of[reference], reference_of[before] = before, reference
                if previous is None:
                    return
                reference = previous
