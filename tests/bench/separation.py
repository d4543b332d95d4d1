"""Separation side by side in one run: speed, memory, residuals, and demucs' own command.

    python tests/bench/separation.py [--json FILE] [--only speed,memory,residual,demucs]
                                     [--long-minutes 60] [--model-dir DIR]

Prints tables to stderr and JSON to stdout. The sound is the example song, repeated. `speed` is the
spleeter engine once loaded: reading, separating, measuring and writing; and its nets alone.
`memory` is the peak of a whole process on three minutes and on an hour. `demucs` runs demucs'
command and muse on one file, with demucs' default overlap and no shifts; without --model-dir the
weights are random, which costs the same time as the true ones. Processor seconds are given beside
wall seconds, since they stay right when the machine has other work.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from muse.models.onnx import usable_cores
from muse.tools.audio.io import read_audio, writing_audio
from muse.tools.separation.separate import SeparateOptions, engine_for, separate_file

ROOT = Path(__file__).resolve().parents[2]
SONG = ROOT / "examples" / "paper_lanterns.ogg"
RATE = 44_100  # Hz
RUNS = 3  # the fastest counts
SPEED_MINUTES = 2.0
DEMUCS_S = 40.0  # seconds of audio for the slow engines
SEGMENT_S = Fraction(39, 5)  # of htdemucs
FORMATS = (("wav", "16"), ("wav", "24"), ("wav", "32f"), ("flac", "16"), ("flac", "24"))
SCRIPTS = Path(sys.executable).parent  # where the commands of this environment are


def make_song(path: Path, seconds: float) -> Path:
    """Write the example song repeatedly, in blocks, until it is long enough."""
    audio, rate = read_audio(SONG)
    frames = int(seconds * rate)
    with writing_audio(path, rate, len(audio), frames=frames) as writer:
        while frames > 0:
            writer.write(audio[:, :frames])
            frames -= audio.shape[1]
    return path


def fastest(work: Callable[[], Any]) -> dict[str, float]:
    """Return wall and processor seconds of the fastest of RUNS."""
    times = []
    for _ in range(RUNS):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - wall, time.process_time() - processor))
    return {"wall_s": min(t[0] for t in times), "cpu_s": min(t[1] for t in times)}


def bench_speed(folder: Path) -> dict[str, Any]:
    """Measure the loaded spleeter engine, and its nets alone."""
    seconds = SPEED_MINUTES * 60
    song = make_song(folder / "song.wav", seconds)
    options = SeparateOptions(model="spleeter")
    engine: Any = engine_for(options)
    whole = fastest(lambda: separate_file(song, folder / "out", options, engine=engine))
    config = engine._net.config
    shape = (1, 2, config.segment, config.n_fft // 2 + 1)
    magnitude = np.random.default_rng(0).random(shape, np.float32)
    segment_s = config.segment * config.hop_length / RATE

    alone = fastest(lambda: engine._net.vocal_mask(magnitude))
    rows = {"spleeter engine": (whole, seconds), "its nets alone": (alone, segment_s)}
    return {
        name: {**times, "realtime_factor": length / times["wall_s"]}
        for name, (times, length) in rows.items()
    } | {"threads": usable_cores()}


def run_measured(command: list[str]) -> dict[str, float]:
    """Run a command; return wall and processor seconds, and its peak memory in MB."""
    program = (
        "import json, resource, subprocess, sys, time\n"
        "start = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([time.perf_counter() - start, used.ru_utime + used.ru_stime,"
        " used.ru_maxrss]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], check=True, capture_output=True, text=True
    )
    wall, processor, peak = json.loads(done.stdout.splitlines()[-1])
    return {"wall_s": wall, "cpu_s": processor, "peak_mb": peak / peak_unit()}


def peak_unit() -> float:
    """Return the divisor of getrusage's peak for MB: it is in kB on Linux, in bytes on macOS."""
    return 1e6 if sys.platform == "darwin" else 1e3


def bench_memory(folder: Path, long_minutes: float) -> dict[str, Any]:
    """Measure the peak memory of the whole command on short and on long audio."""
    results: dict[str, Any] = {}
    for minutes in (3.0, long_minutes):
        song = make_song(folder / "song.wav", minutes * 60)
        command = [str(SCRIPTS / "muse"), "separate", str(song), "-o", str(folder / "out")]
        results[f"{minutes:g} min"] = run_measured([*command, "--model", "spleeter", "--quiet"])
    short, long = results.values()
    return results | {"growth": long["peak_mb"] / short["peak_mb"] - 1}


def bench_residual(folder: Path) -> dict[str, Any]:
    """Measure the difference between the mix and the sum of the stems, read from their files."""
    results = {}
    mix, rate = read_audio(SONG)
    sources = {"16": "16", "24": "24", "32f": "32f"}
    for suffix, bits in FORMATS:
        song = folder / "song.wav"
        with writing_audio(song, rate, len(mix), bits=sources[bits]) as writer:
            writer.write(mix)
        options = SeparateOptions(model="spleeter", format=suffix, bits=bits)
        result = separate_file(song, folder / "out", options)
        total = sum(read_audio(stem.path)[0].astype(np.float64) for stem in result.stems)
        written, _ = read_audio(song)
        peak = np.abs(total - written * 10 ** (result.gain_db / 20)).max()
        results[f"{suffix} {bits}"] = {
            "reported_dbfs": result.residual_dbfs,
            "read_back_dbfs": max(-200.0, 20 * np.log10(peak)) if peak else -200.0,
        }
    return results


