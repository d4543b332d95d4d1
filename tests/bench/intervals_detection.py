"""Accuracy and calibration of `muse intervals FILE` on clips with one interval, and with none.

Clips are sampled from the instruments of one split of tools/intervals/instruments.py; nothing was
tuned on "test". Notes last 0.3 to 0.9 s, with gaps up to 0.2 s; onsets are not given. A clip counts
as correct if exactly one interval is detected, with its size and direction. For classes of
confidence, the share of correct detections is shown. For clips of one note and of three notes: the
share without any detection, and the highest confidence.

    OMP_NUM_THREADS=1 python tests/bench/intervals_detection.py [--clips 200] [--side test]
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
DIRECTIONS = {"melodic": ("ascending", "descending"), "together": ("together",)}
LEVELS = (0.0, 0.3, 0.6, 0.8, 0.9, 1.01)  # bounds of the classes of confidence
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 9), (0, 3, 8), (0, 5, 10), (0, 4, 10))
CHORDS = 120  # clips of three notes, and as many of one
CHORD_S, NOTE_S, PAD_S = 0.7, 1.4, 0.14  # seconds
LOWEST, HIGHEST = 40, 88  # MIDI


@dataclass(frozen=True)
class Detection:
    """A detected interval: its confidence, and whether it is correct."""

    confidence: float
    is_right: bool


def measure(side: str, directions: Sequence[str], count: int) -> dict[str, Any]:
    """Return the share of correct clips, time, and calibration."""
    settings = replace(
        ClipSettings(), sample_rate=RATE, timbres=(f"gm:{side}",), directions=tuple(directions)
    )
    settings = replace(settings, note_s=(0.3, 0.9), gap_s=(0.0, 0.2))
    sounds, labels = clips(settings, count, SEED)
    detections: list[Detection] = []
    right = []
    begin = time.process_time()
    for sound, label in zip(sounds, labels, strict=True):
        found = list(find_intervals(sound, RATE))
        fits = [f.semitones == label.semitones and f.direction == label.direction for f in found]
        right.append(fits == [True])
        detections += [Detection(f.confidence, fit) for f, fit in zip(found, fits, strict=True)]
    seconds = (time.process_time() - begin) / count
    return {
        "right": fmean(right),
        "ms_a_clip": 1000 * seconds,
        "calibration_error": calibration_error(detections),
        "by_confidence": confidence_classes(detections),
    }


def calibration_error(detections: Sequence[Detection]) -> float:
    """Return the expected calibration error of detections."""
    probabilities = np.array([[each.confidence, 0.0] for each in detections])
    return expected_calibration_error(
        probabilities, np.array([0 if each.is_right else 1 for each in detections])
    )


def confidence_classes(detections: Sequence[Detection]) -> list[dict[str, float]]:
    """Return, by class of confidence, the count, the mean and the share of correct detections."""
    rows = []
    for low, high in pairwise(LEVELS):
        own = [each for each in detections if low <= each.confidence < high]
        if own:
            mean = fmean(each.confidence for each in own)
            right = fmean(each.is_right for each in own)
            rows.append({"from": low, "count": len(own), "confidence": mean, "correct": right})
    return rows


def measure_without_interval(side: str) -> dict[str, dict[str, float]]:
    """Return, for three notes and one note, the share without detection and the top confidence."""
    rng, font = np.random.default_rng(1), named_soundfont("FluidR3_GM")
    confidences: dict[str, list[float]] = {"three notes": [], "one note": []}
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
            confidences["three notes"].append(highest_confidence(np.sum(tones, axis=0)))
            one = sampler.note(font, program, base, round(NOTE_S * RATE))
            confidences["one note"].append(highest_confidence(one))
    return {
        name: {"no detection": fmean(each == 0 for each in found), "highest confidence": max(found)}
        for name, found in confidences.items()
    }


def highest_confidence(sound: Floats) -> float:
    """Return the highest confidence of an interval detected in a sound; 0 without any."""
    level = sound / np.abs(sound).max() / 2
    padded = np.pad(level, round(PAD_S * RATE)).astype(np.float32)
    return max((found.confidence for found in find_intervals(padded, RATE)), default=0.0)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--side", default="test", choices=["train", "validation", "test"])
    options = parser.parse_args()
    table: dict[str, Any] = {
        name: measure(options.side, directions, options.clips)
        for name, directions in DIRECTIONS.items()
    }
    for name, row in table.items():
        figures = f"correct {row['right']:.3f}, {row['ms_a_clip']:.0f} ms processor time a clip"
        error = row["calibration_error"]
        print(f"{name:12} {figures}, calibration error {error:.3f}", file=sys.stderr)
        for own in row["by_confidence"]:
            print("    " + "  ".join(f"{k} {v:.2f}" for k, v in own.items()), file=sys.stderr)
    table["without interval"] = measure_without_interval(options.side)
    for name, row in table["without interval"].items():
        print(name, row, file=sys.stderr)
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
