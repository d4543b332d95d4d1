"""Clips of intervals: how fast they are made, and what arithmetic alone hears in them.

    OMP_NUM_THREADS=1 python tests/bench/intervals_data.py [--clips 750] [--only hearing,speed]
    python tests/bench/intervals_data.py --only command    # on an idle machine

Hearing: the share of clips in which the size of the interval is heard right, by the two highest
peaks of the spectrum, by the two strongest harmonic series, by two YIN pitches, and by two pYIN
pitches (librosa, on fewer clips). All are told where the notes begin and end, and whether they
sound together; YIN hears one pitch at a time and is left out there. Speed: clips a second of
processor time in one process. Command: `muse intervals generate`, 5000 clips of the default recipe
with two jobs, by the clock. Notes: for every General MIDI program in use and each soundfont, the
pitches at which the partials are not the label's. Tables go to stderr, JSON to stdout.
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
from intervals_ways import ONE_PITCH, WAYS, has_pyin, pyin

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
PITCH_STEP = 3  # semitones between two notes that are examined

SINES = ClipSettings()
RECIPES = {
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
    "gm test, room": replace(SINES, timbres=("gm:test",), reverb_s=(0.5, 0.5)),
    "gm test, to 2 octaves": replace(SINES, timbres=("gm:test",), intervals=tuple(range(25))),
    "gm test, together": replace(SINES, timbres=("gm:test",), directions=("together",)),
}


def hearing(count: int, beginning: str) -> dict[str, Any]:
    """The share heard right of every recipe by every way, and milliseconds a clip."""
    results = {}
    ways = WAYS | ({"pyin": pyin} if has_pyin() else {})
    for name, recipe in recipes(beginning).items():
        with ClipMaker(recipe, SEED) as maker:
            made = [maker.clip(number) for number in range(count)]
        row: dict[str, Any] = {}
        for way, find_intervals in ways.items():
            if way in ONE_PITCH and "together" in recipe.directions:
                continue
            some = made[:PYIN_CLIPS] if way == "pyin" else made
            begin = time.process_time()
            right = [abs(find_intervals(c, x, recipe.sample_rate)) == x.semitones for c, x in some]
            used = time.process_time() - begin
            row[way] = {"right": float(np.mean(right)), "ms": 1e3 * used / len(some)}
        results[name] = row
        print_row(name, *(f"{way} {row[way]['right']:.3f}" for way in row))
    return results


def recipes(beginning: str = "") -> dict[str, ClipSettings]:
    """Those that can be made here, of the names that begin so."""
    named = {name: recipe for name, recipe in RECIPES.items() if name.startswith(beginning)}
    return {n: r for n, r in named.items() if not n.startswith("gm") or has_fluidsynth()}


def speed() -> dict[str, float]:
    """Clips a second of processor time, of each recipe."""
    results: dict[str, float] = {}
    for name, recipe in recipes().items():
        with ClipMaker(recipe, SEED) as maker:
            maker.clip(0)
            begin = time.process_time()
            for number in range(SPEED_CLIPS):
                maker.clip(number)
            results[name] = SPEED_CLIPS / (time.process_time() - begin)
        print_row(name, f"{results[name]:.0f} clips/s")
    return results


def command() -> dict[str, float]:
    """`muse intervals generate` of the default recipe, the writing of the files included."""
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
    print_row(f"generate -n {count} --jobs {jobs}", f"{wall:.1f} s, {used:.1f} s of processor")
    return {"clips": COMMAND_CLIPS, "wall_s": wall, "cpu_s": used}


def notes() -> dict[str, Any]:
    """For each soundfont the programs some of whose pitches are not the label's."""
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
        print_row(stem, f"{total} notes, {share:.2%} not the label's: {wrong}")
    return results


def print_row(name: str, *cells: str) -> None:
    """One line for people."""
    print(f"{name:32}" + "".join(f"{cell:>18}" for cell in cells), file=sys.stderr, flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=750)
    parser.add_argument("--recipes", default="", help="of hearing: names that begin so")
    parser.add_argument("--only", default="hearing,speed,command,notes")
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    options = parser.parse_args()
    result: dict[str, Any] = {"clips": options.clips, "seed": SEED}
    if "hearing" in options.only:
        result["hearing"] = hearing(options.clips, options.recipes)
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
