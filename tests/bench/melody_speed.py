"""Speed of the melody net on one core: numpy compared with torch, and cold start.

Random weights of the shipped size, or those of a file. A note is one row taken in, the distribution
of the next pitch, and those of its advance and duration for the likeliest; it is timed with a given
number of rows in memory. Numpy and torch alternate on the same rows, so that other processes affect
both; p50 is over all notes at that number of rows, best is the fastest. A fork is a second
continuation of one state, which has to copy its memory. Cold start is a fresh process: imports
(mostly numpy), then weights from their files up to the first note.

    OMP_NUM_THREADS=1 python tests/bench/melody_speed.py [--weights NAME] [--json FILE]
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from muse.models.melody_xl.attention import MelodyBatch
from muse.models.melody_xl.config import MelodyConfig, read_melody_config
from muse.models.melody_xl.inference import MelodyInference
from muse.models.melody_xl.net import MelodyXL, Memory
from muse.models.weight_files import load_weights, pack_weights
from muse.tools.datasets.melody_events import PITCHES
from muse.tools.melody.columns import ADVANCES, COLUMN_SIZES, CONTEXT_SIZES, DURATIONS, INTERVALS

REMEMBERED = (20, 128, 512)  # rows in memory
NOTES = 40  # timed at each of these
STARTS = 5
COLD = """
import sys, time
begin = time.perf_counter()
from muse.models.melody_xl.config import read_melody_config
from muse.models.melody_xl.inference import MelodyInference
from muse.models.weight_files import load_weights
imported = time.perf_counter()
values, tensors, _ = load_weights(sys.argv[1])
reader = MelodyInference(read_melody_config(values), tensors)
state = reader.start(dict.fromkeys(reader.config.contexts, 0))
reader.step(state, dict.fromkeys(reader.config.columns, 0), 0)
print(imported - begin, time.perf_counter() - imported, "torch" in sys.modules)
"""
Ids = dict[str, int]
Times = dict[int, list[float]]  # seconds by rows in memory


def random_net() -> MelodyXL:
    """Return a net of the shipped size with random weights."""
    sizes = (PITCHES, INTERVALS, len(ADVANCES), len(DURATIONS))
    torch.manual_seed(0)
    return MelodyXL(MelodyConfig(*sizes, dict(COLUMN_SIZES), dict(CONTEXT_SIZES)))


def net_from(path: str) -> MelodyXL:
    """Return a trained net."""
    values, tensors, _ = load_weights(path)
    net = MelodyXL(read_melody_config(values))
    net.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    return net


def random_rows(config: MelodyConfig, count: int) -> list[Ids]:
    """Return rows of random ids; the first one is the start of a song."""
    rng = np.random.default_rng(0)
    rows = [
        {name: int(rng.integers(max(ids - 1, 1))) for name, ids in config.columns.items()}
        for _ in range(count)
    ]
    starts = (config.pitches, config.intervals, config.advances, config.durations)
    rows[0] |= dict(zip(("pitch", "interval", "advance", "duration"), starts, strict=True))
    return rows


class NumpySong:
    """A song that is read with numpy."""

    def __init__(self, reader: MelodyInference) -> None:
        """Start without rows."""
        self.reader = reader
        self.state = reader.start(dict.fromkeys(reader.config.contexts, 0))

    def note(self, ids: Ids, bar: int) -> int:
        """Read a note and predict the next; returns its likeliest pitch."""
        read = self.reader.step(self.state, ids, bar)
        pitch = int(read.pitches.argmax())
        advance = int(self.reader.advances(read, pitch).argmax())
        self.reader.durations(read, pitch, advance)
        self.state = read.state
        return pitch

    def fork(self, ids: Ids, bar: int) -> None:
        """Read a note and discard the result, so that the state is used again."""
        self.reader.step(self.state, ids, bar)


class TorchSong:
    """A song that is read with torch."""

    def __init__(self, net: MelodyXL) -> None:
        """Start without rows."""
        self.net = net.eval()
        self.memory: Memory | None = None

    @torch.no_grad()
    def note(self, ids: Ids, bar: int) -> int:
        """Read a note; returns the likeliest next pitch."""
        columns = {name: torch.tensor([[ids[name]]]) for name in self.net.config.columns}
        contexts = {name: torch.tensor([0]) for name in self.net.config.contexts}
        batch = MelodyBatch(columns, contexts, torch.tensor([[bar]]))
        predicted, self.memory = self.net(batch, self.memory)
        pitch = predicted.pitches[:, -1:].argmax(-1)
        advance = self.net.details(predicted, pitch, torch.zeros_like(pitch))[0].argmax(-1)
        self.net.details(predicted, pitch, advance)
        return int(pitch)


def note_times(net: MelodyXL) -> dict[str, Times]:
    """Return the seconds of each note by engine and rows in memory; checks that both agree."""
    rows = random_rows(net.config, max(REMEMBERED) + NOTES)
    tensors = {name: weight.numpy() for name, weight in net.state_dict().items()}
    songs = NumpySong(MelodyInference(net.config, tensors)), TorchSong(net)
    times: dict[str, Times] = {
        name: {place: [] for place in REMEMBERED} for name in ("numpy", "torch", "fork")
    }
    for number, ids in enumerate(rows):
        place = place_of(number)
        results = [timed(song.note, ids, number // 8) for song in songs]
        if results[0][1] != results[1][1]:
            raise SystemExit(f"row {number}: numpy gives {results[0][1]}, torch {results[1][1]}")
        if place is None:
            continue
        for name, (seconds, _) in zip(("numpy", "torch"), results, strict=True):
            times[name][place].append(seconds)
        times["fork"][place].append(fork_time(songs[0], ids, number // 8))
    return times


def fork_time(song: NumpySong, ids: Ids, bar: int) -> float:
    """Return the seconds of a second continuation of one state, which has to copy memory."""
    song.fork(ids, bar)
    return timed(song.fork, ids, bar)[0]


def place_of(number: int) -> int | None:
    """Return the one of REMEMBERED that a row counts for, if any."""
    return next((place for place in REMEMBERED if place <= number < place + NOTES), None)


def timed(act: Callable[[Ids, int], Any], ids: Ids, bar: int) -> tuple[float, Any]:
    """Return the seconds of reading a row, and the result."""
    begin = time.perf_counter()
    done = act(ids, bar)
    return time.perf_counter() - begin, done


def cold_start(path: Path) -> dict[str, Any]:
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
        "load_and_first_note_ms": statistics.median(map(float, firsts)) * 1e3,
        "imports_torch": "True" in torches,
    }


def write_net(folder: Path, net: MelodyXL) -> Path:
    """Write the two files of a net; returns the path of the card."""
    tensors = {name: weight.numpy() for name, weight in net.state_dict().items()}
    data, card = pack_weights(tensors, {"config": dataclasses.asdict(net.config)})
    (folder / "net.safetensors").write_bytes(data)
    (folder / "net.json").write_bytes(card)
    return folder / "net.json"


def measure(net: MelodyXL) -> dict[str, Any]:
    """Return all figures of one net, times in milliseconds."""
    figures = {
        name: {
            str(place): {
                "p50_ms": statistics.median(seconds) * 1e3,
                "best_ms": min(seconds) * 1e3,
            }
            for place, seconds in by_place.items()
        }
        for name, by_place in note_times(net).items()
    }
    with tempfile.TemporaryDirectory() as folder:
        start = cold_start(write_net(Path(folder), net))
    parameters = sum(weight.numel() for weight in net.parameters())
    return {"parameters": parameters, "notes": figures, "cold_start": start}


def print_table(figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    print(f"{'rows in memory':16}" + "".join(f"{n:>18}" for n in REMEMBERED), file=sys.stderr)
    print(f"{'ms per note':16}" + f"{'p50':>9}{'best':>9}" * len(REMEMBERED), file=sys.stderr)
    for name, by_place in figures["notes"].items():
        row = "".join(f"{r['p50_ms']:>9.2f}{r['best_ms']:>9.2f}" for r in by_place.values())
        print(f"{name:16}{row}", file=sys.stderr)
    start = figures["cold_start"]
    print(
        f"cold start: imports {start['imports_ms']:.0f} ms, "
        f"weights and first note {start['load_and_first_note_ms']:.0f} ms",
        file=sys.stderr,
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", help="name or path of weights, instead of random ones")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures = measure(net_from(options.weights) if options.weights else random_net())
    print_table(figures)
    text = json.dumps(figures, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
