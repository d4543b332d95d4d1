"""The training loop: a run that is stopped at any moment and resumed ends with equal results."""

import json
import math
import os
import random
import signal
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from muse.models.training import module
from muse.models.training.history import best_epoch, is_best, is_over
from muse.models.training.nodes import wait_for_nodes
from muse.models.training.order import batches_of, shuffled
from muse.models.training.schedule import FLOOR, learning_rate
from muse.models.training.signals import Stopped, StopRequest, stop_requests
from muse.models.training.state import (
    State,
    random_states,
    seed_everything,
    set_random_states,
    set_weights,
    state_from_bytes,
    weights_of,
)
from muse.models.training.task import TrainingPlan, Watched
from muse.models.training.totals import Totals, add_totals
from muse.tools.errors import BadInputError, MuseError
from muse.tools.training import results
from muse.tools.training.run import Run
from muse.tools.training.run_folder import RunFolder
from muse.tools.training.train import train
from tests.training_recipe import NAME, Numbers, NumbersConfig, NumbersNet, terminate, write_songs

SEED = 7
TRAIN_BATCHES, VALIDATION_BATCHES, EPOCHS = 18, 9, 3  # of the recipe on its songs
EPOCH = TRAIN_BATCHES + VALIDATION_BATCHES

PLAN = TrainingPlan(epochs=10, batch_size=4, lr=0.1, patience=3, seed=0, warmup=0.1)


