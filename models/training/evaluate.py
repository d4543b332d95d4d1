"""Measure a net on a side of the data, and how long a step takes; needs no Lightning."""

import time

import torch
from torch import nn

from muse.models.device import computing_in
from muse.models.training.order import FixedBatches, TrainBatches
from muse.models.training.schedule import parameter_groups
from muse.models.training.task import Batch, Means, Plan, Side, Task
from muse.models.training.totals import Totals

DTYPES = {"32": torch.float32, "bf16": torch.bfloat16}
WARM_BATCHES, TIMED_BATCHES = 1, 4


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch where the net is."""
    return {name: tensor.to(device) for name, tensor in batch.items()}


def measure(task: Task, net: nn.Module, side: Side, plan: Plan, device: torch.device) -> Means:
    """The metrics of a net, in the plan's precision, over all examples of a side."""
    totals = Totals()
    net = net.to(device).eval()
    with torch.inference_mode(), computing_in(device, DTYPES[plan.precision]):
        for batch in FixedBatches(task, side, plan.batch_size):
            totals.add(task.outcome(net, on_device(batch, device)).sums, device)
    return totals.means()


def seconds_per_step(task: Task, net: nn.Module, plan: Plan, device: torch.device) -> float:
    """Seconds that a training step takes, from a few of them; changes the net's weights."""
    net = net.to(device).train()
    optimizer = torch.optim.AdamW(parameter_groups(net, plan.weight_decay), lr=plan.lr)
    taken: list[float] = []
    for number, batch in enumerate(TrainBatches(task, plan.batch_size, plan.seed, epoch=0)):
        begun = time.perf_counter()
        with computing_in(device, DTYPES[plan.precision]):
            loss = task.outcome(net, on_device(batch, device)).loss
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # waits for the device
        taken.append(time.perf_counter() - begun)
        if number == WARM_BATCHES + TIMED_BATCHES:
            break
    timed = taken[WARM_BATCHES:] or taken
    return sum(timed) / len(timed)


def parameters_of(net: nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(each.numel() for each in net.parameters() if each.requires_grad)
