"""The likeliest way to walk through a recording in beats and bars.

Conventions:
    time in feature frames; a period is the frames from one beat to the next. A state is (frame of a
    beat, period that led to it, place in the bar); places count the beats of all metres one after
    another: 0..3 are the beats of a bar of four, 4..6 those of a bar of three.

Each beat is followed by the next one a period later, periods change at a cost in log tempo. This is
the bar pointer of Whiteley, Cemgil and Godsill (ISMIR 2006) and Krebs, Boeck and Widmer (ISMIR
2013); as in Ellis, "Beat tracking by dynamic programming" (2007), it steps from beat to beat, not
from frame to frame, so that a second of music costs some milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

METRES = (4, 3)  # beats of a bar, in the order of the places
FIRST_PLACES = (0, 4)  # of each metre
NEXT = np.array([1, 2, 3, 0, 5, 6, 4])  # place after each place
BEFORE = np.argsort(NEXT)
NEVER = np.float32(-1e9)

Scores = NDArray[np.float32]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Costs:
    """What the walk may not do for free, in units of log likelihood.

    Attributes:
        tempo: for a change of the period by a factor e.
        jump: the most that one change of period can cost.
    """

    tempo: float
    jump: float


@dataclass(frozen=True)
class Beat:
    """One state of the walk; see the conventions. `period` is an index."""

    frame: int
    period: int
    place: int


@dataclass(frozen=True)
class Walk:
    """The likeliest beats, and how likely the likeliest walk in each metre is."""

    beats: list[Beat]
    score_by_metre: tuple[float, ...]


def walk(scores: Scores, periods: Ints, costs: Costs, start: Beat | None = None) -> Walk:
    """Find the walk with the highest sum of scores.

    Args:
        scores: (frames, periods, places), log likelihood of a beat that begins at a frame, is a
            period long and at that place of the bar.
        periods: in frames, ascending.
        costs: of changes of tempo.
        start: the beat to go on from; None: the first one lies anywhere in the first period.

    Returns:
        beats that cover the frames: the last one ends at or after the last frame.
    """
    steps = (costs.tempo * np.log(periods)).astype(np.float32)[:, None]
    arrived = forward(scores, periods, steps, np.float32(costs.jump), start)
    last, score_by_metre = best_end(arrived, periods)
    beats = [last]
    while (beat := step_back(beats[-1], arrived, periods, steps, costs.jump, start)) is not None:
        beats.append(beat)
    return Walk(beats[:0:-1], score_by_metre)


def forward(
    scores: Scores, periods: Ints, steps: Scores, jump: np.float32, start: Beat | None
) -> Scores:
    """The best score of a walk to each state: (frames + longest period, periods, places)."""
    frames, _, places = scores.shape
    index = np.arange(len(periods))
    longest = int(periods[-1])
    arrived = np.full((frames + longest, len(periods), places), NEVER, np.float32)
    left = np.full((frames + longest + 1, len(periods), places), NEVER, np.float32)
    for frame in range(frames + longest):
        source = frame - periods
        source[(source < 0) | (source >= frames)] = frames + longest  # that row is never reached
        state = left[source, index]
        state += scores[np.minimum(source, frames - 1), index]
        state = state[:, BEFORE]
        add_start(state, frame, periods, start)
        arrived[frame] = state
        left[frame] = after_change(state, steps, jump)
    return arrived


def add_start(state: Scores, frame: int, periods: Ints, start: Beat | None) -> None:
    """Let walks begin here, in place."""
    if start is None:
        state[periods >= frame] = np.maximum(state[periods >= frame], 0.0)
    elif frame == start.frame:
        state[start.period, start.place] = 0.0


def after_change(state: Scores, steps: Scores, jump: np.float32) -> Scores:
    """The best score of leaving with each period, having arrived with any.

    The cost is a distance on the log axis, so two running maxima do the work of all pairs.
    """
    slower = np.maximum.accumulate(state + steps, axis=0) - steps
    faster = np.maximum.accumulate((state - steps)[::-1], axis=0)[::-1] + steps
    left: Scores = np.maximum(np.maximum(slower, faster), state.max(axis=0) - jump)
    return left


def best_end(arrived: Scores, periods: Ints) -> tuple[Beat, tuple[float, ...]]:
    """The best state beyond the last frame whose beat began before, and the best by metre."""
    frames = len(arrived) - int(periods[-1])
    beyond = np.arange(len(arrived) - frames)[:, None] < periods
    ends = np.where(beyond[:, :, None], arrived[frames:], NEVER)
    frame, period, place = np.unravel_index(int(ends.argmax()), ends.shape)
    by_metre = np.split(ends.max(axis=(0, 1)), FIRST_PLACES[1:])
    scores = tuple(float(part.max()) for part in by_metre)
    return Beat(frames + int(frame), int(period), int(place)), scores


def step_back(
    beat: Beat, arrived: Scores, periods: Ints, steps: Scores, jump: float, start: Beat | None
) -> Beat | None:
    """The beat before, or None at the start of the walk."""
    frame = beat.frame - int(periods[beat.period])
    if frame < 0 or beat == start:
        return None
    place = int(BEFORE[beat.place])
    change = np.minimum(np.abs(steps[:, 0] - steps[beat.period, 0]), jump)
    period = int((arrived[frame, :, place] - change).argmax())
    if arrived[frame, period, place] <= NEVER / 2:
        return None
    return Beat(frame, period, place)
