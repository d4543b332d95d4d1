"""What drummers play, for rendering: recorded performances, and patterns drawn at random.

Conventions: hits are rows of seconds, index into DRUMS, and velocity (1 to 127), sorted by time.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from muse.tools.training.studio.drum_kits import DRUM_OF_KEY, DRUMS

Hits = NDArray[np.float64]  # (hits, 3)
Rng = np.random.Generator

HELD_OUT_DRUMMERS = frozenset({"drummer5", "drummer6", "drummer10"})
FEWEST_HITS = 8  # in a performance
STRETCH = (0.8, 1.25)  # range of the factor by which a performance is slowed down

# substitutions in a performance: probability, drum played, drum it becomes
SUBSTITUTIONS = (
    (0.15, "closed hi-hat", "ride"),
    (0.06, "closed hi-hat", "open hi-hat"),
    (0.05, "closed hi-hat", "crash"),
    (0.12, "ride", "closed hi-hat"),
    (0.06, "snare", "side stick"),
    (0.08, "side stick", "snare"),
    (0.05, "snare", "mid tom"),
)
LEFT_OUT = 0.06  # probability that a drum is left out of a performance

STEPS = 16  # of a bar of a pattern
BPM = (60.0, 185.0)
HAND_DRUMS = {"closed hi-hat": 0.55, "ride": 0.25, "open hi-hat": 0.1, "crash": 0.1}  # shares
HAND_STEPS = {4: 0.25, 2: 0.55, 1: 0.2}  # steps between two strokes of the hand, and shares
TOMS = ("high tom", "mid tom", "low tom")
JITTER_S = 0.008  # standard deviation of human timing
SWING = 0.33  # largest delay of every second step, in steps


@dataclass(frozen=True)
class Pattern:
    """Probabilities of the strokes of a bar.

    Attributes:
        kick, snare: (STEPS,) probability of a stroke on each step.
        ghost: probability of a soft stroke of the snare where there is no other.
        fill: probability that a bar ends with a fill on toms and snare.
        crash: probability of a crash on the first step.
        hand: drum of the repeated strokes, and the steps between them.
    """

    kick: NDArray[np.float64]
    snare: NDArray[np.float64]
    ghost: float
    fill: float
    crash: float
    hand: tuple[str, int]


def groove_performances(folder: Path, held_out: bool) -> Iterator[Hits]:
    """Yield the performances of the Groove set's training split for one side.

    Args:
        folder: of the set.
        held_out: whether to yield the HELD_OUT_DRUMMERS or all others.
    """
    with (folder / "info.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    for row in rows:
        if (row["drummer"] in HELD_OUT_DRUMMERS) == held_out:
            hits = read_performance(folder / row["midi_filename"])
            if len(hits) >= FEWEST_HITS:
                yield hits


def read_performance(path: Path) -> Hits:
    """Return the hits of a MIDI file that strike one of DRUMS."""
    rows = [
        (note.time, DRUMS.index(DRUM_OF_KEY[note.pitch]), note.velocity)
        for note in read_notes(path)
        if note.pitch in DRUM_OF_KEY
    ]
    return np.array(sorted(rows), np.float64).reshape(-1, 3)


def read_notes(path: Path) -> list[Any]:
    """Return the notes of all tracks of a MIDI file, with times in seconds."""
    score: Any = symusic.Score(path)
    return [note for track in score.to("second").tracks for note in track.notes]


def passage(hits: Hits, length_s: float, rng: Rng) -> Hits:
    """Return a random passage of a performance, stretched and with drums substituted."""
    hits = hits.copy()
    hits[:, 0] *= rng.uniform(*STRETCH)
    last = hits[-1, 0]
    start = rng.uniform(-0.5, max(last - length_s, 0.0)) if last > length_s else hits[0, 0] - 0.2
    inside = (hits[:, 0] >= start) & (hits[:, 0] < start + length_s)
    return substituted(hits[inside] - (start, 0.0, 0.0), rng)


def substituted(hits: Hits, rng: Rng) -> Hits:
    """Return hits with some drums played on others, and some left out."""
    for probability, played, becomes in SUBSTITUTIONS:
        if rng.random() < probability:
            hits[hits[:, 1] == DRUMS.index(played), 1] = DRUMS.index(becomes)
    for index in range(len(DRUMS)):
        if rng.random() < LEFT_OUT:
            hits = hits[hits[:, 1] != index]
    return hits


def draw_pattern(rng: Rng) -> Pattern:
    """Draw a pattern: backbeats, half time, four on the floor, or anything."""
    kick, snare = np.full(STEPS, rng.choice([0.03, 0.1, 0.25])), np.zeros(STEPS)
    kick[0], kick[8] = 0.95, 0.6
    kind = rng.choice(["backbeat", "half time", "floor", "free"], p=[0.55, 0.12, 0.2, 0.13])
    if kind == "floor":
        kick[:] = 0.02
        kick[::4] = 0.98
    backbeats = {"half time": (8,), "free": tuple(rng.choice(STEPS, 3, replace=False))}
    snare[list(backbeats.get(str(kind), (4, 12)))] = 0.97
    hand = (
        str(rng.choice(list(HAND_DRUMS), p=list(HAND_DRUMS.values()))),
        int(rng.choice(list(HAND_STEPS), p=list(HAND_STEPS.values()))),
    )
    ghost, fill, crash = rng.choice([0.0, 0.08, 0.2]), rng.uniform(0.05, 0.5), rng.uniform(0.0, 0.5)
    return Pattern(kick, snare, float(ghost), float(fill), float(crash), hand)


def draw_hits(length_s: float, rng: Rng) -> Hits:
    """Return a performance of a random pattern in a random tempo."""
    pattern, bpm = draw_pattern(rng), rng.uniform(*BPM)
    step_s, swing = 15.0 / bpm, rng.choice([0.0, rng.uniform(0.0, SWING)])
    jitter_s = rng.uniform(0.0, JITTER_S)
    rows = []
    for bar in range(int(length_s / (STEPS * step_s)) + 1):
        for step, drum, velocity in draw_bar(pattern, rng):
            swung = step + swing * (step % 2 == 1)
            time = (bar * STEPS + swung) * step_s + rng.normal(0.0, jitter_s)
            rows.append((time, DRUMS.index(drum), min(max(velocity, 5.0), 127.0)))
    hits = np.array(sorted(rows), np.float64).reshape(-1, 3)
    return hits[(hits[:, 0] >= 0.0) & (hits[:, 0] < length_s)]


def draw_bar(pattern: Pattern, rng: Rng) -> Iterator[tuple[float, str, float]]:
    """Yield the strokes of one bar as step, drum and velocity."""
    fill_from = STEPS - int(rng.choice([2, 4, 8])) if rng.random() < pattern.fill else STEPS
    loud = rng.uniform(85, 120)
    if rng.random() < pattern.crash:
        yield 0, "crash", rng.normal(110, 8)
    for step in range(STEPS):
        if rng.random() < pattern.kick[step]:
            yield step, "kick", rng.normal(loud, 8)
        if step >= fill_from:
            yield from draw_fill(step, loud, rng)
            continue
        if rng.random() < pattern.snare[step]:
            yield step, "snare", rng.normal(loud + 5, 7)
        elif rng.random() < pattern.ghost:
            yield step, "snare", rng.normal(35, 8)
        drum, gap = pattern.hand
        if step % gap == 0:
            opened = drum == "closed hi-hat" and rng.random() < 0.07
            accent = 12 if step % 4 == 0 else 0
            yield step, "open hi-hat" if opened else drum, rng.normal(loud - 20 + accent, 8)
    if rng.random() < 0.15:
        yield from ((step, "closed hi-hat", rng.normal(60, 8)) for step in (4, 12))


def draw_fill(step: int, loud: float, rng: Rng) -> Iterator[tuple[float, str, float]]:
    """Yield the strokes of one step of a fill."""
    drum = str(rng.choice(["snare", *TOMS], p=[0.3, 0.25, 0.2, 0.25]))
    if rng.random() < 0.85:
        yield step, drum, rng.normal(loud, 10)
    if rng.random() < 0.3:
        yield step + 0.5, drum, rng.normal(loud - 10, 10)
