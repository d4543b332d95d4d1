"""Train a net with Lightning's Trainer, without its own logging."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from muse.models.device import choose_device
from muse.models.training.nodes import nodes_strategy
from muse.models.training.signals import Stopped, StopRequest, stop_requests
from muse.models.training.state import State, set_weights
from muse.models.training.task import Notify, Task, TrainingPlan

ACCELERATORS = {"cpu": "cpu", "cuda": "gpu", "mps": "mps"}
PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}
# parts of the message of a RuntimeError when memory runs out
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def prepare() -> None:
    """Import Lightning, which takes seconds, without its warnings.

    Raises:
        ImportError: it is not installed.
    """
    with quietly():
        import lightning.pytorch  # noqa: F401


def fit(
    task: Task,
    net: nn.Module,
    plan: TrainingPlan,
    keeper: Any,
    state: State | None = None,
    notify: Notify = lambda _stage, _fraction: None,
) -> State:
    """Train until all epochs are done, patience runs out, or SIGTERM or Ctrl-C arrives.

    A run that is stopped at any moment and resumed from the state saved last ends with the same
    weights, history and best epoch as an uninterrupted run, bit for bit on a processor.

    Args:
        task: batches, losses and metrics.
        net: with random weights; it is trained in place.
        plan: hyperparameters.
        keeper: module.Keeper, which saves the state and the best weights.
        state: to resume from; None starts a run.
        notify: called with the stage and the fraction done.

    Returns:
        The state at the end, with the whole history.

    Raises:
        Stopped: a signal arrived; the state is saved.
        TimeoutError: not all nodes have started in time.
        MemoryError: a batch does not fit; the message says what to try.
        FloatingPointError: the loss is not a number.
        ValueError: there is no such device, or the state is of another net.
    """
    with stop_requests() as request, quietly(), deterministic(plan), memory_errors(plan):
        return run(task, net, plan, keeper, state or State(), notify, request)


def run(
    task: Task,
    net: nn.Module,
    plan: TrainingPlan,
    keeper: Any,
    state: State,
    notify: Notify,
    request: StopRequest,
) -> State:
    """Make the Trainer and run it; arguments as in `fit`."""
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from muse.models.training.module import TrainingModule

    if state.weights:
        set_weights(net, state.weights)
    trainer = make_trainer(plan, plan.epochs - state.epoch, request)
    module = TrainingModule(task, net, plan, state, keeper, notify, request)
    try:
        trainer.fit(module)
    except SIGTERMException as error:  # before the loop started: the last saved state is valid
        raise Stopped from error
    return state


def make_trainer(plan: TrainingPlan, epochs: int, request: StopRequest) -> Any:
    """Make Lightning's Trainer, without its files and messages."""
    from lightning.pytorch import Trainer

    strategy = "ddp" if plan.devices > 1 else "auto"
    return Trainer(
        accelerator=ACCELERATORS[choose_device(plan.device).type],
        devices=plan.devices,
        num_nodes=plan.nodes,
        strategy=nodes_strategy(plan.nodes, request) if plan.nodes > 1 else strategy,
        precision=PRECISIONS[plan.precision],  # type: ignore[arg-type]
        max_epochs=epochs,
        gradient_clip_val=plan.clip or None,
        reload_dataloaders_every_n_epochs=1,  # a resumed epoch is shorter than the next
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@contextmanager
def quietly() -> Iterator[None]:
    """Silence Lightning's banners and warnings within the block."""
    loggers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def deterministic(plan: TrainingPlan) -> Iterator[None]:
    """Use deterministic algorithms within the block if the device is a processor."""
    before = torch.are_deterministic_algorithms_enabled()
    debugging: Any = torch.utils.deterministic
    filling = debugging.fill_uninitialized_memory
    if choose_device(plan.device).type == "cpu":
        torch.use_deterministic_algorithms(True, warn_only=True)
        debugging.fill_uninitialized_memory = False  # a debugging aid that costs time
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        debugging.fill_uninitialized_memory = filling


@contextmanager
def memory_errors(plan: TrainingPlan) -> Iterator[None]:
    """Turn torch's errors about memory into one that says what to try."""
    try:
        yield
    except RuntimeError as error:
        if not any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        smaller = plan.batch_size // 2
        advice = f"try --batch-size {smaller}" if smaller else "try a smaller net"
        raise MemoryError(
            f"out of memory with batches of {plan.batch_size} examples; {advice}"
        ) from error
