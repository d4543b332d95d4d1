"""A net and its task as a LightningModule, which saves its state between batches.

Lightning handles devices, precision, clipping and the two loops. Exact resume is done here: each
epoch's batches are a function of seed and epoch, the learning rate of the step, early stopping of
the history, and everything else is in State.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from muse.models.training import history
from muse.models.training.order import FixedBatches, TrainBatches
from muse.models.training.schedule import learning_rate, parameter_groups
from muse.models.training.signals import Stopped, StopRequest
from muse.models.training.state import (
    State,
    random_states,
    seed_everything,
    set_random_states,
    weights_of,
)
from muse.models.training.task import LOSS, Batch, Entry, Means, Notify, Task, TrainingPlan
from muse.models.training.totals import Totals, add_totals, format_means

SAVE_EVERY_S = 300.0  # time between saved states within an epoch
NOTIFY_EVERY_S = 0.3  # reading the metrics waits for the device
CONTINUE, SAVE, STOP = 0, 1, 2  # if processes differ, all take the largest


@dataclass(frozen=True)
class Keeper:
    """Functions that save the loop's results; called in the first process only.

    Attributes:
        state: saves the whole state and may replace the one before.
        best: saves the weights of the best epoch so far, and its entry.
    """

    state: Callable[[State], None]
    best: Callable[[dict[str, Tensor], Entry], None]


class TrainingModule(LightningModule):
    """One training run."""

    def __init__(
        self,
        task: Task,
        net: nn.Module,
        plan: TrainingPlan,
        state: State,
        keeper: Keeper,
        notify: Notify,
        request: StopRequest,
    ) -> None:
        """Take the parts of a run; see `fit.fit` for what each is."""
        super().__init__()
        self.task, self.net, self.plan, self.state = task, net, plan, state
        self.keeper, self.notify, self.request = keeper, notify, request
        self.train_totals, self.validation_totals = Totals(), Totals()
        self.saved_at = self.notified_at = self.counted_at = time.monotonic()

    # -- data

    def epoch_batches(self, first: int = 0) -> TrainBatches:
        """Return this process's batches of the epoch, from batch `first` on."""
        plan, trainer = self.plan, self.trainer
        return TrainBatches(
            self.task,
            plan.batch_size,
            plan.seed,
            self.state.epoch,
            first,
            trainer.global_rank,
            trainer.world_size,
        )

    def train_dataloader(self) -> TrainBatches:
        """Return the batches of the epoch that are left."""
        return self.epoch_batches(self.state.batch)

    def val_dataloader(self) -> FixedBatches:
        """Return all validation batches; each process evaluates all, so nothing is gathered."""
        return FixedBatches(self.task, "validation", self.plan.batch_size)

    @property
    def epoch_length(self) -> int:
        """Number of batches of a whole epoch in each process."""
        return len(self.epoch_batches())

    # -- steps

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make AdamW; its learning rate is set at every step."""
        groups = parameter_groups(self.net, self.plan.weight_decay)
        return torch.optim.AdamW(groups, lr=self.plan.lr)

    def the_optimizer(self) -> torch.optim.Optimizer:
        """Return the only optimizer, without Lightning's wrapper."""
        return self.trainer.optimizers[0]

    def on_train_start(self) -> None:
        """Restore optimizer, random generators and sums from the state."""
        self.request.listen()  # replaces Lightning's, which sends collectives
        rank = self.trainer.global_rank
        if self.state.optimizer:
            self.the_optimizer().load_state_dict(self.state.optimizer)
        if rank < len(self.state.processes):
            own = self.state.processes[rank]
            set_random_states(own["random"])
            self.train_totals = Totals(own["sums"])
        else:
            seed_everything(self.plan.seed + rank)
        self.saved_at = self.counted_at = time.monotonic()
        if not self.state.step:
            self.save()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of the step."""
        steps = self.plan.epochs * self.epoch_length
        for group in self.the_optimizer().param_groups:
            group["lr"] = learning_rate(self.plan, self.state.step, steps)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        outcome = self.task.outcome(self.net, batch)
        self.train_totals.add(outcome.sums, self.device)
        return outcome.loss

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Count the step, save the state when it is due, and stop on request."""
        self.state.batch += 1
        self.state.step += 1
        self.report()
        if self.state.batch == self.epoch_length:
            return  # on_train_epoch_end saves and stops
        action = self.agreed_action()
        if action != CONTINUE:
            self.save()
        if action == STOP:
            raise Stopped

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add the metrics of one batch."""
        self.validation_totals.add(self.task.outcome(self.net, batch).sums, self.device)

    def on_train_epoch_end(self) -> None:
        """Add the epoch to the history, save weights and state, and decide whether to go on."""
        entry = self.trainer.strategy.broadcast(self.entry())
        self.train_totals, self.validation_totals = Totals(), Totals()
        check_finite(entry["train"], self.state.epoch)
        state, plan = self.state, self.plan
        state.history.append(entry)
        state.epoch, state.batch = state.epoch + 1, 0
        if self.trainer.is_global_zero and history.is_best(state.history, plan.watched):
            self.keeper.best(weights_of(self.net), entry)
        self.save()
        over = history.is_over(state.history, plan)
        self.trainer.should_stop = over
        if self.agreed_action() == STOP and not over:
            raise Stopped

    # -- state

    def entry(self) -> Entry:
        """Return the epoch's entry of the history; nothing in it depends on the clock."""
        parts = gathered(self.train_totals.saved(), self.trainer.world_size)
        return {
            "epoch": self.state.epoch + 1,
            "step": self.state.step,
            "lr": self.the_optimizer().param_groups[0]["lr"],
            "train": add_totals(parts).means(),
            "validation": self.validation_totals.means(),
        }

    def agreed_action(self) -> int:
        """Return what all processes do now: continue, save, or save and stop."""
        due = time.monotonic() - self.saved_at > SAVE_EVERY_S
        action = STOP if self.request.made else SAVE if due else CONTINUE
        if self.trainer.world_size == 1:
            return action
        mine = torch.tensor(action, device=self.device)
        return int(self.trainer.strategy.reduce(mine, reduce_op="max"))

    def save(self) -> None:
        """Update the state and save it; all processes must call this."""
        now = time.monotonic()
        state = self.state
        state.seconds += now - self.counted_at
        mine = {"random": random_states(), "sums": self.train_totals.saved()}
        state.processes = gathered(mine, self.trainer.world_size)
        self.saved_at = self.counted_at = now
        if self.trainer.is_global_zero:
            state.weights = weights_of(self.net)
            state.optimizer = self.the_optimizer().state_dict()
            self.keeper.state(state)

    def report(self) -> None:
        """Report progress and metrics, at most every NOTIFY_EVERY_S."""
        now = time.monotonic()
        if now - self.notified_at < NOTIFY_EVERY_S:
            return
        self.notified_at = now
        shown = self.train_totals.means()
        if self.trainer.world_size == 1:  # with several, raising here would make the others wait
            check_finite(shown, self.state.epoch)
        if self.state.history:  # the last epoch's validation metric
            name = self.plan.watched.name
            shown[f"validation {name}"] = self.state.history[-1]["validation"][name]
        done = self.state.step / (self.plan.epochs * self.epoch_length)
        self.notify(
            f"epoch {self.state.epoch + 1} of {self.plan.epochs}, {format_means(shown)}", done
        )


def gathered(mine: Any, processes: int) -> list[Any]:
    """Collect a value from each process, in the order of their ranks."""
    if processes == 1:
        return [mine]
    everyone: list[Any] = [None] * processes
    torch.distributed.all_gather_object(everyone, mine)
    return everyone


def check_finite(means: Means, epoch: int) -> None:
    """Check that the loss is finite.

    Raises:
        FloatingPointError: it is not.
    """
    if not math.isfinite(means[LOSS]):
        raise FloatingPointError(
            f"the loss is not a number in epoch {epoch + 1}; try a smaller --lr"
        )
