"""The learning rate as a function of the step, so that no scheduler state needs saving."""

import math

from torch import nn

from muse.models.training.task import TrainingPlan

FLOOR = 0.05  # last learning rate of the cosine, as a fraction of the highest


def learning_rate(plan: TrainingPlan, step: int, steps: int) -> float:
    """Return the learning rate of one step.

    Args:
        plan: highest rate, warmup and schedule.
        step: counted from 0.
        steps: of the whole run without early stopping.
    """
    warm = round(plan.warmup * steps)
    if step < warm:
        return plan.lr * (step + 1) / warm
    if plan.schedule == "constant":
        return plan.lr
    done = (step - warm) / max(steps - warm, 1)
    return plan.lr * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * min(done, 1.0))) / 2)


def parameter_groups(net: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Group parameters for AdamW: weight decay for matrices and tables, none for vectors."""
    trainable = [each for each in net.parameters() if each.requires_grad]
    return [
        {"params": [p for p in trainable if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
