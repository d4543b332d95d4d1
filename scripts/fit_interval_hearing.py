"""Fit the weights of tools/intervals/hypothesis_scoring.py into hypothesis_weights.py.

    OMP_NUM_THREADS=1 python scripts/fit_interval_hearing.py

The weights are the likeliest ones, by L-BFGS with a ridge, over segments of known_intervals.py's
clips. Of a note that dies away under the next one it counts as right both that it sounds and that
it does not. The temperature, and how sure muse is at most, are fitted to what is told of each half
of the instruments by weights of the other half.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from known_intervals import LESSONS, SEED, SIDE, TRIAD_SEED, TRIADS, Given, Notes, all_clips
from numpy.typing import NDArray

from muse.tools.files import write_bytes
from muse.tools.intervals.dyad_evidence import MOST_NOTES, NO_NOTE, Values
from muse.tools.intervals.hypothesis_scoring import (
    MEASURES,
    NOTHING,
    Chord,
    Listener,
    Weighed,
    shares,
)
from muse.tools.intervals.segments import Mono, segments

RING_S = 0.35  # after the key is let go
HELD = 0.5  # share of a segment in which a note has to be held to sound in it
TOUCHED = 0.1  # share in which it has to ring to perhaps sound in it
NEAR = 0.5  # semitones from the true pitch
RIDGE = 1e-4  # half of it times a weight's square, measures being scaled to 1, in nats a segment
STEPS = 400  # at most, of L-BFGS
TEMPERATURES = np.geomspace(0.7, 2.0, 22)
SURE = 0.95  # what is told with more is what bounds all that is told
LEAST = 1e-12  # chance, so that its logarithm is finite
LIMITS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)  # of classes of confidence
DIGITS = 3
OUT = Path(__file__).parent.parent / "tools" / "intervals" / "hypothesis_weights.py"


@dataclass(frozen=True)
class Example:
    """A segment's hypotheses.

    Attributes:
        measures: (n, MEASURES).
        right: (n,), which of them hold.
        sizes: (n,), in semitones of those of two notes; -1 elsewhere.
        half: as its clip's.
    """

    measures: Values
    right: NDArray[np.bool_]
    sizes: NDArray[np.intp]
    half: int


class Recorder:
    """Stands for what hears, and keeps what there was to be heard."""

    def __init__(self) -> None:
        """Load the net."""
        self.listener = Listener()
        self.kept: list[Weighed | None] = []

    def __call__(self, audio: Mono, rate: int) -> Chord:
        """Keep the hypotheses."""
        self.kept.append(self.listener.weighed(audio, rate))
        return NOTHING


def examples(clips: Iterable[Given], recorder: Recorder) -> Iterator[Example]:
    """The segments of clips in which something is tonal and of which the truth is known."""
    for given in clips:
        recorder.kept.clear()
        found = list(segments([given.clip], recorder))
        for segment, weighed in zip(found, recorder.kept, strict=True):
            truths = sounding(given.notes, segment.start_s, segment.end_s)
            if weighed is not None and truths:
                right = holding(weighed, truths)
                yield Example(weighed.measures, right, sizes_of(weighed), given.half)


def sizes_of(weighed: Weighed) -> NDArray[np.intp]:
    """The size in semitones of each set of two; -1 for others and for there being no note."""
    low, high = weighed.pitches[weighed.sets[:, 0]], weighed.pitches[weighed.sets[:, 1]]
    two = (weighed.sets != NO_NOTE).sum(axis=1) == 2
    return np.append(np.where(two, np.rint(high - low), -1), -1).astype(np.intp)


def sounding(notes: Notes, start_s: float, end_s: float) -> list[tuple[float, ...]]:
    """All sets of pitches that may be said to sound; none where notes only die away."""
    end_s = min(end_s, start_s + 1.0)
    sure: list[float] = []
    perhaps: list[float] = []
    for pitch, onset, end in notes:
        if min(end_s, end) - max(start_s, onset) > HELD * (end_s - start_s):
            sure.append(pitch)
        elif min(end_s, end + RING_S) - max(start_s, onset) > TOUCHED * (end_s - start_s):
            perhaps.append(pitch)
    if perhaps and not sure:
        return []
    count = range(len(perhaps) + 1)
    return [merged((*sure, *more)) for size in count for more in combinations(perhaps, size)]


def merged(pitches: Iterable[float]) -> tuple[float, ...]:
    """Ascending, a unison once."""
    found: list[float] = []
    for pitch in sorted(pitches):
        if not found or pitch - found[-1] > NEAR:
            found.append(pitch)
    return tuple(found)


def holding(weighed: Weighed, truths: Iterable[tuple[float, ...]]) -> NDArray[np.bool_]:
    """Which hypotheses are one of the truths."""
    counts = np.append((weighed.sets != NO_NOTE).sum(axis=1), 0)
    pitches = np.append(weighed.pitches, np.nan)[weighed.sets]
    right = np.zeros(len(counts), bool)
    for truth in truths:
        own = counts == min(len(truth), MOST_NOTES)
        if 0 < len(truth) < MOST_NOTES:
            off = np.abs(pitches[:, : len(truth)] - np.array(truth))
            own[:-1] &= (off < NEAR).all(axis=1)
        right |= own
    return right


def fitted(given: Sequence[Example]) -> Values:
    """The weights under which the right hypotheses are likeliest, where there are any."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    known = [each for each in given if each.right.any()]
    rows = np.concatenate([each.measures for each in known])
    scale = rows.std(axis=0) + 1e-9
    rows /= scale
    right = np.concatenate([each.right for each in known])
    counts = np.array([len(each.right) for each in known])
    starts = np.cumsum(counts) - counts

    def loss(weights: Values) -> tuple[float, Values]:
        odds = rows @ weights
        all_of = chances(odds, starts, counts)
        own = np.where(right, all_of, 0.0)
        sums = np.maximum(np.add.reduceat(own, starts), LEAST)
        slope = (all_of - own / np.repeat(sums, counts)) @ rows / len(counts)
        nats = -np.log(sums).mean() + RIDGE / 2 * weights @ weights
        return float(nats), slope + RIDGE * weights

    options = {"maxiter": STEPS}
    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options=options)
    print(f"{len(known)} segments: {found.fun:.4f} nats, {found.message}", file=sys.stderr)
    weights: Values = found.x / scale
    return weights


