"""What interval-net hears, beside arithmetic, on instruments that it never learnt from.

    OMP_NUM_THREADS=1 python tests/bench/intervals.py [--clips 750] [--weights PATH] [--only NAME]

The net is given the clip and nothing else. The arithmetic - two highest peaks, two strongest
harmonic series, two YIN pitches - is told where the notes begin and end, and whether they sound
together; YIN hears one pitch at a time and is left out there. Shares are of clips whose size is
heard right. "Nothing" is clips that hold no interval: the share of which the net says so, and of
clips with one that it takes for none. The error of calibration is of the confidence in the size.
Tables go to stderr, JSON to stdout.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from muse.tools.intervals.arithmetic import (
    cut,
    interval_by_peaks,
    interval_by_series,
    together_by_peaks,
    together_by_series,
)
from muse.tools.intervals.calibration import calibrated_error
from muse.tools.intervals.cqt import RATE
from muse.tools.intervals.draw import Label
from muse.tools.intervals.generate import Maker, sounding
from muse.tools.intervals.hearing_net import NAME, IntervalHearer
from muse.tools.intervals.lessons import NONE_EVERY, NOTHINGS, PLAIN, lesson, soundfonts
from muse.tools.intervals.recipe import Recipe
from muse.tools.intervals.yin import interval_by_yin
from muse.tools.soundfonts import find_soundfonts

SEED = 2027
SINES = Recipe()
HELD_OUT = replace(SINES, timbres=("gm:test",), soundfonts=soundfonts())
OTHER_FONT = tuple(str(p) for p in find_soundfonts() if p.stem == "TimGM6mb")[:1]
EVERY = tuple(range(25))
TOGETHER = ("together",)
TURNS = ("ascending", "descending")
LOOSE: dict[str, Any] = {"note_s": (0.2, 0.9), "gap_s": (0.0, 0.2)}  # anywhere in the clip
RECIPES = {
    "sines": SINES,
    "sines, together": replace(SINES, directions=TOGETHER),
    "melodic": HELD_OUT,
    "melodic, descending too, 0-24": replace(HELD_OUT, directions=TURNS, intervals=EVERY),
    "melodic, anywhere": replace(HELD_OUT, directions=TURNS, **LOOSE),
    "melodic, 10 dB": replace(HELD_OUT, snr_db=(10.0, 10.0)),
    "melodic, room": replace(HELD_OUT, reverb_s=(0.5, 0.5)),
    "together": replace(HELD_OUT, directions=TOGETHER),
    "together, 0-24": replace(HELD_OUT, directions=TOGETHER, intervals=EVERY[1:]),
    "together, cut to the sound": replace(HELD_OUT, directions=TOGETHER, **LOOSE),
    "together, cut, 10 dB": replace(HELD_OUT, directions=TOGETHER, snr_db=(10.0, 10.0), **LOOSE),
    "together, 10 dB": replace(HELD_OUT, directions=TOGETHER, snr_db=(10.0, 10.0)),
    "melodic, other soundfont": replace(HELD_OUT, soundfonts=OTHER_FONT),
    "together, other soundfont": replace(HELD_OUT, directions=TOGETHER, soundfonts=OTHER_FONT),
}
# bars that the share of the net is to reach
BARS = {"sines": 0.995, "melodic": 0.98, "together": 0.93, "melodic, 10 dB": 0.90}

CUT = "cut"  # in a name: only what is between onset and release is heard

Way = Callable[[np.ndarray, Label, int], int]


def peaks(clip: np.ndarray, label: Label, rate: int) -> int:
    """The two highest peaks."""
    if label.direction == "together":
        return together_by_peaks(clip, rate)
    return interval_by_peaks(*cut(clip, rate, label.onsets_s, label.durations_s), rate)


def series(clip: np.ndarray, label: Label, rate: int) -> int:
    """The two strongest harmonic series."""
    if label.direction == "together":
        return together_by_series(clip, rate)
    return interval_by_series(*cut(clip, rate, label.onsets_s, label.durations_s), rate)


def yin(clip: np.ndarray, label: Label, rate: int) -> int:
    """Two medians of YIN."""
    return interval_by_yin(*cut(clip, rate, label.onsets_s, label.durations_s), rate)


WAYS: dict[str, Way] = {"peaks": peaks, "series": series, "yin": yin}


def made(recipe: Recipe, count: int) -> Iterator[tuple[np.ndarray, Label]]:
    """The clips of a recipe."""
    with Maker(recipe, SEED) as maker:
        yield from (maker.clip(number) for number in range(count))


def row_of(hearer: IntervalHearer, name: str, recipe: Recipe, count: int) -> dict[str, Any]:
    """Shares heard right, and the net's other figures."""
    right: dict[str, list[bool]] = defaultdict(list)
    sizes, answers, confident = [], [], []
    spent = 0.0
    for clip, label in made(recipe, count):
        given = clip[sounding(label, recipe.sample_rate)] if CUT in name else clip
        begin = time.process_time()
        heard = hearer.hear(given, recipe.sample_rate)
        spent += time.process_time() - begin
        right["net"].append(heard.semitones == label.semitones)
        if label.semitones:
            right["direction"].append(heard.kind == label.direction)
        right["taken for none"].append(heard.none > 0.5)
        sizes.append(label.semitones)
        answers.append(heard.semitones)
        confident.append(heard.sizes)
        for name, way in WAYS.items():
            if name != "yin" or label.direction != "together":
                answer = abs(way(clip, label, recipe.sample_rate))
                right[name].append(answer == label.semitones)
    truth = np.array(sizes)
    recalls = {n: float(np.mean(np.array(answers)[truth == n] == n)) for n in sorted(set(sizes))}
    return {
        **{name: float(np.mean(values)) for name, values in right.items()},
        "calibration_error": calibrated_error(np.array(confident), truth),
        "recalls": recalls,
        "least_recall": min(recalls.values()),
        "ms": 1e3 * spent / count,
    }


