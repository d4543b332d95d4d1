"""Early stopping as a function of the history: the best epoch, and whether training is over."""

import math
from collections.abc import Sequence

from muse.models.training.task import Entry, TrainingPlan, Watched


def score(entry: Entry, watched: Watched) -> float:
    """Return an epoch's watched metric, negated if lower is better; NaN counts as worst."""
    value = float(entry["validation"][watched.name])
    if math.isnan(value):
        return -math.inf
    return value if watched.better == "higher" else -value


def best_epoch(history: Sequence[Entry], watched: Watched) -> int:
    """Return the index of the best epoch; the earliest of equal ones.

    Raises:
        ValueError: the history is empty.
    """
    return max(range(len(history)), key=lambda index: score(history[index], watched))


def is_best(history: Sequence[Entry], watched: Watched) -> bool:
    """Return whether the last epoch is better than all before it."""
    return best_epoch(history, watched) == len(history) - 1


def is_over(history: Sequence[Entry], plan: TrainingPlan) -> bool:
    """Return whether all epochs are done, or patience has run out."""
    if len(history) >= plan.epochs:
        return True
    if not history or not plan.patience:
        return False
    return len(history) - 1 - best_epoch(history, plan.watched) >= plan.patience
