"""What `muse intervals FILE` finds in recordings of one interval, of none, and of three notes.

Clips are drawn from instruments of one side of tools/intervals/instruments.py, "test" being those
that nothing was tuned on; notes of 0.3 to 0.9 s with gaps up to 0.2 s, where they begin unknown. A
clip is right when the only interval told has its size and direction. Confidences are shown with the
share of what was told with them that was right.

    OMP_NUM_THREADS=1 python tests/bench/intervals_hear.py [--clips 200] [--side test]
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np
from named_soundfont import named_soundfont
from numpy.typing import NDArray

from muse.tools.intervals.calibration import expected_calibration_error
from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.generate import clips
from muse.tools.intervals.instruments import INSTRUMENTS, programs_in_split
from muse.tools.intervals.recordings import find_intervals
from muse.tools.intervals.sampled_notes import Sampler

Floats = NDArray[np.float32]

RATE = 22050  # Hz
SEED = 77
TURNS = {"melodic": ("ascending", "descending"), "together": ("together",)}
LEVELS = (0.0, 0.3, 0.6, 0.8, 0.9, 1.01)  # limits of classes of confidence
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 9), (0, 3, 8), (0, 5, 10), (0, 4, 10))
CHORDS = 120  # clips of three notes, and of one
CHORD_S, NOTE_S, PAD_S = 0.7, 1.4, 0.14  # seconds
LOWEST, HIGHEST = 40, 88  # MIDI


@dataclass(frozen=True)
class Told:
    """One interval that was told: how surely, and whether it was so."""

    confidence: float
    is_right: bool


def measured(side: str, directions: Sequence[str], count: int) -> dict[str, Any]:
    """Share of clips heard right, by direction, and confidences."""
    recipe = replace(
        ClipSettings(), sample_rate=RATE, timbres=(f"gm:{side}",), directions=tuple(directions)
    )
    recipe = replace(recipe, note_s=(0.3, 0.9), gap_s=(0.0, 0.2))
    sounds, labels = clips(recipe, count, SEED)
    told: list[Told] = []
    right = []
    begin = time.process_time()
    for sound, label in zip(sounds, labels, strict=True):
        found = list(find_intervals(sound, RATE))
        fits = [f.semitones == label.semitones and f.direction == label.direction for f in found]
        right.append(fits == [True])
        told += [Told(f.confidence, fit) for f, fit in zip(found, fits, strict=True)]
    seconds = (time.process_time() - begin) / count
    return {
        "right": fmean(right),
        "ms_a_clip": 1000 * seconds,
        "calibration_error": error_of(told),
        "by_confidence": classes(told),
    }


def error_of(told: Sequence[Told]) -> float:
    """The expected calibration error of what was told."""
    chances = np.array([[each.confidence, 0.0] for each in told])
    return expected_calibration_error(
        chances, np.array([0 if each.is_right else 1 for each in told])
    )


def classes(told: Sequence[Told]) -> list[dict[str, float]]:
    """What was told, by confidence: how much, its mean, the share that was right."""
    rows = []
    for low, high in pairwise(LEVELS):
        own = [each for each in told if low <= each.confidence < high]
        if own:
            mean = fmean(each.confidence for each in own)
            right = fmean(each.is_right for each in own)
            rows.append({"from": low, "told": len(own), "confidence": mean, "right": right})
    return rows


def nothing(side: str) -> dict[str, dict[str, float]]:
    """Three notes and one note: share of which no interval is told, and the highest confidence."""
    rng, font = np.random.default_rng(1), named_soundfont("FluidR3_GM")
    surest: dict[str, list[float]] = {"three notes": [], "one note": []}
    with Sampler(RATE) as sampler:
        for _ in range(CHORDS):
            program = int(rng.choice(programs_in_split(side)))
            low = max(INSTRUMENTS[program].lowest, LOWEST)
            high = min(INSTRUMENTS[program].highest, HIGHEST)
            base = int(rng.integers(low, max(high - 12, low + 1)))
            steps = TRIADS[int(rng.integers(len(TRIADS)))]
            tones = [
                sampler.note(font, program, base + step, round(CHORD_S * RATE)) for step in steps
            ]
            surest["three notes"].append(confidence(np.sum(tones, axis=0)))
            one = sampler.note(font, program, base, round(NOTE_S * RATE))
            surest["one note"].append(confidence(one))
    return {
        name: {"told nothing": fmean(each == 0 for each in found), "surest": max(found)}
        for name, found in surest.items()
    }


def confidence(sound: Floats) -> float:
    """That of the surest interval told of a sound; 0 where none is."""
    level = sound / np.abs(sound).max() / 2
    padded = np.pad(level, round(PAD_S * RATE)).astype(np.float32)
    return max((found.confidence for found in find_intervals(padded, RATE)), default=0.0)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--side", default="test", choices=["train", "validation", "test"])
    options = parser.parse_args()
    table: dict[str, Any] = {
        name: measured(options.side, directions, options.clips)
        for name, directions in TURNS.items()
    }
    for name, row in table.items():
        figures = f"right {row['right']:.3f}, {row['ms_a_clip']:.0f} ms of processor"
        error = row["calibration_error"]
        print(f"{name:12} {figures}, calibration error {error:.3f}", file=sys.stderr)
        for own in row["by_confidence"]:
            print("    " + "  ".join(f"{k} {v:.2f}" for k, v in own.items()), file=sys.stderr)
    table["nothing"] = nothing(options.side)
    for name, row in table["nothing"].items():
        print(name, row, file=sys.stderr)
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
