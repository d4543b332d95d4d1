"""Scores of estimated notes against reference notes: onsets, offsets, velocities, drums.

Conventions: times are in seconds. A note is matched at most once (maximum bipartite matching, as in
mir_eval.transcription and MIREX note tracking). Scores are in [0, 1], and 0 if either side has no
notes.

Scores:
    onset_50ms, onset_100ms: same pitch, onset within the tolerance; offsets are ignored.
    onset_offset_50ms, onset_offset_100ms: in addition, the offset within 20 % of the reference
    note's duration or 50 ms, whichever is larger.
    overlap: of matched notes, the mean of the time that both sound over the time that either does.
    octave_errors: share of reference notes missed at 50 ms for which a note one or two octaves away
    was estimated at that time.
    velocity: as mir_eval.transcription_velocity: the onset_50ms matches whose velocity, fitted
    linearly to the reference, is within 0.1 of its range; and the correlation of the velocities.
    drums: onset within 50 ms and the same class of drum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.evaluation.matching import maximum_matching
from muse.tools.song.document import Track
from muse.tools.song.tempo_map import TempoMap

ONSET_TOLERANCES = {"50ms": 0.05, "100ms": 0.1}  # seconds
OFFSET_RATIO = 0.2  # of the reference note's duration
OFFSET_MIN_TOLERANCE = 0.05  # seconds
DRUM_TOLERANCE = 0.05  # seconds
VELOCITY_TOLERANCE = 0.1  # of the reference's range
DECIMALS = 4  # of distances in seconds, as in mir_eval
SHORTEST_NOTE = 0.001  # seconds; shorter notes are lengthened, so that they can overlap
OCTAVES = (12, 24)  # semitones

# General MIDI percussion keys, and Roland's 22, 26 and 58, by class of drum
DRUM_CLASSES = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),
    "hihat": (22, 26, 42, 44, 46),
    "tom": (41, 43, 45, 47, 48, 50, 58),
    "cymbal": (49, 51, 52, 53, 55, 57, 59),
    "other": (),
}
CLASS_OF_KEY = {key: name for name, keys in DRUM_CLASSES.items() for key in keys}

Scores = dict[str, Any]
Pairs = NDArray[np.intp]  # (matches, 2): index of the reference note, of the estimated note


@dataclass(frozen=True)
class Notes:
    """Notes as arrays.

    Attributes:
        intervals: (n, 2) float64, onset and offset in seconds.
        labels: (n,) equal for notes that may match: the pitch, or the class of a drum.
        velocities: (n,) 1 to 127.
    """

    intervals: NDArray[np.float64]
    labels: NDArray[np.int64]
    velocities: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of notes."""
        return len(self.labels)

    def at(self, which: NDArray[Any]) -> "Notes":
        """Return the notes at indices, or where a mask is True."""
        return Notes(self.intervals[which], self.labels[which], self.velocities[which])


def notes_in_seconds(tracks: Sequence[Track], time: TempoMap) -> Notes:
    """Return the notes of several tracks in seconds, sorted by onset."""
    rows = [
        (
            time.seconds_at(note.start_beats),
            time.seconds_at(note.start_beats + note.duration_beats),
            note.pitch,
            note.velocity,
        )
        for track in tracks
        for note in track.notes
    ]
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)
    intervals = table[:, :2].copy()
    intervals[:, 1] = np.maximum(intervals[:, 1], intervals[:, 0] + SHORTEST_NOTE)
    return Notes(intervals, table[:, 2].astype(np.int64), table[:, 3])


def match(
    reference: Notes, estimate: Notes, onset_tolerance: float, offset_ratio: float | None = None
) -> Pairs:
    """Match as many notes of equal label as the tolerances allow, each note once.

    Labels are matched separately, since the distance matrices of a whole song would not fit into
    memory.

    Args:
        reference: true notes.
        estimate: estimated notes.
        onset_tolerance: seconds, inclusive.
        offset_ratio: of the reference note's duration; None ignores offsets.

    Returns:
        (matches, 2) indices into reference and estimate.
    """
    pairs = [np.zeros((0, 2), np.intp)]
    for label in np.intersect1d(reference.labels, estimate.labels):
        rows = np.flatnonzero(reference.labels == label)
        columns = np.flatnonzero(estimate.labels == label)
        true, found = reference.intervals[rows], estimate.intervals[columns]
        near = distances(true[:, 0], found[:, 0]) <= onset_tolerance
        if offset_ratio is not None:
            allowed = np.maximum(offset_ratio * (true[:, 1] - true[:, 0]), OFFSET_MIN_TOLERANCE)
            near &= distances(true[:, 1], found[:, 1]) <= allowed[:, None]
        matches = maximum_matching(near)
        pairs.append(np.column_stack([rows[matches[:, 0]], columns[matches[:, 1]]]))
    return np.concatenate(pairs)


