"""Score hypotheses of what sounds in a segment, from signal processing and the interval net.

Each set of one, two or three notes that spectral peaks or the net make likely is a hypothesis, and
so is that there is no note. Its measures come from signal processing and from the net. Its
probability is proportional to the exponential of their weighted sum: a product of experts after
Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation
2002, with the weights in hypothesis_weights.py.

Conventions: audio is mono (frames,); pitches are MIDI with fractions; sets of notes are those of
dyad_evidence.hypotheses.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.yin import note_pitch
from muse.tools.intervals.arithmetic import Samples
from muse.tools.intervals.classifier import KINDS, IntervalClassifier, IntervalProbabilities
from muse.tools.intervals.clip_settings import LARGEST
from muse.tools.intervals.dyad_evidence import (
    MOST_NOTES,
    NO_NOTE,
    QUIETEST,
    SHORTEST_S,
    TOLERANCE,
    Evidence,
    Values,
    compare_candidates,
    explained_share,
    find_candidates,
    hypotheses,
    mean_over,
    refine_pitch,
    spectral_peaks,
)
from muse.tools.intervals.hypothesis_weights import load_hypothesis_weights

LONGEST_S = 1.0  # of a segment that is analyzed
LOWEST_NOTE = 21  # MIDI pitch of the net's first semitone
NET_CANDIDATES = 4  # semitones of the net that become candidates
NOTE_LIMIT = 8.0  # limit of the net's log odds of notes
LEAST_PROBABILITY = 1e-6  # lowest probability that an expert may give
MOST_HYPOTHESES = 24  # likeliest hypotheses in a result
MEASURES = (
    "nothing",
    "two",
    "three",
    "explained, one",
    "explained, two",
    "explained, three",
    "absent",
    "periodic",
    "net, interval",
    "net, no interval",
    "net, notes",
)

Pitches = tuple[float, ...]


@dataclass(frozen=True)
class Chord:
    """The notes that sound at once in a segment.

    Attributes:
        pitches: MIDI with fractions, ascending; empty if nothing has a pitch; three stand for
            three or more.
        ranked: the likeliest sets of pitches with their probabilities, the likeliest first.
    """

    pitches: Pitches
    ranked: tuple[tuple[Pitches, float], ...]


@dataclass(frozen=True)
class MeasuredHypotheses:
    """The hypotheses of one segment and their measures.

    Attributes:
        pitches: of the candidates, ascending.
        sets: (n, MOST_NOTES) candidates in each hypothesis.
        measures: (n + 1, MEASURES); the last row is the hypothesis of no note.
    """

    pitches: Values
    sets: NDArray[np.intp]
    measures: Values

    def notes(self, place: int) -> Pitches:
        """Return the pitches of one hypothesis."""
        if place == len(self.sets):
            return ()
        return tuple(float(self.pitches[one]) for one in self.sets[place] if one != NO_NOTE)


NO_NOTES = Chord((), (((), 1.0),))


class ChordEstimator:
    """Estimates the notes of a segment; the net is loaded once."""

    def __init__(self) -> None:
        """Load the net.

        Raises:
            BadInputError: its weights are missing or damaged.
        """
        self._net = IntervalClassifier()
        weights = load_hypothesis_weights().by_measure
        self._weights = np.array([weights[name] for name in MEASURES])

    def estimate(self, audio: Samples, rate: int) -> Chord:
        """Estimate the notes of a segment in which no note begins or ends.

        Args:
            audio: (frames,); only the first LONGEST_S are analyzed.
            rate: sample rate, Hz.
        """
        found = self.measure_hypotheses(audio, rate)
        if found is None:
            return NO_NOTES
        probabilities = to_probabilities(found.measures @ self._weights)
        likeliest = np.argsort(probabilities)[::-1][:MOST_HYPOTHESES]
        ranked = tuple(
            (found.notes(int(place)), float(probabilities[place])) for place in likeliest
        )
        return Chord(ranked[0][0], ranked)

    def measure_hypotheses(self, audio: Samples, rate: int) -> MeasuredHypotheses | None:
        """Return the hypotheses of a segment; None, without using the net, if nothing is tonal."""
        part = audio[: round(LONGEST_S * rate)]
        if len(part) < SHORTEST_S * rate or np.abs(part).max() < QUIETEST:
            return None
        hertz, weights = spectral_peaks(part, rate)
        if not len(hertz):
            return None
        net = self._net.classify(np.asarray(part, np.float32), rate)
        pitches = add_net_candidates(
            find_candidates(part, rate, hertz, weights), net, hertz, weights
        )
        found = compare_candidates(hertz, weights, pitches, note_pitch(part, rate))
        sets = hypotheses(found)
        return MeasuredHypotheses(pitches, sets, measures(found, sets, net))


@lru_cache(maxsize=1)
def shared_estimator() -> ChordEstimator:
    """Return the estimator that commands share, made once."""
    return ChordEstimator()


def to_probabilities(odds: Values) -> Values:
    """Return probabilities from log odds."""
    probabilities = np.exp(odds - odds.max())
    found: Values = probabilities / probabilities.sum()
    return found


def add_net_candidates(
    pitches: Values, net: IntervalProbabilities, hertz: Values, weights: Values
) -> Values:
    """Return the candidates and the net's likeliest semitones, ascending."""
    found = pitches.tolist()
    for place in np.argsort(net.notes)[::-1][:NET_CANDIDATES]:
        pitch = refine_pitch(float(LOWEST_NOTE + place), hertz, weights)
        if all(abs(pitch - other) > TOLERANCE for other in found):
            found.append(pitch)
    return np.sort(np.array(found))