def chances(odds: Values, starts: NDArray[np.intp], counts: NDArray[np.intp]) -> Values:
    """The exponential of each odds by the sum of those of its segment."""
    highest = np.maximum.reduceat(odds, starts)
    found = np.exp(odds - np.repeat(highest, counts))
    found /= np.repeat(np.add.reduceat(found, starts), counts)
    return np.asarray(found, np.float64)


def crossed(given: Sequence[Example]) -> list[Values]:
    """The odds of each example by weights that the other half was fitted to."""
    weights = [fitted([each for each in given if each.half != half]) for half in (0, 1)]
    return [each.measures @ weights[each.half] for each in given]


def warmest(given: Sequence[Example], odds: Sequence[Values]) -> tuple[float, float]:
    """The temperature at which the right hypotheses are likeliest, and what that costs.

    Where no hypothesis is right what is told is wrong at any temperature: it is not counted.
    """
    known = [(each.right, own) for each, own in zip(given, odds, strict=True) if each.right.any()]
    found = []
    for warmth in TEMPERATURES:
        told = [shares(own / warmth)[right].sum() for right, own in known]
        found.append((float(-np.log(np.maximum(told, LEAST)).mean()), float(warmth)))
    nats, warmth = min(found)
    return warmth, nats


def sizes_told(given: Sequence[Example], odds: Sequence[Values]) -> Values:
    """(n, 2): how sure each size of two notes is that is told, and whether it is right."""
    rows = []
    for each, own in zip(given, odds, strict=True):
        size = each.sizes[own.argmax()]
        if size >= 0:
            same = each.sizes == size
            rows.append((shares(own)[same].sum(), (each.right & same).any()))
    return np.array(rows, np.float64)


def show_reliability(told: Values) -> None:
    """How sure sizes are said to be, and how often they are right."""
    for low, high in pairwise(LIMITS):
        inner = told[(told[:, 0] >= low) & (told[:, 0] < high)]
        if len(inner):
            sure, right = inner.mean(axis=0)
            print(f"told {sure:.3f}, right {right:.3f} of {len(inner)}", file=sys.stderr)


def module(weights: Values, surest: float, facts: str) -> str:
    """The figures as a module of Python."""
    lines = [
        '"""Weight of each measure of hypothesis_scoring.py, and the cap of its confidence.',
        "",
        "    OMP_NUM_THREADS=1 python scripts/fit_interval_hearing.py",
        "",
        facts,
        '"""',
        "",
        f"SUREST = {surest:.2f}",
        "FIGURES: dict[str, float] = {",
        *(
            f'    "{name}": {round(float(weight), DIGITS)},'
            for name, weight in zip(MEASURES, weights, strict=True)
        ),
        "}",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Collect, fit, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    given = list(examples(all_clips(), Recorder()))
    odds = crossed(given)
    warmth, nats = warmest(given, odds)
    told = sizes_told(given, [own / warmth for own in odds])
    show_reliability(told)
    sure = told[told[:, 0] > SURE]
    facts = (
        f"Fitted to {len(given)} segments of {sum(LESSONS.values())} lessons (seed {SEED}) and\n"
        f"{sum(TRIADS.values())} triads (seed {TRIAD_SEED}), {SIDE} instruments and synthesizers.\n"
        f"Each half costs {nats:.3f} nats a segment by weights of the other, at a temperature of\n"
        f"{warmth:.2f} that the weights are divided by. SUREST is the share that was right of\n"
        f"the {len(sure)} sizes of two notes that these told with more than {SURE}."
    )
    text = module(fitted(given) / warmth, float(sure[:, 1].mean()), facts)
    write_bytes(options.out, text.encode())


if __name__ == "__main__":
    main()
