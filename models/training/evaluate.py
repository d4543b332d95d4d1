"""Evaluate a net on a side of the data, and time a training step; needs no Lightning."""

import time

import torch
from torch import nn

from muse.models.device import computing_in
from muse.models.training.order import FixedBatches, TrainBatches
from muse.models.training.schedule import parameter_groups
from muse.models.training.task import Batch, Means, Side, Task, TrainingPlan
from muse.models.training.totals import Totals

DTYPES = {"32": torch.float32, "bf16": torch.bfloat16}
WARM_BATCHES, TIMED_BATCHES = 1, 4


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Copy a batch to a device."""
    return {name: tensor.to(device) for name, tensor in batch.items()}


def mean_metrics(
    task: Task, net: nn.Module, side: Side, plan: TrainingPlan, device: torch.device
) -> Means:
    """Return the mean of each metric over all examples of a side, in the plan's precision."""
    totals = Totals()
    net = net.to(device).eval()
    with torch.inference_mode(), computing_in(device, DTYPES[plan.precision]):
        for batch in FixedBatches(task, side, plan.batch_size):
            totals.add(task.outcome(net, to_device(batch, device)).sums, device)
    return totals.means()


def seconds_per_step(task: Task, net: nn.Module, plan: TrainingPlan, device: torch.device) -> float:
    """Measure the duration of a training step in seconds; changes the net's weights."""
    net = net.to(device).train()
    optimizer = torch.optim.AdamW(parameter_groups(net, plan.weight_decay), lr=plan.lr)
    durations: list[float] = []
    for number, batch in enumerate(TrainBatches(task, plan.batch_size, plan.seed, epoch=0)):
        started = time.perf_counter()
        with computing_in(device, DTYPES[plan.precision]):
            loss = task.outcome(net, to_device(batch, device)).loss
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # waits until the device has finished
        durations.append(time.perf_counter() - started)
        if number == WARM_BATCHES + TIMED_BATCHES:
            break
    timed = durations[WARM_BATCHES:] or durations
    return sum(timed) / len(timed)


def count_parameters(net: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)
