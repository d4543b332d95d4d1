"""What the epochs so far tell: which was best, and whether to go on. The history is the state."""

import math
from collections.abc import Sequence

from muse.models.training.task import Entry, Plan, Watched


def score(entry: Entry, watched: Watched) -> float:
    """The watched metric of an epoch, signed so that more is better; NaN is worst."""
    value = float(entry["validation"][watched.name])
    if math.isnan(value):
        return -math.inf
    return value if watched.better == "higher" else -value


def best_epoch(history: Sequence[Entry], watched: Watched) -> int:
    """The place in the history of its best epoch; the earliest of equals.

    Raises:
        ValueError: the history is empty.
    """
    return max(range(len(history)), key=lambda place: score(history[place], watched))


def is_best(history: Sequence[Entry], watched: Watched) -> bool:
    """Whether the last epoch is better than all before it."""
    return best_epoch(history, watched) == len(history) - 1


def is_over(history: Sequence[Entry], plan: Plan) -> bool:
    """Whether the epochs are done, or as many as patience allows went by without a better one."""
    if len(history) >= plan.epochs:
        return True
    if not history or not plan.patience:
        return False
    return len(history) - 1 - best_epoch(history, plan.watched) >= plan.patience
