"""Speed of tokenizing: muse, MidiTok, and reading with music21.

    python tests/bench/token_speed.py [--json FILE] [--data FOLDER] [--only speed,schemes]

Tables go to stderr, JSON to stdout. `command` is the whole of `muse tokenize FOLDER -o FILE`,
including the start of Python; `file` is one file in a running process, from the file to ids.
MidiTok and music21 read a sample of the files, spread over the folder; their time for the folder is
the time per file multiplied by the number of files, and marked as extrapolated. music21 parses a
file and lists its notes and chords as pitches, as scripts for recurrent nets do. The fastest of
several runs counts; processor seconds are given beside wall seconds because they depend less on
other processes. Data: POP909, or the MIDI files of --data.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from muse.tools.song.midi import MIDI_MAGIC, read_score
from muse.tools.tokens.scheme import miditok_config
from muse.tools.tokens.schemes import SCHEME_NAMES, load_scheme
from muse.tools.tokens.tokenizer import tokenizer_for

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "pop909"
MUSE = Path(sys.executable).parent / "muse"
RUNS = 3  # of which the fastest counts
MIDITOK_FILES = 60  # in the sample
SCHEME_FILES = 12
MUSIC21_FILES = 3


def every_nth(paths: Sequence[Path], count: int) -> list[Path]:
    """Return evenly spaced paths, at most `count`."""
    return list(paths[:: max(len(paths) // count, 1)][:count])


def fastest(work: Callable[[], Any], runs: int = RUNS) -> dict[str, float]:
    """Return wall and processor seconds of the fastest run."""
    times = []
    for _ in range(runs):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - wall, time.process_time() - processor))
    return {"wall_s": min(t[0] for t in times), "cpu_s": min(t[1] for t in times)}


def per_file(
    work: Callable[[Path], Any], paths: Sequence[Path], runs: int = RUNS
) -> dict[str, Any]:
    """Return milliseconds per file in a running process."""
    work(paths[0])  # fills caches before timing
    times = fastest(lambda: [work(path) for path in paths], runs)
    each = {key.replace("_s", "_ms"): 1e3 * value / len(paths) for key, value in times.items()}
    return {**each, "files": len(paths)}


def run_command(words: list[str]) -> dict[str, float]:
    """Return wall and processor seconds of a command and its child processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": wall, "cpu_s": used}


def bench_command(folder: Path) -> dict[str, Any]:
    """Time the command on the folder, with all cores and with one."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for title, jobs in (("all cores", []), ("one job", ["-j", "1"])):
            out = str(Path(name) / "all.jsonl")
            words = [str(MUSE), "tokenize", str(folder), "-o", out, *jobs]
            runs = [run_command(words) for _ in range(RUNS)]
            results[title] = {key: min(run[key] for run in runs) for key in runs[0]}
    return results


def miditok_of(name: str) -> Callable[[Path], Any]:
    """Return MidiTok's tokenizer with muse's settings of a scheme."""
    import miditok

    scheme = load_scheme(name)
    config = miditok.TokenizerConfig(**miditok_config(scheme))
    tokenizer = getattr(miditok, scheme.miditok)(config)
    return lambda path: tokenizer(path)


def muse_of(name: str) -> Callable[[Path], Any]:
    """Return muse's tokenizer of a scheme."""
    tokenizer = tokenizer_for(name)
    return lambda path: tokenizer.encode(read_score(path.read_bytes())).ids


def read_with_music21(path: Path) -> list[str]:
    """Return the notes of a file as pitches, and chords as pitch classes."""
    from music21 import chord, converter, note

    found = []
    for element in converter.parse(path).flatten().notes:
        if isinstance(element, note.Note):
            found.append(str(element.pitch))
        elif isinstance(element, chord.Chord):
            found.append(".".join(map(str, element.normalOrder)))
    return found


def bench_files(paths: list[Path]) -> dict[str, Any]:
    """Time one file to REMI with each reader, and estimate the whole folder."""
    readers = {
        "muse": (muse_of("remi"), paths, RUNS),
        "muse, parse only": (lambda path: read_score(path.read_bytes()), paths, RUNS),
        "miditok": (miditok_of("remi"), every_nth(paths, MIDITOK_FILES), RUNS),
        "music21, read only": (read_with_music21, every_nth(paths, MUSIC21_FILES), 1),
    }
    results = {name: per_file(*arguments) for name, arguments in readers.items()}
    for result in results.values():
        result["folder_cpu_s"] = result["cpu_ms"] * len(paths) / 1e3
        result["extrapolated"] = result["files"] < len(paths)
    return results


def bench_schemes(paths: list[Path]) -> dict[str, Any]:
    """Time one file in every scheme, with muse and MidiTok."""
    sample = every_nth(paths, SCHEME_FILES)
    return {
        name: {
            "muse_ms": per_file(muse_of(name), sample)["cpu_ms"],
            "miditok_ms": per_file(miditok_of(name), sample)["cpu_ms"],
            "files": len(sample),
        }
        for name in SCHEME_NAMES
    }


def print_table(title: str, results: dict[str, dict[str, Any]]) -> None:
    """Print a table on stderr."""
    columns = list(next(iter(results.values())))
    print(f"\n{title}\n{'':20}" + "".join(f"{column:>14}" for column in columns), file=sys.stderr)
    for name, row in results.items():
        cells = (f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values())
        print(f"{name:20}" + "".join(f"{cell:>14}" for cell in cells), file=sys.stderr)


def main() -> None:
    """Run the selected benchmarks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", default="speed,schemes")
    options = parser.parse_args()
    paths = sorted(path for path in options.data.rglob("*.mid"))
    if not paths or paths[0].read_bytes()[:4] != MIDI_MAGIC:
        parser.error(f"no MIDI files in {options.data}")
    results: dict[str, Any] = {"songs": len(paths)}
    if "speed" in options.only:
        results["command"] = bench_command(options.data)
        print_table(f"muse tokenize FOLDER, {len(paths)} files to REMI", results["command"])
        results["file"] = bench_files(paths)
        print_table("one file to REMI", results["file"])
    if "schemes" in options.only:
        results["schemes"] = bench_schemes(paths)
        print_table("one file in each scheme, processor time", results["schemes"])
    text = json.dumps(results, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
