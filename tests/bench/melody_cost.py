"""Cost of generating a melody: seconds from a cold start, and memory for long and short songs."""

import statistics
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec

from muse.tools.song.document import Song, song_to_json

STARTS, COLD_BARS = 5, 16
LONG, SHORT = 500, 50  # bars of the songs for which memory is compared
MUSE = [sys.executable, "-m", "muse.cli", "--quiet", "melody"]
# ru_maxrss of a new process starts at that of its parent, so a small process starts the command
WATCH = """
import resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run(sys.argv[1:], check=True)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""

Generate = Callable[[Song, int], Song]  # from chords and a number


def with_bars(song: Song, bars: int) -> Song:
    """Repeat the chords of a song in 4/4 up to a number of bars."""
    length, end = song.end_beats(), 4.0 * bars
    chords = [
        msgspec.structs.replace(chord, start_beats=chord.start_beats + time * length)
        for time in range(int(end // length) + 1)
        for chord in song.chords
    ]
    return msgspec.structs.replace(
        song, tracks=[], chords=[chord for chord in chords if chord.start_beats < end]
    )


def run_command(song: Song, folder: Path, net: str | None) -> tuple[float, float]:
    """Return seconds and peak memory in MB of `muse melody` as a separate process."""
    chords = folder / "chords.json"
    chords.write_bytes(song_to_json(song))
    words = [*MUSE, str(chords), "--seed", "0", "-o", str(folder / "out.json")]
    words += ["--model", net] if net else []
    done = subprocess.run([sys.executable, "-c", WATCH, *words], check=True, stdout=subprocess.PIPE)
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds, kilobytes / 1024


def cost(song: Song, net: str | None, generate: Generate) -> dict[str, float]:
    """Return the time of a cold start, and the memory for long and short songs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = with_bars(song, COLD_BARS)
        seconds = [run_command(short, folder, net)[0] for _ in range(STARTS)]
        megabytes = {
            bars: run_command(with_bars(song, bars), folder, net)[1] for bars in (SHORT, LONG)
        }
    found = {"cold_median_s": statistics.median(seconds), "cold_worst_s": max(seconds)}
    for bars, own in megabytes.items():
        found[f"rss_mb_{bars}_bars"] = own
        found[f"python_peak_mb_{bars}_bars"] = python_peak_mb(generate, with_bars(song, bars))
    return found


def python_peak_mb(generate: Generate, song: Song) -> float:
    """Return the peak of Python's own allocations while a melody is generated, in MB."""
    tracemalloc.start()
    generate(song, 0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20