@pytest.fixture(autouse=True)
def no_plots(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Switch plots off, which take longer than these runs, and reset the recipe after each test."""
    monkeypatch.setattr(results, "plot_history", lambda *_: None)
    monkeypatch.setattr(results, "plot_confusion", lambda *_: None)
    yield
    Numbers.on_outcome = None


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_songs(tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def whole(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run that was not stopped."""
    return begin(songs, tmp_path_factory.mktemp("whole"))


def begin(songs: Path, out: Path) -> Run:
    return train(NAME, {"data": str(songs), "out": str(out), "seed": SEED})


def outcome_of(run: Run) -> dict[str, bytes]:
    """Return the results that must not depend on an interruption."""
    assert run.folder
    files = ("checkpoints/best.safetensors", "checkpoints/last.safetensors")
    files += ("stats/training_history.json", "stats/evaluation_results.json", "stats/split.json")
    return {name: (run.folder / name).read_bytes() for name in files}


# the first batch, within an epoch, its last batch, validation, the next epochs, the test side
MOMENTS = (0, 7, 17, 20, EPOCH, EPOCH + 11, 2 * EPOCH + 16, 2 * EPOCH + 20, 3 * EPOCH + 1)


@pytest.mark.parametrize("moment", MOMENTS)
def test_stopped_and_resumed_is_the_same(
    whole: Run, songs: Path, tmp_path: Path, moment: int
) -> None:
    Numbers.on_outcome = terminate(moment)
    with stopping_like_main():
        stopped = begin(songs, tmp_path)
    Numbers.on_outcome = None
    if 2 * EPOCH + TRAIN_BATCHES <= moment < 3 * EPOCH:  # in the last epoch's end: it is done
        assert not stopped.stopped
        assert outcome_of(stopped) == outcome_of(whole)
        return
    assert stopped.stopped
    assert stopped.folder
    assert stopped.summary is None
    random.seed(99)  # whatever happened since
    torch.manual_seed(99)
    resumed = train(NAME, {}, resume=stopped.folder)
    assert resumed.folder == stopped.folder
    assert outcome_of(resumed) == outcome_of(whole)
    assert resumed.summary
    assert whole.summary
    assert resumed.summary["results"] == whole.summary["results"]


def test_stopped_many_times_is_the_same(whole: Run, songs: Path, tmp_path: Path) -> None:
    Numbers.on_outcome = terminate(3)
    run = begin(songs, tmp_path)
    for moment in (0, 13, 21, 2):
        Numbers.on_outcome = terminate(moment)
        run = train(NAME, {}, resume=run.folder)
        assert run.stopped
    Numbers.on_outcome = None
    assert outcome_of(train(NAME, {}, resume=run.folder)) == outcome_of(whole)


@pytest.mark.parametrize("moment", [5, 17, 22, EPOCH + 4])
def test_killed_after_a_checkpoint_is_the_same(
    whole: Run, songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    class Killed(BaseException):
        """Nobody catches it, as nobody catches SIGKILL."""

    seen = iter(range(1000))

    def kill(_training: bool) -> None:
        if next(seen) == moment:
            raise Killed

    monkeypatch.setattr(module, "SAVE_EVERY_S", 0.0)
    Numbers.on_outcome = kill
    with pytest.raises(Killed):
        begin(songs, tmp_path)
    Numbers.on_outcome = None
    (folder,) = tmp_path.iterdir()
    kept = RunFolder(folder).state()
    assert kept.step == min(moment, TRAIN_BATCHES - 1) if moment < EPOCH else moment - EPOCH
    assert outcome_of(train(NAME, {}, resume=folder)) == outcome_of(whole)


def test_another_seed_is_another_run(whole: Run, songs: Path, tmp_path: Path) -> None:
    other = train(NAME, {"data": str(songs), "out": str(tmp_path), "seed": SEED + 1})
    assert outcome_of(other)["stats/split.json"] == outcome_of(whole)["stats/split.json"]
    for name in ("checkpoints/last.safetensors", "stats/training_history.json"):
        assert outcome_of(other)[name] != outcome_of(whole)[name]


def test_a_completed_run_is_measured_again_and_can_be_extended(songs: Path, tmp_path: Path) -> None:
    first = begin(songs, tmp_path)
    assert first.folder
    assert first.summary
    before = outcome_of(first)
    assert outcome_of(train(NAME, {}, resume=first.folder)) == before
    longer = train(
        NAME, {"epochs": EPOCHS + 1}, resume=first.folder, export_to=tmp_path / "weights"
    )
    assert longer.summary
    card = json.loads((tmp_path / "weights" / f"{first.summary['name']}.json").read_text())
    assert f"--epochs {EPOCHS + 1}" in card["command"]
    assert longer.summary["results"]["epochs"] == EPOCHS + 1
    history = json.loads(before["stats/training_history.json"])
    went_on = json.loads(outcome_of(longer)["stats/training_history.json"])
    assert went_on[:EPOCHS] == history


def test_early_stopping_keeps_the_best(songs: Path, tmp_path: Path) -> None:
    given = {"data": str(songs), "out": str(tmp_path), "seed": 1, "epochs": 40, "patience": 2}
    run = train(NAME, given | {"schedule": "constant"})
    assert run.folder
    assert run.summary
    history = json.loads((run.folder / "stats/training_history.json").read_text())
    best = run.summary["results"]["best_epoch"]
    assert len(history) == best + 2 < 40
    scores = [entry["validation"]["top1"] for entry in history]
    assert scores.index(max(scores)) == best - 1


def test_bfloat16_trains(songs: Path, tmp_path: Path) -> None:
    given = {"data": str(songs), "out": str(tmp_path), "seed": 1, "epochs": 1}
    run = train(NAME, given | {"precision": "bf16"})
    assert run.folder
    weights = RunFolder(run.folder).weights("best")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


def test_a_loss_that_is_not_a_number_ends_the_run(songs: Path, tmp_path: Path) -> None:
    given = {"data": str(songs), "out": str(tmp_path), "lr": 1e30, "clip": 0.0, "warmup": 0.0}
    with pytest.raises(MuseError, match="not a number in epoch 1; try a smaller --lr"):
        train(NAME, given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("batch_size", "advice"), [(16, "try --batch-size 8"), (1, "try a smaller net")]
)
def test_out_of_memory_says_what_to_do(
    songs: Path, tmp_path: Path, batch_size: int, advice: str
) -> None:
    def run_out(_training: bool) -> None:
        torch.empty(2**60)  # torch's own words for what is not there

    Numbers.on_outcome = run_out
    with pytest.raises(MuseError, match=f"out of memory .*; {advice}"):
        train(NAME, {"data": str(songs), "out": str(tmp_path), "batch_size": batch_size})


def test_signal_handlers_are_restored(songs: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    begin(songs, tmp_path)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert not torch.are_deterministic_algorithms_enabled()


class stopping_like_main:
    """SIGTERM outside of the loop raises KeyboardInterrupt, as in the muse command."""

    def __enter__(self) -> None:
        def interrupt(_number: int, _frame: object) -> None:
            raise KeyboardInterrupt

        self.before = signal.signal(signal.SIGTERM, interrupt)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self.before)


def test_stopped_before_anything_was_trained_leaves_nothing(
    songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("muse.tools.training.train.prepare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        begin(songs, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hook", ["configure_optimizers", "on_train_start"])
def test_stopped_during_the_setup_of_lightning(
    whole: Run, songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    original = getattr(module.TrainingModule, hook)

    def interrupted(self: module.TrainingModule) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return original(self)

    with monkeypatch.context() as patch:
        patch.setattr(module.TrainingModule, hook, interrupted)
        stopped = begin(songs, tmp_path)
    assert stopped.stopped
    assert stopped.folder
    assert RunFolder(stopped.folder).state().step == 1
    assert outcome_of(train(NAME, {}, resume=stopped.folder)) == outcome_of(whole)


@given(st.integers(1, 200), st.integers(1, 40), st.integers(1, 5), st.integers(0, 9))
def test_every_example_is_seen_once(examples: int, size: int, ranks: int, epoch: int) -> None:
    order = shuffled(examples, SEED, epoch)
    assert sorted(order) == list(range(examples))
    shares = [batches_of(order, size, rank, ranks) for rank in range(ranks)]
    assert len({len(share) for share in shares}) == 1  # else one process waits for ever
    seen = [int(index) for share in shares for batch in share for index in batch]
    assert set(seen) == set(range(examples))
    assert len(seen) - examples < ranks


def test_the_order_depends_on_seed_and_epoch() -> None:
    assert np.array_equal(shuffled(50, 1, 2), shuffled(50, 1, 2))
    assert not np.array_equal(shuffled(50, 1, 2), shuffled(50, 1, 3))
    assert not np.array_equal(shuffled(50, 1, 2), shuffled(50, 2, 2))


def test_a_second_signal_stops_at_once() -> None:
    with stop_requests() as request:
        signal.raise_signal(signal.SIGINT)
        assert request.made
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGTERM)


def test_missing_nodes_are_an_error_after_a_while() -> None:
    never = Event()
    with pytest.raises(TimeoutError, match="not all nodes have started within 0 s"):
        wait_for_nodes(never.wait, StopRequest(), 0.0)
    never.set()


def test_waiting_for_nodes_is_stopped_by_a_signal() -> None:
    never = Event()
    with stop_requests() as request:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped):
            wait_for_nodes(never.wait, request, 60.0)
    never.set()


def test_nodes_that_come_are_waited_for() -> None:
    wait_for_nodes(lambda: None, StopRequest(), 60.0)
    with pytest.raises(ConnectionError, match="refused"):
        wait_for_nodes(refuse, StopRequest(), 60.0)


def refuse() -> None:
    raise ConnectionError("refused")


def test_learning_rate() -> None:
    rates = [learning_rate(PLAN, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(PLAN.lr / 10)
    assert max(rates) == rates[9] == rates[10] == PLAN.lr
    assert all(a >= b for a, b in pairwise(rates[10:]))
    assert learning_rate(PLAN, 100, 100) == pytest.approx(PLAN.lr * FLOOR)
    flat = TrainingPlan(
        epochs=1, batch_size=1, lr=0.1, patience=0, seed=0, warmup=0, schedule="constant"
    )
    assert {learning_rate(flat, step, 10) for step in range(10)} == {0.1}


def history_of(*losses: float) -> list[dict[str, object]]:
    return [{"epoch": place + 1, "validation": {"loss": x}} for place, x in enumerate(losses)]


def test_best_epoch_and_end_follow_from_the_history() -> None:
    lower, higher = Watched("loss", "lower"), Watched("loss", "higher")
    assert best_epoch(history_of(3, 1, 2, 1), lower) == 1  # the earlier of equals
    assert best_epoch(history_of(3, 1, 2, 5), higher) == 3
    assert best_epoch(history_of(math.nan, 1, math.nan), lower) == 1
    assert is_best(history_of(3, 1), lower)
    assert not is_best(history_of(3, 3), lower)
    assert not is_over(history_of(1, 2, 3), PLAN)
    assert is_over(history_of(1, 2, 3, 4), PLAN)
    assert is_over(history_of(*range(10, 0, -1)), PLAN)
    assert not is_over([], PLAN)


def test_totals_are_means_over_examples() -> None:
    here, there = Totals(), Totals()
    cpu = torch.device("cpu")
    here.add({"loss": (torch.tensor(6.0), 3), "top1": (1, 3)}, cpu)
    here.add({"loss": (1.0, 1)}, cpu)
    there.add({"loss": (torch.tensor(5.0), 2), "rare": (0, 0)}, cpu)
    assert here.means() == {"loss": 7 / 4, "top1": 1 / 3}
    both = add_totals([here.saved(), there.saved()]).means()
    assert both["loss"] == 2.0
    assert math.isnan(both["rare"])


def test_random_states_are_restored() -> None:
    seed_everything(3)
    torch.rand(5), np.random.rand(3), random.gauss(0, 1)  # noqa: NPY002
    kept = state_from_bytes(State(processes=[random_states()]).to_bytes()).processes[0]

    def draw() -> list[float]:
        return [float(torch.rand(1)), float(np.random.randn()), random.gauss(0, 1)]  # noqa: NPY002

    first = draw()
    set_random_states(kept)
    assert draw() == first


def test_damaged_states_raise() -> None:
    data = State(weights={"a": torch.zeros(300)}).to_bytes()
    assert state_from_bytes(data).weights["a"].shape == (300,)
    for damaged in (b"", b"nonsense", data[: len(data) // 2], data[:-30]):
        with pytest.raises(ValueError, match=r"is damaged|is not a"):
            state_from_bytes(damaged)


def test_states_hold_no_classes(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return os.system, (f"touch {tmp_path / 'was_here'}",)

    path = tmp_path / "evil.pt"
    torch.save({"format": "muse.training-state/1", "weights": Evil()}, path)
    with pytest.raises(ValueError, match="is damaged"):
        state_from_bytes(path.read_bytes())
    assert not (tmp_path / "was_here").exists()


def test_tied_weights_are_stored_once() -> None:
    net = NumbersNet(NumbersConfig(7, 4, 0.0))
    kept = weights_of(net)
    assert sorted(kept) == ["hidden.bias", "hidden.weight", "out.bias", "table.weight"]
    other = NumbersNet(NumbersConfig(7, 4, 0.0))
    set_weights(other, kept)
    assert torch.equal(other.out.weight, net.out.weight)
    with pytest.raises(ValueError, match="of another net: hidden"):
        set_weights(NumbersNet(NumbersConfig(7, 5, 0.0)), kept)
    with pytest.raises(ValueError, match="of another net"):
        set_weights(nn.Linear(2, 2), kept)


def test_a_damaged_run_raises(songs: Path, tmp_path: Path) -> None:
    run = begin(songs, tmp_path)
    assert run.folder
    folder = RunFolder(run.folder)
    folder.resume_file.write_bytes(folder.resume_file.read_bytes()[:1000])
    with pytest.raises(BadInputError, match=r"resume\.pt: is damaged"):
        train(NAME, {}, resume=run.folder)
    (folder.checkpoints / "best.safetensors").write_bytes(b"x")
    with pytest.raises(BadInputError, match=r"best\.safetensors: is damaged"):
        folder.weights("best")