def distances(reference: NDArray[np.float64], estimate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances of times, (reference, estimate), rounded so that 0.05 s is 0.05 s."""
    apart: NDArray[np.float64] = np.abs(np.subtract.outer(reference, estimate)).round(DECIMALS)
    return apart


def ratios(matches: int, reference: int, estimate: int) -> Scores:
    """Return precision, recall and F1 from counts."""
    return {
        "precision": matches / estimate if estimate else 0.0,
        "recall": matches / reference if reference else 0.0,
        "f1": 2 * matches / (reference + estimate) if matches else 0.0,
    }


def mean_overlap(reference: Notes, estimate: Notes, pairs: Pairs) -> float:
    """Return the mean over pairs of the time both notes sound over the time either does."""
    if not len(pairs):
        return 0.0
    first, second = reference.intervals[pairs[:, 0]], estimate.intervals[pairs[:, 1]]
    both = np.minimum(first[:, 1], second[:, 1]) - np.maximum(first[:, 0], second[:, 0])
    either = np.maximum(first[:, 1], second[:, 1]) - np.minimum(first[:, 0], second[:, 0])
    return float(np.mean(both / either))


def score_notes(reference: Notes, estimate: Notes) -> Scores:
    """Return all scores of pitched notes; see the module."""
    scores: Scores = {"reference_notes": len(reference), "estimated_notes": len(estimate)}
    for name, tolerance in ONSET_TOLERANCES.items():
        for prefix, ratio in (("onset", None), ("onset_offset", OFFSET_RATIO)):
            pairs = match(reference, estimate, tolerance, ratio)
            scores[f"{prefix}_{name}"] = {
                **ratios(len(pairs), len(reference), len(estimate)),
                "overlap": mean_overlap(reference, estimate, pairs),
            }
    pairs = match(reference, estimate, ONSET_TOLERANCES["50ms"])
    scores["octave_errors"] = octave_errors(reference, estimate, pairs)
    scores["velocity"] = velocity_scores(reference, estimate, pairs)
    return scores


def octave_errors(reference: Notes, estimate: Notes, pairs: Pairs) -> Scores:
    """Return shares of reference notes that were estimated an octave or two too high or low."""
    missed = reference.at(np.delete(np.arange(len(reference)), pairs[:, 0]))
    extra = estimate.at(np.delete(np.arange(len(estimate)), pairs[:, 1]))
    same_name = match(
        Notes(missed.intervals, missed.labels % 12, missed.velocities),
        Notes(extra.intervals, extra.labels % 12, extra.velocities),
        ONSET_TOLERANCES["50ms"],
    )
    distances = extra.labels[same_name[:, 1]] - missed.labels[same_name[:, 0]]
    count = max(len(reference), 1)
    too_high = int(np.isin(distances, OCTAVES).sum()) / count
    too_low = int(np.isin(-distances, OCTAVES).sum()) / count
    return {"share": too_high + too_low, "too_high": too_high, "too_low": too_low}


def velocity_scores(reference: Notes, estimate: Notes, pairs: Pairs) -> Scores:
    """Return note scores that also require the velocity, and the correlation of the velocities.

    The estimate is first fitted to the reference by least squares, so that its scale does not
    matter. The correlation is None if either side has no variation.
    """
    if not len(pairs):
        return {**ratios(0, len(reference), len(estimate)), "correlation": None}
    low = float(reference.velocities.min())
    span = max(1.0, float(reference.velocities.max()) - low)
    truth = (reference.velocities[pairs[:, 0]] - low) / span
    estimated = estimate.velocities[pairs[:, 1]]
    line = np.stack([estimated, np.ones(len(estimated))], axis=1)
    fitted = line @ np.linalg.lstsq(line, truth, rcond=None)[0]
    right = int((np.abs(fitted - truth) < VELOCITY_TOLERANCE).sum())
    varied = len(pairs) > 1 and np.ptp(truth) > 0 and np.ptp(estimated) > 0
    correlation = float(np.corrcoef(truth, estimated)[0, 1]) if varied else None
    return {**ratios(right, len(reference), len(estimate)), "correlation": correlation}


def score_drums(reference: Notes, estimate: Notes) -> Scores:
    """Return onset scores of each drum class that occurs, and of all classes together."""
    truth, estimated = with_drum_classes(reference), with_drum_classes(estimate)
    pairs = match(truth, estimated, DRUM_TOLERANCE)
    matched = truth.labels[pairs[:, 0]]
    scores = {"all": hit_scores(len(pairs), len(truth), len(estimated))}
    for number, name in enumerate(DRUM_CLASSES):
        counts = [
            int((labels == number).sum()) for labels in (matched, truth.labels, estimated.labels)
        ]
        if counts[1] or counts[2]:
            scores[name] = hit_scores(*counts)
    return scores


def with_drum_classes(notes: Notes) -> Notes:
    """Return drum notes labeled by the index of their class in DRUM_CLASSES."""
    names = list(DRUM_CLASSES)
    labels = [names.index(CLASS_OF_KEY.get(int(key), "other")) for key in notes.labels]
    return Notes(notes.intervals, np.array(labels, np.int64), notes.velocities)


def hit_scores(matches: int, reference: int, estimate: int) -> Scores:
    """Return counts and ratios of drum hits."""
    counts = {"reference_notes": reference, "estimated_notes": estimate}
    return {**counts, **ratios(matches, reference, estimate)}