def nothing(hearer: IntervalHearer, count: int) -> dict[str, Any]:
    """Of clips without an interval: how often the net says so, by what they hold."""
    said: dict[str, list[bool]] = defaultdict(list)
    recipe = replace(PLAIN, timbres=("gm:test",), soundfonts=soundfonts())
    with Maker(recipe, SEED) as maker:
        for place in range(count):
            given = lesson(maker, NONE_EVERY * place + NONE_EVERY - 1)
            heard = hearer.hear(given.clip, RATE)
            said[NOTHINGS[place % len(NOTHINGS)]].append(heard.none > 0.5)
    return {name: float(np.mean(values)) for name, values in said.items()}


def show(name: str, row: dict[str, Any]) -> None:
    """One line for people."""
    shown = ("net", "peaks", "series", "yin", "direction", "taken for none", "least_recall")
    cells = "".join(f"{row[key]:10.3f}" if key in row else f"{'-':>10}" for key in shown)
    bar = f"  bar {BARS[name]}" if name in BARS else ""
    error, spent = row["calibration_error"], row["ms"]
    print(f"{name:32}{cells}{error:10.3f}{spent:8.1f}{bar}", file=sys.stderr, flush=True)


def main() -> None:
    """Run all rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=750)
    parser.add_argument("--weights", default=NAME)
    parser.add_argument("--only", default="", help="rows whose names begin so")
    options = parser.parse_args()
    hearer = IntervalHearer(options.weights)
    heads = ("net", "peaks", "series", "yin", "turn", "none", "recall", "error")
    print(f"{'':32}" + "".join(f"{h:>10}" for h in heads) + f"{'ms':>8}", file=sys.stderr)
    result: dict[str, Any] = {"clips": options.clips, "seed": SEED, "rows": {}}
    for name, recipe in RECIPES.items():
        if not name.startswith(options.only) or ("other" in name and not OTHER_FONT):
            continue
        result["rows"][name] = row_of(hearer, name, recipe, options.clips)
        show(name, result["rows"][name])
    result["nothing"] = nothing(hearer, options.clips)
    print(f"nothing in it: {result['nothing']}", file=sys.stderr)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
