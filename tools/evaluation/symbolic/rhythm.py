"""Figures of rhythm: how alike the bars are in where notes start, and how much is silent.

Each takes a Passage; None where it has too few bars. Drums count as starts, not as sound.
"""

from dataclasses import dataclass

import numpy as np

from muse.tools.evaluation.symbolic.passage import Integers, Passage, steps_of

GROOVE_GRID = 16  # steps of a quarter note: the 64 positions of a 4/4 bar in the source


@dataclass(frozen=True)
class Onsets:
    """Where in their bars notes start: pairs of a bar and a place in it, each once, in order."""

    bars: int
    bar: Integers
    place: Integers

    @classmethod
    def of(cls, passage: Passage, grid: int) -> "Onsets":
        """The onsets of a passage on so many steps of a quarter note."""
        steps = steps_of(passage.bar_beats, grid)
        place = np.round(passage.offset * grid).astype(np.int64)
        place = np.minimum(place, steps[passage.bar] - 1)
        width = int(steps.max(initial=1))
        return cls(passage.bars, *divmod(np.unique(passage.bar * width + place), width))

    @property
    def counts(self) -> Integers:
        """Onsets of each bar, (B,)."""
        return np.bincount(self.bar, minlength=self.bars)

    def shared(self, lag: int) -> Integers:
        """Onsets that each bar has in common with the one so many bars later, (B - lag,)."""
        width = int(self.place.max(initial=0)) + 1
        keys = self.bar * width + self.place
        common = np.isin(keys + lag * width, keys)
        return np.bincount(self.bar[common], minlength=self.bars)[: self.bars - lag]


def groove_similarity(passage: Passage) -> float | None:
    """GS: how alike the onset patterns of two bars are, over all pairs of bars, in [0, 1].

    1 minus the share of the 64 positions of a 4/4 bar at which one bar has a start of a note and
    the other has none. All pairs are counted exactly, so nothing is drawn: at a position where c of
    n bars have a start, c (n - c) pairs differ. Bars of another length have positions in
    proportion, and pair with their like only; two empty bars are alike.

    Source: Wu and Yang, "The Jazz Transformer on the front line", ISMIR 2020.
    """
    onsets = Onsets.of(passage, GROOVE_GRID)
    differing = compared = 0.0
    for length in np.unique(passage.bar_beats):
        alike = passage.bar_beats == length
        count = int(alike.sum())
        marked = np.bincount(onsets.place[alike[onsets.bar]])
        steps = int(steps_of(np.array([length]), GROOVE_GRID)[0])
        differing += float((marked * (count - marked)).sum()) / steps
        compared += count * (count - 1) / 2
    return 1 - differing / compared if compared else None


def groove_consistency(passage: Passage) -> float | None:
    """As `groove_similarity`, of each bar and the next only, as MusPy has it; in [0, 1]."""
    pairs = np.flatnonzero(passage.bar_beats[1:] == passage.bar_beats[:-1])
    if not len(pairs):
        return None
    onsets = Onsets.of(passage, GROOVE_GRID)
    counts, steps = onsets.counts, steps_of(passage.bar_beats, GROOVE_GRID)
    differing = counts[:-1] + counts[1:] - 2 * onsets.shared(1)
    return float(1 - (differing[pairs] / steps[pairs]).mean())


def rest_share(passage: Passage) -> float | None:
    """Share of the time, from the first bar to the last, in which no pitch sounds, in [0, 1]."""
    if not passage.notes:
        return None
    total = float(passage.bar_beats.sum())
    order = np.argsort(passage.start[passage.pitched], kind="stable")
    start = passage.start[passage.pitched][order]
    end = np.minimum(start + passage.duration[passage.pitched][order], total)
    heard_until = np.concatenate(([0.0], np.maximum.accumulate(end)[:-1]))
    sounding = np.maximum(end - np.maximum(start, heard_until), 0.0).sum()
    return float(np.clip(1 - sounding / total, 0.0, 1.0))


def empty_bars(passage: Passage) -> float | None:
    """Share of the bars in which no note starts, in [0, 1]."""
    if not len(passage.bar):
        return None
    return 1 - len(np.unique(passage.bar)) / passage.bars
