"""The net and its task as Lightning's Trainer wants them; keeps the state at batch boundaries.

Lightning runs devices, precision, clipping and the two loops. What an exact resume needs is here:
every epoch's batches are a function of seed and epoch, the learning rate one of the step, early
stopping one of the history, and the rest is in State.
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
from muse.models.training.task import LOSS, Batch, Entry, Means, Notify, Plan, Task
from muse.models.training.totals import Totals, in_words, together

KEEP_EVERY_S = 300.0  # the state is kept this often within an epoch
TELL_EVERY_S = 0.3  # reading the metrics waits for the device
GO_ON, KEEP, STOP = 0, 1, 2  # the larger wins when processes differ


@dataclass(frozen=True)
class Keeper:
    """Where the loop's results go; called in the first process only.

    Attributes:
        state: takes the whole state; what it wrote before may be replaced.
        best: takes the weights of the best epoch so far, and its entry.
    """

    state: Callable[[State], None]
    best: Callable[[dict[str, Tensor], Entry], None]


class TrainingModule(LightningModule):
    """One run."""

    def __init__(
        self,
        task: Task,
        net: nn.Module,
        plan: Plan,
        state: State,
        keeper: Keeper,
        notify: Notify,
        request: StopRequest,
    ) -> None:
        """Hold what the run is made of; see fit for what each is."""
        super().__init__()
        self.task, self.net, self.plan, self.state = task, net, plan, state
        self.keeper, self.notify, self.request = keeper, notify, request
        self.train_totals, self.validation_totals = Totals(), Totals()
        self.kept_at = self.told_at = self.counted_at = time.monotonic()

    # -- data

    def epoch_batches(self, first: int = 0) -> TrainBatches:
        """This process's batches of the epoch, from the first one on."""
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
        """What is left of the epoch; Lightning asks at the start of each."""
        return self.epoch_batches(self.state.batch)

    def val_dataloader(self) -> FixedBatches:
        """The validation side; each process sees all of it, so that nothing is gathered."""
        return FixedBatches(self.task, "validation", self.plan.batch_size)

    @property
    def epoch_length(self) -> int:
        """Batches of a whole epoch in each process."""
        return len(self.epoch_batches())

    # -- steps

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; its learning rate is set at every step."""
        groups = parameter_groups(self.net, self.plan.weight_decay)
        return torch.optim.AdamW(groups, lr=self.plan.lr)

    def the_optimizer(self) -> torch.optim.Optimizer:
        """The only one, without Lightning's wrapper."""
        return self.trainer.optimizers[0]

    def on_train_start(self) -> None:
        """Go on where the state stands."""
        self.request.listen()  # Lightning's own handler would send collectives from within a signal
        rank = self.trainer.global_rank
        if self.state.optimizer:
            self.the_optimizer().load_state_dict(self.state.optimizer)
        if rank < len(self.state.processes):
            mine = self.state.processes[rank]
            set_random_states(mine["random"])
            self.train_totals = Totals(mine["sums"])
        else:
            seed_everything(self.plan.seed + rank)
        self.kept_at = self.counted_at = time.monotonic()
        if not self.state.step:
            self.keep()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of the step."""
        steps = self.plan.epochs * self.epoch_length
        for group in self.the_optimizer().param_groups:
            group["lr"] = learning_rate(self.plan, self.state.step, steps)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of one batch."""
        outcome = self.task.outcome(self.net, batch)
        self.train_totals.add(outcome.sums, self.device)
        return outcome.loss

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Count the step; keep the state where it is due; stop where it is asked for."""
        self.state.batch += 1
        self.state.step += 1
        self.tell()
        if self.state.batch == self.epoch_length:
            return  # the epoch's end keeps and stops: there is no state between the two
        what = self.agreed()
        if what != GO_ON:
            self.keep()
        if what == STOP:
            raise Stopped

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add up the metrics of one batch."""
        self.validation_totals.add(self.task.outcome(self.net, batch).sums, self.device)

    def on_train_epoch_end(self) -> None:
        """Write the epoch down, keep the best, and see whether to go on."""
        entry = self.trainer.strategy.broadcast(self.entry())
        self.train_totals, self.validation_totals = Totals(), Totals()
        check_finite(entry["train"], self.state.epoch)
        state, plan = self.state, self.plan
        state.history.append(entry)
        state.epoch, state.batch = state.epoch + 1, 0
        if self.trainer.is_global_zero and history.is_best(state.history, plan.watched):
            self.keeper.best(weights_of(self.net), entry)
        self.keep()
        over = history.is_over(state.history, plan)
        self.trainer.should_stop = over
        if self.agreed() == STOP and not over:
            raise Stopped

    # -- state

    def entry(self) -> Entry:
        """The epoch's line of the history; nothing in it depends on the clock."""
        everyone = gathered(self.train_totals.saved(), self.trainer.world_size)
        return {
            "epoch": self.state.epoch + 1,
            "step": self.state.step,
            "lr": self.the_optimizer().param_groups[0]["lr"],
            "train": together(everyone).means(),
            "validation": self.validation_totals.means(),
        }

    def agreed(self) -> int:
        """What all processes do now: go on, keep the state, or keep it and stop."""
        due = time.monotonic() - self.kept_at > KEEP_EVERY_S
        wish = STOP if self.request.made else KEEP if due else GO_ON
        if self.trainer.world_size == 1:
            return wish
        mine = torch.tensor(wish, device=self.device)
        return int(self.trainer.strategy.reduce(mine, reduce_op="max"))

    def keep(self) -> None:
        """Bring the state up to date and hand it to the keeper; all processes come here."""
        now = time.monotonic()
        state = self.state
        state.seconds += now - self.counted_at
        mine = {"random": random_states(), "sums": self.train_totals.saved()}
        state.processes = gathered(mine, self.trainer.world_size)
        self.kept_at = self.counted_at = now
        if self.trainer.is_global_zero:
            state.weights = weights_of(self.net)
            state.optimizer = self.the_optimizer().state_dict()
            self.keeper.state(state)

    def tell(self) -> None:
        """Say how far the run is, and how good, now and then."""
        now = time.monotonic()
        if now - self.told_at < TELL_EVERY_S:
            return
        self.told_at = now
        shown = self.train_totals.means()
        if self.trainer.world_size == 1:  # one of several must not leave the others waiting
            check_finite(shown, self.state.epoch)
        if self.state.history:  # what is learnt shows on the validation side
            name = self.plan.watched.name
            shown[f"validation {name}"] = self.state.history[-1]["validation"][name]
        done = self.state.step / (self.plan.epochs * self.epoch_length)
        self.notify(f"epoch {self.state.epoch + 1} of {self.plan.epochs}, {in_words(shown)}", done)


def gathered(mine: Any, processes: int) -> list[Any]:
    """What each process has, in the order of their ranks."""
    if processes == 1:
        return [mine]
    everyone: list[Any] = [None] * processes
    torch.distributed.all_gather_object(everyone, mine)
    return everyone


def check_finite(means: Means, epoch: int) -> None:
    """Raise FloatingPointError when the loss is no number any more."""
    if not math.isfinite(means[LOSS]):
        raise FloatingPointError(
            f"the loss is not a number in epoch {epoch + 1}; try a smaller --lr"
        )
