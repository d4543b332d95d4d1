"""Fits interval-hypotheses: how much each measure of a set of notes counts in `muse intervals`.

    muse train interval-hypotheses

The clips (examples/interval_segments.py) are made, not read; the shipped weights were fitted with
the soundfont FluidR3. The weights maximize the likelihood of the right hypotheses of all segments,
by L-BFGS with a ridge. If a note decays under the next one, both the sets with it and without it
are right. The temperature and the largest confidence are fitted to answers about each half of the
instruments, given with weights of the other half. `--set share=0.02` is a quick trial.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.intervals.dyad_evidence import MOST_NOTES, NO_NOTE, Values
from muse.tools.intervals.hypothesis_scoring import (
    MEASURES,
    NO_NOTES,
    Chord,
    ChordEstimator,
    MeasuredHypotheses,
    to_probabilities,
)
from muse.tools.intervals.hypothesis_weights import NAME
from muse.tools.intervals.segments import Mono, segments
from muse.tools.training.deterministic import deterministic
from muse.tools.training.examples.interval_segments import (
    LESSON_SEED,
    SIDE,
    TRIAD_SEED,
    KnownClip,
    Notes,
    known_clips,
)
from muse.tools.training.fit import Fit, FitJob, Fitted

log = logging.getLogger("muse")

RELEASE_S = 0.35  # a note sounds this much longer than its duration
HELD_SHARE = 0.5  # of a segment in which a note is held, above which it surely sounds in it
RINGING_SHARE = 0.1  # of a segment in which a note still rings, above which it may sound in it
TOLERANCE = 0.5  # semitones from the true pitch
RIDGE = 1e-4  # factor of half the squared weights, of measures scaled to unit variance
ITERATIONS = 400  # of L-BFGS, at most
TEMPERATURES = np.geomspace(0.7, 2.0, 22)
CONFIDENT = 0.95  # answers above this give the largest confidence
SMALLEST = 1e-12  # probability, so that its logarithm is finite
LIMITS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)  # of the classes of confidence in the log
DIGITS, CONFIDENCE_DIGITS = 3, 2


@dataclass(frozen=True)
class HypothesisSettings:
    """Settings of the fitting.

    Attributes:
        share: of the clips that is made, 0 to 1.
    """

    share: float = 1.0


@dataclass(frozen=True)
class Example:
    """The hypotheses about one segment.

    Attributes:
        measures: (n, MEASURES).
        is_right: (n,).
        sizes: (n,) semitones between the notes of a hypothesis of two notes; -1 for others.
        half: of the instruments.
    """

    measures: Values
    is_right: NDArray[np.bool_]
    sizes: NDArray[np.intp]
    half: int


class IntervalHypothesesFit(Fit):
    """The weights of tools/intervals/hypothesis_scoring.py."""

    name = NAME
    what = "weighs the evidence of spectrum and net for each set of notes in a segment"
    task = "intervals"
    settings = HypothesisSettings

    def fit(self, job: FitJob) -> Fitted:
        """Make the clips, fit the weights, then temperature and confidence across the halves."""
        with deterministic(job.seed):
            examples = list(make_examples(known_clips(job.settings.share)))
        odds = cross_validated_odds(examples)
        temperature, nats = best_temperature(examples, odds)
        answers = size_answers(examples, [own / temperature for own in odds])
        log_reliability(answers)
        sure = answers[answers[:, 0] > CONFIDENT]
        largest = float(sure[:, 1].mean()) if len(sure) else 1.0
        weights = fit_weights(examples) / temperature
        return Fitted(
            {
                "weights": np.round(weights, DIGITS),
                "largest_confidence": np.round(np.array([largest]), CONFIDENCE_DIGITS),
            },
            {"measures": list(MEASURES)},
            sources(),
            {
                "segments": len(examples),
                "nats_per_segment_across_halves": round(nats, 3),
                "temperature": round(temperature, 2),
                "confident_answers": len(sure),
            },
            {"lesson_seed": LESSON_SEED, "triad_seed": TRIAD_SEED},
        )


def sources() -> list[dict[str, Any]]:
    """Return what the clips are made of, for the card."""
    used = f"notes of {SIDE} instruments"
    return [
        {"name": "FluidR3_GM", "licence": "MIT", "used": used},
        {"name": "muse intervals generate", "licence": "MIT", "used": "synthesizers"},
    ]


class Recorder:
    """Stands in for a ChordEstimator and records the hypotheses about every segment it is given."""

    def __init__(self) -> None:
        """Load the net."""
        self.estimator = ChordEstimator()
        self.recorded: list[MeasuredHypotheses | None] = []

    def __call__(self, audio: Mono, rate: int) -> Chord:
        """Record the hypotheses; the answer is always silence."""
        self.recorded.append(self.estimator.measure_hypotheses(audio, rate))
        return NO_NOTES


def make_examples(clips: Iterable[KnownClip]) -> Iterator[Example]:
    """Yield the segments of clips that are tonal and whose notes are known."""
    recorder = Recorder()
    for known in clips:
        recorder.recorded.clear()
        found = list(segments([known.clip], recorder))
        for segment, measured in zip(found, recorder.recorded, strict=True):
            truths = possible_truths(known.notes, segment.start_s, segment.end_s)
            if measured is not None and truths:
                right = right_hypotheses(measured, truths)
                yield Example(measured.measures, right, sizes_of(measured), known.half)


def sizes_of(measured: MeasuredHypotheses) -> NDArray[np.intp]:
    """Return the semitones between the notes of each hypothesis of two; -1 for the others."""
    low, high = measured.pitches[measured.sets[:, 0]], measured.pitches[measured.sets[:, 1]]
    two = (measured.sets != NO_NOTE).sum(axis=1) == 2
    return np.append(np.where(two, np.rint(high - low), -1), -1).astype(np.intp)


def possible_truths(notes: Notes, start_s: float, end_s: float) -> list[tuple[float, ...]]:
    """Return every set of pitches that counts as right; none if notes only decay."""
    end_s = min(end_s, start_s + 1.0)
    sure: list[float] = []
    perhaps: list[float] = []
    for pitch, onset, end in notes:
        if min(end_s, end) - max(start_s, onset) > HELD_SHARE * (end_s - start_s):
            sure.append(pitch)
        elif min(end_s, end + RELEASE_S) - max(start_s, onset) > RINGING_SHARE * (end_s - start_s):
            perhaps.append(pitch)
    if perhaps and not sure:
        return []
    count = range(len(perhaps) + 1)
    return [
        without_unisons((*sure, *more)) for size in count for more in combinations(perhaps, size)
    ]


def without_unisons(pitches: Iterable[float]) -> tuple[float, ...]:
    """Return the pitches in ascending order, those of a unison once."""
    found: list[float] = []
    for pitch in sorted(pitches):
        if not found or pitch - found[-1] > TOLERANCE:
            found.append(pitch)
    return tuple(found)


def right_hypotheses(
    measured: MeasuredHypotheses, truths: Iterable[tuple[float, ...]]
) -> NDArray[np.bool_]:
    """Return which hypotheses equal one of the truths."""
    counts = np.append((measured.sets != NO_NOTE).sum(axis=1), 0)
    pitches = np.append(measured.pitches, np.nan)[measured.sets]
    right = np.zeros(len(counts), bool)
    for truth in truths:
        own = counts == min(len(truth), MOST_NOTES)
        if 0 < len(truth) < MOST_NOTES:
            off = np.abs(pitches[:, : len(truth)] - np.array(truth))
            own[:-1] &= (off < TOLERANCE).all(axis=1)
        right |= own
    return right


def fit_weights(examples: Sequence[Example]) -> Values:
    """Return the weights that maximize the likelihood of the right hypotheses.

    Segments without a right hypothesis are left out.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    known = [each for each in examples if each.is_right.any()]
    rows = np.concatenate([each.measures for each in known])
    scale = rows.std(axis=0) + 1e-9
    rows /= scale
    right = np.concatenate([each.is_right for each in known])
    counts = np.array([len(each.is_right) for each in known])
    starts = np.cumsum(counts) - counts

    def loss(weights: Values) -> tuple[float, Values]:
        odds = rows @ weights
        every = softmax_by_segment(odds, starts, counts)
        own = np.where(right, every, 0.0)
        sums = np.maximum(np.add.reduceat(own, starts), SMALLEST)
        slope = (every - own / np.repeat(sums, counts)) @ rows / len(counts)
        nats = -np.log(sums).mean() + RIDGE / 2 * weights @ weights
        return float(nats), slope + RIDGE * weights

    options = {"maxiter": ITERATIONS}
    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options=options)
    log.info("%d segments: %.4f nats, %s", len(known), found.fun, found.message)
    weights: Values = found.x / scale
    return weights


