"""Plots of a run: loss and metrics over the epochs, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from muse.models.training.history import best_epoch
from muse.models.training.task import LOSS, Entry, Watched
from muse.tools.files import write_bytes
from muse.tools.training.recipe import Confusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCHES = (5.0, 3.6)
INCHES_PER_CLASS, LEAST_INCHES, MOST_INCHES = 0.32, 4.0, 16.0
MOST_LABELS = 48  # more would overlap
DPI = 110


def plot_history(
    history: Sequence[Entry], watched: Watched, path: Path, further: Sequence[str] = ()
) -> None:
    """Plot loss, watched metric and `further` metrics of training and validation by epoch."""
    names = list(dict.fromkeys([LOSS, watched.name, *further]))
    figure = new_figure(PANEL_INCHES[0] * len(names), PANEL_INCHES[1])
    best = best_epoch(history, watched) + 1
    for axes, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        draw_metric(axes, history, name, best)
    save(figure, path)


def draw_metric(axes: Axes, history: Sequence[Entry], name: str, best: int) -> None:
    """Draw one metric of both sides, with a line at the best epoch."""
    epochs = [entry["epoch"] for entry in history]
    for side in ("train", "validation"):
        axes.plot(epochs, [entry[side].get(name, np.nan) for entry in history], ".-", label=side)
    axes.axvline(best, color="0.6", linestyle=":", label=f"best: epoch {best}")
    axes.set(xlabel="epoch", title=name)
    axes.legend(frameon=False)


def plot_confusion(confusion: Confusion, path: Path) -> None:
    """Plot the share of each true class that was predicted as each class."""
    counts = confusion.counts.astype(float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    classes = len(confusion.labels)
    inches = float(np.clip(classes * INCHES_PER_CLASS, LEAST_INCHES, MOST_INCHES))
    figure = new_figure(inches + 1.0, inches)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    figure.colorbar(image, label="share of the true class")
    axes.set(xlabel="predicted", ylabel="true")
    if classes <= MOST_LABELS:
        axes.set_xticks(range(classes), confusion.labels, rotation=90)
        axes.set_yticks(range(classes), confusion.labels)
    save(figure, path)


def plot_pictures(pictures: Mapping[str, Figure], folder: Path) -> None:
    """Write a recipe's own figures as PNG files."""
    for name, figure in pictures.items():
        save(figure, folder / f"{name}.png")


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in inches, that needs no display."""
    from matplotlib.figure import Figure

    return Figure((width, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG; an interrupted call leaves no file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    write_bytes(path, buffer.getvalue())