def measures(found: Evidence, sets: NDArray[np.intp], net: IntervalProbabilities) -> Values:
    """Return the measures of each set and of the hypothesis of no note, (n + 1, MEASURES)."""
    counts = (sets != NO_NOTE).sum(axis=1)
    has_count = np.arange(1, MOST_NOTES + 1) == counts[:, None]
    share = explained_share(found, sets)
    absent = mean_over(found.absent, sets)
    periodic = np.where(has_count[:, 0], mean_over(found.periodic, sets) * (1 - 2 * absent), 0.0)
    interval = np.where(has_count[:, 1], net_intervals(found.pitches, sets, net), 0.0)
    none = np.where(has_count[:, 1], 0.0, np.log(max(net.none, LEAST_PROBABILITY)))
    rows = np.column_stack(
        [
            np.zeros(len(sets)),
            has_count[:, 1:],
            has_count * share[:, None],
            absent,
            periodic,
            interval,
            none,
            net_notes(found.pitches, sets, net),
        ]
    )
    last = np.zeros(len(MEASURES))
    last[MEASURES.index("nothing")] = 1.0
    last[MEASURES.index("net, no interval")] = np.log(max(net.none, LEAST_PROBABILITY))
    return np.vstack([rows, last])


def net_intervals(pitches: Values, sets: NDArray[np.intp], net: IntervalProbabilities) -> Values:
    """Return the net's log probability of each pair's size, sounding together."""
    log_pairs = np.log(
        np.maximum((1 - net.none) * net.pairs[:, KINDS.index("together")], LEAST_PROBABILITY)
    )
    size = np.rint(pitches[sets[:, 1]] - pitches[sets[:, 0]]).astype(np.intp)
    found: Values = log_pairs[np.clip(size, 0, LARGEST)]
    return found


def net_notes(pitches: Values, sets: NDArray[np.intp], net: IntervalProbabilities) -> Values:
    """Return the sum of the net's log odds of the notes of each set."""
    places = np.clip(np.rint(pitches).astype(np.intp) - LOWEST_NOTE, 0, len(net.notes) - 1)
    odds = np.append(np.clip(net.notes, -NOTE_LIMIT, NOTE_LIMIT)[places], 0.0)
    total: Values = odds[sets].sum(axis=1)
    return total