def softmax_by_segment(odds: Values, starts: NDArray[np.intp], counts: NDArray[np.intp]) -> Values:
    """Return the softmax of log odds within each segment.

    Args:
        odds: (hypotheses,) of all segments in a row.
        starts: (segments,) the first hypothesis of each.
        counts: (segments,) hypotheses of each.
    """
    highest = np.maximum.reduceat(odds, starts)
    found = np.exp(odds - np.repeat(highest, counts))
    found /= np.repeat(np.add.reduceat(found, starts), counts)
    return np.asarray(found, np.float64)


def cross_validated_odds(examples: Sequence[Example]) -> list[Values]:
    """Return the log odds of each example with weights fitted to the other half."""
    weights = [fit_weights([each for each in examples if each.half != half]) for half in (0, 1)]
    return [each.measures @ weights[each.half] for each in examples]


def best_temperature(examples: Sequence[Example], odds: Sequence[Values]) -> tuple[float, float]:
    """Return the temperature with the highest likelihood, and that likelihood in nats per segment.

    Segments without a right hypothesis are left out, as no temperature helps them.
    """
    known = [
        (each.is_right, own)
        for each, own in zip(examples, odds, strict=True)
        if each.is_right.any()
    ]
    found = []
    for temperature in TEMPERATURES:
        right = [to_probabilities(own / temperature)[which].sum() for which, own in known]
        nats = float(-np.log(np.maximum(right, SMALLEST)).mean())
        found.append((nats, float(temperature)))
    nats, best = min(found)
    return best, nats


def size_answers(examples: Sequence[Example], odds: Sequence[Values]) -> Values:
    """Return (n, 2): the confidence of each answer of two notes, and whether its size is right."""
    rows = []
    for each, own in zip(examples, odds, strict=True):
        size = each.sizes[own.argmax()]
        if size >= 0:
            same = each.sizes == size
            rows.append((to_probabilities(own)[same].sum(), (each.is_right & same).any()))
    return np.array(rows, np.float64).reshape(-1, 2)


def log_reliability(answers: Values) -> None:
    """Log how often answers are right, by class of confidence."""
    for low, high in pairwise(LIMITS):
        inner = answers[(answers[:, 0] >= low) & (answers[:, 0] < high)]
        if len(inner):
            confidence, right = inner.mean(axis=0)
            log.info("confidence %.3f, right %.3f of %d", confidence, right, len(inner))
