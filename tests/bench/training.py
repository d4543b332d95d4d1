"""Overhead of the training harness: `muse train` compared with a plain PyTorch loop.

Both do the same number of steps with the same net, batches and optimizer: a loop without metrics,
and `muse train` with Lightning, metrics, validation and checkpoints. Nets of several widths,
because overhead matters only for small nets. Finally, the time from resuming a stopped run to its
next step.

    python tests/bench/training.py [--epochs 10] [--json FILE]
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from muse.models.training.fit import prepare
from muse.models.training.order import TrainBatches
from muse.models.training.schedule import parameter_groups
from muse.tools.training.options import plan_of, resolve
from muse.tools.training.recipe import PreparedTask
from muse.tools.training.train import train
from tests.training_recipe import NAME, Numbers, NumbersSettings, terminate, write_songs

WIDTHS = (8, 512, 2048)
SEED = 0


def plain_loop_seconds(songs: Path, width: int, epochs: int) -> float:
    """Return the seconds of the training steps in a plain PyTorch loop."""
    recipe = Numbers()
    settings = NumbersSettings(width=width)
    prepared = recipe.prepare(songs, settings, lambda _stage, _fraction: None)
    net = recipe.build(recipe.config(prepared, settings)).train()
    plan = plan_of(recipe, resolve(recipe, {"seed": SEED}))
    task = PreparedTask(recipe, prepared)
    optimizer = torch.optim.AdamW(parameter_groups(net, plan.weight_decay), lr=plan.lr)
    begun = time.perf_counter()
    for epoch in range(epochs):
        for batch in TrainBatches(task, plan.batch_size, plan.seed, epoch):
            optimizer.zero_grad()
            task.outcome(net, batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), plan.clip)
            optimizer.step()
    return time.perf_counter() - begun


def compare(songs: Path, out: Path, width: int, epochs: int) -> dict[str, Any]:
    """Return the milliseconds per step of both, over the same steps."""
    given = {"data": str(songs), "out": str(out), "seed": SEED, "epochs": epochs}
    summary = train(NAME, given | {"settings": {"width": width}}).summary or {}
    steps = summary["results"]["steps"]
    return {
        "width": width,
        "parameters": summary["parameters"],
        "steps": steps,
        "bare_ms": 1000 * plain_loop_seconds(songs, width, epochs) / steps,
        "harness_ms": 1000 * summary["seconds"] / steps,
    }


def resume_seconds(songs: Path, out: Path) -> float:
    """Return the seconds from resuming a stopped run to its next step, after imports."""
    reached: list[float] = []
    Numbers.on_outcome = terminate(20)
    stopped = train(NAME, {"data": str(songs), "out": str(out), "seed": SEED})
    Numbers.on_outcome = lambda _training: reached.append(time.perf_counter())
    begun = time.perf_counter()
    train(NAME, {}, resume=stopped.folder)
    Numbers.on_outcome = None
    return reached[0] - begun


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10, help="number of epochs, of 18 steps each")
    parser.add_argument("--json", type=Path, help="write the JSON to this file too")
    options = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        songs = write_songs(folder / "songs")
        compare(songs, folder / "warm", WIDTHS[0], 1)
        rows = [compare(songs, folder / "runs", width, options.epochs) for width in WIDTHS]
        figures = {"steps": rows, "resume_s": resume_seconds(songs, folder / "stopped")}
    print(f"{'parameters':>12} {'plain ms/step':>14} {'harness ms/step':>16}", file=sys.stderr)
    for row in rows:
        cells = f"{row['parameters']:>12,} {row['bare_ms']:>14.2f} {row['harness_ms']:>16.2f}"
        print(cells, file=sys.stderr)
    print(f"next step {figures['resume_s']:.2f} s after resuming a stopped run", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
