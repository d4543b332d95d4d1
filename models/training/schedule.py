"""The learning rate as a pure function of the step, so that a scheduler has no state to save."""

import math

from torch import nn

from muse.models.training.task import Plan

FLOOR = 0.05  # of the highest learning rate, where the cosine ends


def learning_rate(plan: Plan, step: int, steps: int) -> float:
    """The learning rate of one step.

    Args:
        plan: holds the highest rate, the share of warmup and the schedule.
        step: counted from 0.
        steps: of the whole run when it is not ended early.
    """
    warm = round(plan.warmup * steps)
    if step < warm:
        return plan.lr * (step + 1) / warm
    if plan.schedule == "constant":
        return plan.lr
    done = (step - warm) / max(steps - warm, 1)
    return plan.lr * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * min(done, 1.0))) / 2)


def parameter_groups(net: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """The parameters for AdamW: matrices and tables decay, biases and gains do not."""
    wanted = [each for each in net.parameters() if each.requires_grad]
    return [
        {"params": [p for p in wanted if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in wanted if p.ndim < 2], "weight_decay": 0.0},
    ]
