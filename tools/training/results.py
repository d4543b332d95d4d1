"""Evaluates a finished run beside its baselines and writes the figures and plots."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from muse.models.training.evaluate import mean_metrics
from muse.models.training.history import best_epoch, is_over
from muse.models.training.state import State
from muse.models.training.task import Means, TrainingPlan
from muse.models.training.totals import format_means
from muse.tools.training.plots import plot_confusion, plot_history
from muse.tools.training.recipe import Confusion, Prepared, PreparedTask, Recipe
from muse.tools.training.run_folder import RunFolder

RESULTS = "evaluation_results.json"
NET_ROW = "net"
NAME_WIDTH, COLUMN_WIDTH = 28, 12  # characters of the table in the summary


def evaluate(
    recipe: Recipe,
    prepared: Prepared,
    net: nn.Module,
    plan: TrainingPlan,
    state: State,
    device: torch.device,
) -> tuple[dict[str, Any], Confusion | None]:
    """Measure the net of the best epoch on the test side, and the baselines.

    Returns:
        The results as plain values, and the confusion matrix if the recipe has one.
    """
    task = PreparedTask(recipe, prepared)
    best = best_epoch(state.history, plan.watched)
    test = recipe.derived(mean_metrics(task, net, "test", plan, device))
    with torch.inference_mode():
        confusion = recipe.confusion(net, prepared, device)
        further = recipe.evaluate(net, prepared, device)
    results: dict[str, Any] = {
        "best_epoch": best + 1,
        "epochs": len(state.history),
        "steps": state.step,
        "test": test,
        "validation": recipe.derived(state.history[best]["validation"]),
        "baselines": recipe.baselines(prepared),
    }
    return results | further, confusion


def write_results(
    folder: RunFolder,
    results: Mapping[str, Any],
    confusion: Confusion | None,
    state: State,
    plan: TrainingPlan,
    plotted: Sequence[str] = (),
) -> None:
    """Write figures and plots into the run's folder."""
    written = dict(results)
    if confusion is not None:
        table = {"labels": list(confusion.labels), "counts": confusion.counts.tolist()}
        written["confusion"] = table
        plot_confusion(confusion, folder.plots / "confusion_matrix.png")
    plot_history(state.history, plan.watched, folder.plots / "training_history.png", plotted)
    folder.write_text("metrics_summary.txt", summary_text(folder.config(), results, state))
    folder.write_text("training_summary.txt", training_text(state, plan))
    folder.write_json(RESULTS, written)


def summary_text(facts: Mapping[str, Any], results: Mapping[str, Any], state: State) -> str:
    """Return a one-page summary of a run."""
    split = facts["data"]["split"]
    songs = ", ".join(f"{side} {split[side]['songs']}" for side in split)
    lines = [
        f"{facts['name']}: {facts['what']}",
        f"{facts['command']}",
        "",
        f"parameters  {facts['parameters']:,}",
        f"songs       {songs}",
        f"trained     {results['epochs']} epochs, {results['steps']} steps, {state.seconds:.0f} s",
        f"best        epoch {results['best_epoch']}",
        "",
        *test_table(results["test"], results["baselines"]),
    ]
    return "\n".join(lines) + "\n"


def training_text(state: State, plan: TrainingPlan) -> str:
    """Return a text with one line for each epoch."""
    best = best_epoch(state.history, plan.watched)
    early = len(state.history) < plan.epochs and is_over(state.history, plan)
    ended = f"{plan.patience} epochs without improvement" if early else "after all epochs"
    lines = [
        f"{entry['epoch']:5d}{'*' if place == best else ' '} lr {entry['lr']:.2e}"
        f"   train {format_means(entry['train'])}   validation {format_means(entry['validation'])}"
        for place, entry in enumerate(state.history)
    ]
    watched = f"best by validation {plan.watched.name} ({plan.watched.better} is better)"
    return "\n".join([*lines, "", f"* {watched}", f"ended: {ended}"]) + "\n"


def test_table(test: Means, baselines: Mapping[str, Means]) -> list[str]:
    """Return a table of the test figures, with a row for the net and for each baseline."""
    names = list(test)
    rows = {NET_ROW: test, **baselines}
    header = "test".ljust(NAME_WIDTH) + "".join(name.rjust(COLUMN_WIDTH) for name in names)
    return [header, *(table_row(name, row, names) for name, row in rows.items())]


def table_row(name: str, values: Means, names: list[str]) -> str:
    """Return one row of the table; a dash stands for a missing figure."""
    cells = (f"{values[each]:.4f}" if each in values else "-" for each in names)
    return name.ljust(NAME_WIDTH) + "".join(cell.rjust(COLUMN_WIDTH) for cell in cells)
