"""Speed of the chord nets in numpy, on one core: time of a step, and cold start.

Nets with random weights at the shipped size, at a larger one, and the recurrent net; or the weights
of a file. A step takes in one chord and gives the distribution of the next; "with details" adds
lengths and basses for the likeliest chord. p99 is over all steps of all songs; "fastest p99" is
over the fastest song at each step, which leaves out interruptions by other processes. Cold start is
a fresh process: imports (mostly numpy), then weights from their files up to the first distribution.

    OMP_NUM_THREADS=1 python tests/bench/chord_speed.py [--weights NAME] [--json FILE]
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.chord_nets.config import ChordConfig
from muse.models.chord_nets.inference import ChordInference, load_chord_inference
from muse.models.chord_transformer.config import ChordTransformerConfig
from muse.models.weight_files import pack_weights

COLUMNS = {
    "chord": 557,
    "root": 13,
    "quality": 49,
    "function": 96,
    "bass": 13,
    "length": 30,
    "place": 16,
}
CONTEXTS = {"style": 6, "mode": 2, "meter": 4}
CHORDS, LENGTHS = 557, 29
NETS: dict[str, ChordConfig] = {
    "transformer 3 x 128": ChordTransformerConfig(CHORDS, LENGTHS, COLUMNS, CONTEXTS),
    "transformer 4 x 256": ChordTransformerConfig(  # about the largest size that is fast enough
        CHORDS, LENGTHS, COLUMNS, CONTEXTS, width=256, heads=8, layers=4
    ),
    "lstm 2 x 128": ChordLstmConfig(CHORDS, LENGTHS, COLUMNS, CONTEXTS),
}
FORKS = 200  # timed
STARTS = 7  # processes
COLD = """
import sys, time
begin = time.perf_counter()
from muse.models.chord_nets.inference import load_chord_inference
imported = time.perf_counter()
net, _ = load_chord_inference(sys.argv[1])
state = net.start(dict.fromkeys(net.config.contexts, 0))
net.step(state, dict.fromkeys(net.config.columns, 0), 0)
print(imported - begin, time.perf_counter() - imported, "torch" in sys.modules)
"""


def write_net(folder: Path, config: ChordConfig) -> Path:
    """Write the files of a net with random weights; returns their path without suffix."""
    import torch

    from muse.models.chord_lstm.net import ChordLstm
    from muse.models.chord_transformer.net import ChordTransformer

    torch.manual_seed(0)
    if isinstance(config, ChordLstmConfig):
        net: torch.nn.Module = ChordLstm(config)
    else:
        qualities = config.columns["quality"]
        net = ChordTransformer(config, torch.randint(0, 5, (qualities, qualities, 12)))
    tensors = {name: weight.numpy() for name, weight in net.state_dict().items()}
    data, card = pack_weights(tensors, {"config": dataclasses.asdict(config)})
    (folder / "net.safetensors").write_bytes(data)
    (folder / "net.json").write_bytes(card)
    return folder / "net"


def step_times(net: ChordInference, songs: int, steps: int) -> dict[str, float]:
    """Return the times of steps and of steps after a fork, in milliseconds."""
    rng, step_s, detailed_s, fork_s = np.random.default_rng(0), [], [], []
    for _ in range(songs):
        state = net.start(dict.fromkeys(net.config.contexts, 0))
        for i in range(steps):
            ids = {name: int(rng.integers(n - 1)) for name, n in net.config.columns.items()}
            begin = time.perf_counter()
            predicted = net.step(state, ids, 4 * i)
            middle = time.perf_counter()
            if net.config.lengths:
                best = int(predicted.chords.argmax())
                predicted.lengths(best), predicted.basses(best)
            step_s.append(middle - begin)
            detailed_s.append(time.perf_counter() - begin)
    for _ in range(FORKS):  # the first step after a fork copies the state
        other = net.fork(state)
        begin = time.perf_counter()
        net.step(other, ids, 0)
        fork_s.append(time.perf_counter() - begin)
    fastest = np.reshape(step_s, (songs, steps)).min(axis=0)
    return {
        "step_p50_ms": float(np.percentile(step_s, 50) * 1e3),
        "step_p99_ms": float(np.percentile(step_s, 99) * 1e3),
        "step_p99_fastest_ms": float(np.percentile(fastest, 99) * 1e3),
        "step_and_details_p50_ms": float(np.percentile(detailed_s, 50) * 1e3),
        "step_and_details_p99_ms": float(np.percentile(detailed_s, 99) * 1e3),
        "step_of_fork_p50_ms": float(np.percentile(fork_s, 50) * 1e3),
    }


def cold_start(path: str | Path) -> dict[str, Any]:
    """Return medians over fresh processes, in milliseconds; the first one fills the disk cache."""
    runs = []
    for _ in range(STARTS + 1):
        done = subprocess.run(
            [sys.executable, "-c", COLD, str(path)], capture_output=True, text=True, check=True
        )
        runs.append(done.stdout.split())
    imports, firsts, torches = zip(*runs[1:], strict=True)
    return {
        "imports_ms": statistics.median(map(float, imports)) * 1e3,
        "load_and_first_step_ms": statistics.median(map(float, firsts)) * 1e3,
        "imports_torch": "True" in torches,
    }


def measure(path: str | Path, songs: int, steps: int) -> dict[str, Any]:
    """Return all figures of one net."""
    net, card = load_chord_inference(path)
    row = {"parameters": card["parameters"], **step_times(net, songs, steps)}
    return row | cold_start(path)


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """Print the figures as a table."""
    headings = (
        "parameters",
        "step p50 ms",
        "step p99 ms",
        "fastest p99 ms",
        "with details p99 ms",
        "after fork p50 ms",
        "imports ms",
        "load+first step ms",
    )
    print(f"{'':22}" + "".join(f"{heading:>21}" for heading in headings), file=sys.stderr)
    keys = (
        "step_p50_ms",
        "step_p99_ms",
        "step_p99_fastest_ms",
        "step_and_details_p99_ms",
        "step_of_fork_p50_ms",
        "imports_ms",
        "load_and_first_step_ms",
    )
    for name, row in rows.items():
        figures = "".join(f"{row[key]:>21.2f}" for key in keys)
        print(f"{name:22}{row['parameters']:>21}{figures}", file=sys.stderr)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", help="name or path of weights, instead of random ones")
    parser.add_argument("--steps", type=int, default=300, help="chords in a song")
    parser.add_argument("--songs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    rows = {}
    if options.weights:
        rows[options.weights] = measure(options.weights, options.songs, options.steps)
    else:
        for name, config in NETS.items():
            with tempfile.TemporaryDirectory() as folder:
                path = write_net(Path(folder), config)
                rows[name] = measure(path, options.songs, options.steps)
    print_table(rows)
    text = json.dumps({"steps": options.steps, "songs": options.songs, "nets": rows}, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