def random_weights(folder: Path) -> Path:
    """Write a folder for demucs' --repo, with random weights in the shape of htdemucs."""
    import torch
    from demucs.htdemucs import HTDemucs

    torch.manual_seed(0)
    sources = ["drums", "bass", "other", "vocals"]
    net = HTDemucs(sources=sources, bottom_channels=512, segment=SEGMENT_S)
    args, kwargs = net._init_args_kwargs
    package = {"klass": HTDemucs, "args": args, "kwargs": kwargs, "state": net.state_dict()}
    folder.mkdir()
    path = folder / "htdemucs.th"
    torch.save(package, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(folder / f"htdemucs-{digest[:8]}.th")
    return folder


def bench_demucs(folder: Path, model_dir: Path | None) -> dict[str, Any]:
    """Run the commands of demucs and of muse on one file, in turns."""
    song = make_song(folder / "song.wav", DEMUCS_S)
    weights = model_dir or random_weights(folder / "weights")
    theirs = [str(SCRIPTS / "demucs"), "-n", "htdemucs", "--repo", str(weights), "--float32"]
    theirs += [
        "--clip-mode",
        "none",
        "--shifts",
        "0",
        "-d",
        "cpu",
        "-o",
        str(folder / "theirs"),
        str(song),
    ]
    ours = [str(SCRIPTS / "muse"), "separate", str(song), "--model", "htdemucs", "--quiet"]
    ours += ["--model-dir", str(weights), "--bits", "32f", "--device", "cpu"]
    exact = [*ours, "--precision", "float32", "-o", str(folder / "exact")]
    ours += ["-o", str(folder / "ours")]
    commands = {"demucs": theirs, "muse": ours, "muse float32": exact}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            runs[name].append(run_measured(command))
    results: dict[str, Any] = {
        name: {key: min(run[key] for run in rows) for key in rows[0]} for name, rows in runs.items()
    }
    reference = folder / "theirs" / "htdemucs" / "song"
    for name, place in (("muse", "ours"), ("muse float32", "exact")):
        results[name]["snr_db"] = likeness(reference, folder / place / "song")
        results[name]["times_as_fast"] = results["demucs"]["wall_s"] / results[name]["wall_s"]
        results[name]["times_as_fast_cpu"] = results["demucs"]["cpu_s"] / results[name]["cpu_s"]
    return results | {"random_weights": model_dir is None}


def likeness(reference: Path, estimate: Path) -> dict[str, float]:
    """Return the SNR in dB of each stem relative to demucs', where both cut the same segments.

    That ends with the last segment, which demucs pads with silence and muse starts sooner. The stem
    `other` is left out: muse's takes up what is left over.
    """
    segment = int(SEGMENT_S * RATE)
    stride = segment * 3 // 4
    same = (int(DEMUCS_S * RATE) - segment) // stride * stride
    result = {}
    for stem in ("drums", "bass", "vocals"):
        one, _ = soundfile.read(reference / f"{stem}.wav", same, dtype="float32")
        two, _ = soundfile.read(estimate / f"{stem}.wav", same, dtype="float32")
        result[stem] = float(10 * np.log10(np.sum(one**2) / np.sum((one - two) ** 2)))
    return result


def show(title: str, result: dict[str, Any]) -> None:
    """Print one table to stderr."""
    print(f"\n{title}", file=sys.stderr)
    for name, row in result.items():
        cells = row if isinstance(row, dict) else {"": row}
        text = "  ".join(f"{key} {format_figure(value)}" for key, value in cells.items())
        print(f"  {name:18} {text}", file=sys.stderr)


def format_figure(value: Any) -> str:
    """Format a figure for people."""
    if isinstance(value, dict):
        return " ".join(f"{key} {format_figure(each)}" for key, each in value.items())
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value:.0f}"


def main() -> None:
    """Run the selected parts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="speed,residual,memory,demucs")
    parser.add_argument("--long-minutes", type=float, default=60.0)
    parser.add_argument("--model-dir", type=Path)
    arguments = parser.parse_args()
    benches = {
        "speed": lambda folder: bench_speed(folder),
        "residual": lambda folder: bench_residual(folder),
        "memory": lambda folder: bench_memory(folder, arguments.long_minutes),
        "demucs": lambda folder: bench_demucs(folder, arguments.model_dir),
    }
    results: dict[str, Any] = {"processors": os.cpu_count()}
    for name in arguments.only.split(","):
        with tempfile.TemporaryDirectory(prefix="muse-bench-") as folder:
            results[name] = benches[name](Path(folder))
        show(name, results[name])
    text = json.dumps(results, indent=1)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
