"""What a melody costs: seconds from a cold start, and memory of long songs beside short ones."""

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
LONG, SHORT = 500, 50  # bars of the songs whose memory is compared
MUSE = [sys.executable, "-m", "muse.cli", "--quiet", "melody"]
# a process counts the memory of the one that started it, so a small one starts the command
WATCH = """
import resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run(sys.argv[1:], check=True)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""

Maker = Callable[[Song, int], Song]


def of_bars(song: Song, bars: int) -> Song:
    """Chords of a song in 4/4, again and again until there are so many bars."""
    length, wanted = song.end_beats(), 4.0 * bars
    chords = [
        msgspec.structs.replace(chord, start_beats=chord.start_beats + time * length)
        for time in range(int(wanted // length) + 1)
        for chord in song.chords
    ]
    return msgspec.structs.replace(
        song, tracks=[], chords=[chord for chord in chords if chord.start_beats < wanted]
    )


def command(song: Song, folder: Path, net: str | None) -> tuple[float, float]:
    """Seconds and MB, at their most, of `muse melody` as a process of its own."""
    given = folder / "chords.json"
    given.write_bytes(song_to_json(song))
    words = [*MUSE, str(given), "--seed", "0", "-o", str(folder / "out.json")]
    words += ["--model", net] if net else []
    done = subprocess.run([sys.executable, "-c", WATCH, *words], check=True, stdout=subprocess.PIPE)
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds, kilobytes / 1024


def cost(song: Song, net: str | None, maker: Maker) -> dict[str, float]:
    """Time from a cold start, and memory of long songs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = of_bars(song, COLD_BARS)
        seconds = [command(short, folder, net)[0] for _ in range(STARTS)]
        megabytes = {bars: command(of_bars(song, bars), folder, net)[1] for bars in (SHORT, LONG)}
    found = {"cold_median_s": statistics.median(seconds), "cold_worst_s": max(seconds)}
    for bars, own in megabytes.items():
        found[f"rss_mb_{bars}_bars"] = own
        found[f"python_peak_mb_{bars}_bars"] = peak(maker, of_bars(song, bars))
    return found


def peak(maker: Maker, song: Song) -> float:
    """MB that Python holds at the most while a melody is made."""
    tracemalloc.start()
    maker(song, 0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20
