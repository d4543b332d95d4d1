"""Figures of rhythm: similarity of the onsets of bars, and shares of silence.

Each takes a Passage; None if it has too few bars. Drums count as onsets, not as sound.
"""

from dataclasses import dataclass

import numpy as np

from muse.tools.evaluation.symbolic.passage import Integers, Passage, count_steps

GROOVE_GRID = 16  # steps per quarter note: 64 positions per 4/4 bar, as in the source


@dataclass(frozen=True)
class Onsets:
    """Onsets as unique pairs of a bar and a position in it, sorted."""

    bars: int
    bar: Integers
    place: Integers

    @classmethod
    def of(cls, passage: Passage, grid: int) -> "Onsets":
        """Return the onsets of a passage on a grid of steps per quarter note."""
        steps = count_steps(passage.bar_beats, grid)
        place = np.round(passage.offset * grid).astype(np.int64)
        place = np.minimum(place, steps[passage.bar] - 1)
        width = int(steps.max(initial=1))
        return cls(passage.bars, *divmod(np.unique(passage.bar * width + place), width))

    @property
    def counts(self) -> Integers:
        """Number of onsets in each bar, (B,)."""
        return np.bincount(self.bar, minlength=self.bars)

    def shared(self, lag: int) -> Integers:
        """Return the number of onsets that each bar shares with the bar `lag` later, (B - lag,)."""
        width = int(self.place.max(initial=0)) + 1
        keys = self.bar * width + self.place
        common = np.isin(keys + lag * width, keys)
        return np.bincount(self.bar[common], minlength=self.bars)[: self.bars - lag]


def groove_similarity(passage: Passage) -> float | None:
    """Return the mean similarity of the onsets of two bars over all pairs (GS), in [0, 1].

    The similarity is 1 minus the share of the 64 positions of a 4/4 bar at which only one of the
    bars has an onset. All pairs are counted exactly, without sampling: at a position where c of n
    bars have an onset, c (n - c) pairs differ. Bars of other lengths have proportionally many
    positions, and only bars of equal length are paired; two empty bars are equal.

    Source: Wu and Yang, "The Jazz Transformer on the front line", ISMIR 2020.
    """
    onsets = Onsets.of(passage, GROOVE_GRID)
    differing = compared = 0.0
    for length in np.unique(passage.bar_beats):
        alike = passage.bar_beats == length
        count = int(alike.sum())
        marked = np.bincount(onsets.place[alike[onsets.bar]])
        steps = int(count_steps(np.array([length]), GROOVE_GRID)[0])
        differing += float((marked * (count - marked)).sum()) / steps
        compared += count * (count - 1) / 2
    return 1 - differing / compared if compared else None


def groove_consistency(passage: Passage) -> float | None:
    """Return `groove_similarity` over consecutive bars only, as in MusPy, in [0, 1]."""
    pairs = np.flatnonzero(passage.bar_beats[1:] == passage.bar_beats[:-1])
    if not len(pairs):
        return None
    onsets = Onsets.of(passage, GROOVE_GRID)
    counts, steps = onsets.counts, count_steps(passage.bar_beats, GROOVE_GRID)
    differing = counts[:-1] + counts[1:] - 2 * onsets.shared(1)
    return float(1 - (differing[pairs] / steps[pairs]).mean())


def rest_share(passage: Passage) -> float | None:
    """Return the share of time from the first bar to the last without a sounding pitch."""
    if not passage.notes:
        return None
    total = float(passage.bar_beats.sum())
    order = np.argsort(passage.start[passage.pitched], kind="stable")
    start = passage.start[passage.pitched][order]
    end = np.minimum(start + passage.duration[passage.pitched][order], total)
    sounding_until = np.concatenate(([0.0], np.maximum.accumulate(end)[:-1]))
    sounding = np.maximum(end - np.maximum(start, sounding_until), 0.0).sum()
    return float(np.clip(1 - sounding / total, 0.0, 1.0))


def empty_bars(passage: Passage) -> float | None:
    """Return the share of bars without an onset, in [0, 1]."""
    if not len(passage.bar):
        return None
    return 1 - len(np.unique(passage.bar)) / passage.bars
