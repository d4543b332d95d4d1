"""Generated clips of intervals: accuracy of arithmetic on them, speed, and pitches of instruments.

    OMP_NUM_THREADS=1 python tests/bench/intervals_data.py [--clips 750] [--only accuracy,speed]
    python tests/bench/intervals_data.py --only command    # on an idle machine

accuracy: share of clips whose size is named right from the two highest peaks of the spectrum, the
two strongest harmonic series, two YIN pitches, and two pYIN pitches (librosa, on fewer clips). All
are given the onsets and durations, and whether the notes are simultaneous; YIN finds one pitch at a
time and is left out then. speed: clips per second of processor time in one process. command: wall
time of `muse intervals generate` for 5000 clips with default settings and two jobs. notes: for each
soundfont and General MIDI program in use, the pitches at which the partials do not fit the label.
Tables go to stderr, JSON to stdout.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from intervals_baselines import BASELINES, ONE_PITCH, has_pyin, pyin

from muse.tools.audio.render import has_fluidsynth
from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.intervals.arithmetic import has_fundamental
from muse.tools.intervals.clip_settings import ClipSettings, frequency_of
from muse.tools.intervals.generate import ClipMaker
from muse.tools.intervals.instruments import INSTRUMENTS
from muse.tools.intervals.sampled_notes import Sampler

MUSE = Path(sys.executable).parent / "muse"
SEED = 2026
SPEED_CLIPS = 200
COMMAND_CLIPS, COMMAND_JOBS = 5000, 2
PYIN_CLIPS = 50
NOTE_S = 0.9
PITCH_STEP = 3  # semitones between two examined notes

SINES = ClipSettings()
SETTINGS = {
    "sines": SINES,
    "sines, 10 dB": replace(SINES, snr_db=(10.0, 10.0)),
    "sines, together": replace(SINES, directions=("together",)),
    "saw": replace(SINES, timbres=("saw",)),
    "fm": replace(SINES, timbres=("fm",)),
    "pluck": replace(SINES, timbres=("pluck",)),
    "gm train": replace(SINES, timbres=("gm:train",)),
    "gm validation": replace(SINES, timbres=("gm:validation",)),
    "gm test": replace(SINES, timbres=("gm:test",)),
    "gm test, 10 dB": replace(SINES, timbres=("gm:test",), snr_db=(10.0, 10.0)),
    "gm test, reverberation": replace(SINES, timbres=("gm:test",), reverb_s=(0.5, 0.5)),
    "gm test, up to 2 octaves": replace(SINES, timbres=("gm:test",), intervals=tuple(range(25))),
    "gm test, together": replace(SINES, timbres=("gm:test",), directions=("together",)),
}


def accuracy(count: int, prefix: str) -> dict[str, Any]:
    """Return accuracy and milliseconds a clip, by settings and baseline."""
    results = {}
    baselines = BASELINES | ({"pyin": pyin} if has_pyin() else {})
    for name, settings in select_settings(prefix).items():
        with ClipMaker(settings, SEED) as maker:
            clips = [maker.clip(number) for number in range(count)]
        row: dict[str, Any] = {}
        for method, find_interval in baselines.items():
            if method in ONE_PITCH and "together" in settings.directions:
                continue
            some = clips[:PYIN_CLIPS] if method == "pyin" else clips
            begin = time.process_time()
            right = [abs(find_interval(c, x, settings.sample_rate)) == x.semitones for c, x in some]
            used = time.process_time() - begin
            row[method] = {"right": float(np.mean(right)), "ms": 1e3 * used / len(some)}
        results[name] = row
        print_row(name, *(f"{method} {row[method]['right']:.3f}" for method in row))
    return results


def select_settings(prefix: str = "") -> dict[str, ClipSettings]:
    """Return the settings whose names begin with a text and that need nothing missing here."""
    named = {name: each for name, each in SETTINGS.items() if name.startswith(prefix)}
    return {n: s for n, s in named.items() if not n.startswith("gm") or has_fluidsynth()}


def speed() -> dict[str, float]:
    """Return clips per second of processor time, by settings."""
    results: dict[str, float] = {}
    for name, settings in select_settings().items():
        with ClipMaker(settings, SEED) as maker:
            maker.clip(0)
            begin = time.process_time()
            for number in range(SPEED_CLIPS):
                maker.clip(number)
            results[name] = SPEED_CLIPS / (time.process_time() - begin)
        print_row(name, f"{results[name]:.0f} clips/s")
    return results


def command() -> dict[str, float]:
    """Time `muse intervals generate` with default settings, including the writing of files."""
    count, jobs = str(COMMAND_CLIPS), str(COMMAND_JOBS)
    with tempfile.TemporaryDirectory() as folder:
        words = [str(MUSE), "intervals", "generate", "-n", count, "--jobs", jobs]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.perf_counter()
        subprocess.run(
            [*words, "--seed", str(SEED), "-o", f"{folder}/set"], check=True, capture_output=True
        )
        wall = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print_row(f"generate -n {count} --jobs {jobs}", f"{wall:.1f} s, {used:.1f} s processor time")
    return {"clips": COMMAND_CLIPS, "wall_s": wall, "cpu_s": used}


def notes() -> dict[str, Any]:
    """Return, for each soundfont, the programs with pitches that do not fit the label."""
    lowest, highest = SINES.pitches
    rate = SINES.sample_rate
    results: dict[str, Any] = {}
    fonts = {path.stem: path for path in reversed(find_soundfonts())}
    for stem, path in fonts.items():
        wrong: dict[str, list[int]] = {}
        total = 0
        with Sampler(rate) as sampler:
            for program, instrument in INSTRUMENTS.items():
                first = max(lowest, instrument.lowest)
                pitches = range(first, min(highest, instrument.highest) + 1, PITCH_STEP)
                total += len(pitches)
                held = round(NOTE_S * rate)
                off = [
                    pitch
                    for pitch in pitches
                    if not has_fundamental(
                        sampler.note(path, program, pitch, held)[:held], frequency_of(pitch), rate
                    )
                ]
                if off:
                    wrong[f"{program} {instrument.name}"] = off
        share = sum(map(len, wrong.values())) / total
        results[stem] = {"notes": total, "wrong_share": share, "wrong": wrong}
        print_row(stem, f"{total} notes, {share:.2%} do not fit the label: {wrong}")
    return results


def print_row(name: str, *cells: str) -> None:
    """Print one row of the table."""
    print(f"{name:32}" + "".join(f"{cell:>18}" for cell in cells), file=sys.stderr, flush=True)


def main() -> None:
    """Run the selected benchmarks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=750)
    parser.add_argument(
        "--settings", default="", help="for accuracy: only settings with this prefix"
    )
    parser.add_argument("--only", default="accuracy,speed,command,notes")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    result: dict[str, Any] = {"clips": options.clips, "seed": SEED}
    if "accuracy" in options.only:
        result["accuracy"] = accuracy(options.clips, options.settings)
    if "speed" in options.only:
        result["clips_per_cpu_s"] = speed()
    if "command" in options.only:
        result["command"] = command()
    if "notes" in options.only and has_fluidsynth():
        result["notes"] = notes()
    text = json.dumps(result, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
