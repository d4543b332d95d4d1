"""Train a net: Lightning's Trainer around TrainingModule, with its talk switched off."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from muse.models.device import choose_device
from muse.models.training.signals import Stopped, StopRequest, stop_requests
from muse.models.training.state import State, put_weights
from muse.models.training.task import Notify, Plan, Task

ACCELERATORS = {"cpu": "cpu", "cuda": "gpu", "mps": "mps"}
PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}
# what a RuntimeError says when it is memory that lacks; CUDA's own kind says it too
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def prepare() -> None:
    """Import Lightning, which takes seconds and warns about others' modules.

    Raises:
        ImportError: it is not installed.
    """
    with quietly():
        import lightning.pytorch  # noqa: F401


def fit(
    task: Task,
    net: nn.Module,
    plan: Plan,
    keeper: Any,
    state: State | None = None,
    notify: Notify = lambda _stage, _fraction: None,
) -> State:
    """Train until the epochs are done, nothing gets better, or SIGTERM or Ctrl-C asks for an end.

    Stopped at any moment and called again with the state that was kept last, it ends with the same
    weights, history and best epoch as if it had not been stopped (bit for bit on a processor).

    Args:
        task: gives batches and losses.
        net: with fresh weights; it is trained in place.
        plan: how.
        keeper: a module.Keeper, which takes the state and the best weights.
        state: where to go on; None begins.
        notify: hears how far it is.

    Returns:
        The state at the end, with the whole history.

    Raises:
        Stopped: somebody asked for an end; the state is kept.
        MemoryError: batches do not fit; the message says what to try.
        FloatingPointError: the loss is not a number.
        ValueError: the device is not there, or the state is of another net.
    """
    with stop_requests() as request, quietly(), exact(plan), memory_errors(plan):
        return run(task, net, plan, keeper, state or State(), notify, request)


def run(
    task: Task,
    net: nn.Module,
    plan: Plan,
    keeper: Any,
    state: State,
    notify: Notify,
    request: StopRequest,
) -> State:
    """Make the Trainer and let it run."""
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from muse.models.training.module import TrainingModule

    if state.weights:
        put_weights(net, state.weights)
    trainer = make_trainer(plan, plan.epochs - state.epoch)
    module = TrainingModule(task, net, plan, state, keeper, notify, request)
    try:
        trainer.fit(module)
    except SIGTERMException as error:  # before the loop began: what was kept last stands
        raise Stopped from error
    return state


def make_trainer(plan: Plan, epochs: int) -> Any:
    """Lightning's Trainer; all it would write or say by itself is off."""
    from lightning.pytorch import Trainer

    return Trainer(
        accelerator=ACCELERATORS[choose_device(plan.device).type],
        devices=plan.devices,
        num_nodes=plan.nodes,
        strategy="ddp" if plan.devices * plan.nodes > 1 else "auto",
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
    """Without Lightning's banners and advice."""
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
def exact(plan: Plan) -> Iterator[None]:
    """On a processor, with sums whose order does not depend on how threads are scheduled."""
    before = torch.are_deterministic_algorithms_enabled()
    debugging: Any = torch.utils.deterministic
    filling = debugging.fill_uninitialized_memory
    if choose_device(plan.device).type == "cpu":
        torch.use_deterministic_algorithms(True, warn_only=True)
        debugging.fill_uninitialized_memory = False  # only to find bugs; costs time
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        debugging.fill_uninitialized_memory = filling


@contextmanager
def memory_errors(plan: Plan) -> Iterator[None]:
    """Turn torch's errors about memory into one that says what to do."""
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
