"""Reading the nets over chords in numpy: how long a step takes, and a cold start, on one core.

Random weights at the usual size, at a larger one and of the recurrent net; or those of a file. A
step is one chord taken in and the distribution of the next one given, with lengths and basses for
the likeliest. p99 is that of all steps of all songs, and the quiet one that of the fastest song at
each step, which leaves out what else the machine does. Cold start is a fresh process: the imports
(numpy the most of it), then weights from their files up to the first distribution.

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
    "transformer 4 x 256": ChordTransformerConfig(  # about the largest that may ship
        CHORDS, LENGTHS, COLUMNS, CONTEXTS, width=256, heads=8, layers=4
    ),
    "lstm 2 x 128": ChordLstmConfig(CHORDS, LENGTHS, COLUMNS, CONTEXTS),
}
FORKS = 200
STARTS = 7
COLD = """
import sys, time
begin = time.perf_counter()
from muse.models.chord_nets.inference import load_chord_inference
imported = time.perf_counter()
reader, _ = load_chord_inference(sys.argv[1])
state = reader.start(dict.fromkeys(reader.config.contexts, 0))
read = reader.step(state, dict.fromkeys(reader.config.columns, 0), 0)
print(imported - begin, time.perf_counter() - imported, "torch" in sys.modules)
"""


def write_net(folder: Path, config: ChordConfig) -> Path:
    """Files of a net with fresh weights."""
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


def step_times(reader: ChordInference, songs: int, steps: int) -> dict[str, float]:
    """Times of steps and of forks in milliseconds."""
    dice, taken, asked, fork_model = np.random.default_rng(0), [], [], []
    for _ in range(songs):
        state = reader.start(dict.fromkeys(reader.config.contexts, 0))
        for i in range(steps):
            ids = {name: int(dice.integers(n - 1)) for name, n in reader.config.columns.items()}
            begin = time.perf_counter()
            read = reader.step(state, ids, 4 * i)
            middle = time.perf_counter()
            if reader.config.lengths:
                best = int(read.chords.argmax())
                read.lengths(best), read.basses(best)
            taken.append(middle - begin)
            asked.append(time.perf_counter() - begin)
    for _ in range(FORKS):  # a fork and its first step, which parts from the song
        other = reader.fork(state)
        begin = time.perf_counter()
        reader.step(other, ids, 0)
        fork_model.append(time.perf_counter() - begin)
    quiet = np.reshape(taken, (songs, steps)).min(axis=0)
    return {
        "step_p50_ms": float(np.percentile(taken, 50) * 1e3),
        "step_p99_ms": float(np.percentile(taken, 99) * 1e3),
        "step_p99_quiet_ms": float(np.percentile(quiet, 99) * 1e3),
        "step_and_details_p50_ms": float(np.percentile(asked, 50) * 1e3),
        "step_and_details_p99_ms": float(np.percentile(asked, 99) * 1e3),
        "step_of_fork_p50_ms": float(np.percentile(fork_model, 50) * 1e3),
    }


def cold_start(path: str | Path) -> dict[str, Any]:
    """Medians over fresh processes, in milliseconds; the first one warms the disk."""
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


def measured(path: str | Path, songs: int, steps: int) -> dict[str, Any]:
    """All figures of one net."""
    reader, card = load_chord_inference(path)
    row = {"parameters": card["parameters"], **step_times(reader, songs, steps)}
    return row | cold_start(path)


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """The figures for people."""
    heads = (
        "parameters",
        "p50 ms",
        "p99 ms",
        "+details p99",
        "fork_model p50",
        "imports",
        "load+first",
    )
    print(f"{'':22}" + "".join(f"{head:>14}" for head in heads), file=sys.stderr)
    keys = (
        "step_p50_ms",
        "step_p99_ms",
        "step_p99_quiet_ms",
        "step_and_details_p99_ms",
        "step_of_fork_p50_ms",
        "imports_ms",
        "load_and_first_step_ms",
    )
    for name, row in rows.items():
        figures = "".join(f"{row[key]:>14.2f}" for key in keys)
        print(f"{name:22}{row['parameters']:>14}{figures}", file=sys.stderr)


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", help="a name or path of weights to measure instead")
    parser.add_argument("--steps", type=int, default=300, help="chords of a song")
    parser.add_argument("--songs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    options = parser.parse_args()
    rows = {}
    if options.weights:
        rows[options.weights] = measured(options.weights, options.songs, options.steps)
    else:
        for name, config in NETS.items():
            with tempfile.TemporaryDirectory() as folder:
                path = write_net(Path(folder), config)
                rows[name] = measured(path, options.songs, options.steps)
    print_table(rows)
    text = json.dumps({"steps": options.steps, "songs": options.songs, "nets": rows}, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
