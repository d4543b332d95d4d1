"""Finds the most probable sequence of beats and bars in a recording.

Conventions:
    time is in feature frames; a period is the frames from one beat to the next. A state is (frame
    of a beat, period that led to it, position in the bar). Positions number the beats of all
    meters: 0..3 are the beats of a bar of four, 4..6 those of a bar of three.

Each beat is followed by the next one a period later, and a change of the period has a cost in log
tempo. This is the bar pointer model of Whiteley, Cemgil and Godsill (ISMIR 2006) and Krebs, Boeck
and Widmer (ISMIR 2013). As in Ellis, "Beat tracking by dynamic programming" (2007), it steps from
beat to beat and not from frame to frame, so that a second of music takes a few milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BAR_LENGTHS = (4, 3)  # beats per bar of each meter, in the order of the positions
FIRST_POSITIONS = (0, 4)  # of each meter
NEXT = np.array([1, 2, 3, 0, 5, 6, 4])  # position after each position
PREVIOUS = np.argsort(NEXT)
IMPOSSIBLE = np.float32(-1e9)  # score of a state that cannot be reached

Scores = NDArray[np.float32]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Costs:
    """Costs of changes of tempo, in log likelihood.

    Attributes:
        tempo: of a change of the period by a factor of e.
        jump: highest cost of one change.
    """

    tempo: float
    jump: float


@dataclass(frozen=True)
class Beat:
    """One state of the path; see the conventions. `period` is an index into the periods."""

    frame: int
    period: int
    position: int


@dataclass(frozen=True)
class BeatPath:
    """The beats of the best path, and the score of the best path in each meter."""

    beats: list[Beat]
    score_by_meter: tuple[float, ...]


def find_path(scores: Scores, periods: Ints, costs: Costs, start: Beat | None = None) -> BeatPath:
    """Find the path with the highest sum of scores.

    Args:
        scores: (frames, periods, positions), log likelihood of a beat that begins at a frame,
            is a period long, and has that position in the bar.
        periods: in frames, ascending.
        costs: of changes of tempo.
        start: the beat to continue from; None allows any first beat in the first period.

    Returns:
        beats that cover all frames: the last one ends at or after the last frame.
    """
    steps = (costs.tempo * np.log(periods)).astype(np.float32)[:, None]
    arrived = forward_scores(scores, periods, steps, np.float32(costs.jump), start)
    last, score_by_meter = best_end(arrived, periods)
    beats = [last]
    while (beat := step_back(beats[-1], arrived, periods, steps, costs.jump, start)) is not None:
        beats.append(beat)
    return BeatPath(beats[:0:-1], score_by_meter)


def forward_scores(
    scores: Scores, periods: Ints, steps: Scores, jump: np.float32, start: Beat | None
) -> Scores:
    """Return the best score to each state, (frames + longest period, periods, positions)."""
    frames, _, positions = scores.shape
    index = np.arange(len(periods))
    longest = int(periods[-1])
    arrived = np.full((frames + longest, len(periods), positions), IMPOSSIBLE, np.float32)
    left = np.full((frames + longest + 1, len(periods), positions), IMPOSSIBLE, np.float32)
    for frame in range(frames + longest):
        source = frame - periods
        source[(source < 0) | (source >= frames)] = frames + longest  # this row stays IMPOSSIBLE
        state = left[source, index]
        state += scores[np.minimum(source, frames - 1), index]
        state = state[:, PREVIOUS]
        add_start(state, frame, periods, start)
        arrived[frame] = state
        left[frame] = change_period(state, steps, jump)
    return arrived


def add_start(state: Scores, frame: int, periods: Ints, start: Beat | None) -> None:
    """Allow paths to begin at a frame; changes `state`."""
    if start is None:
        state[periods >= frame] = np.maximum(state[periods >= frame], 0.0)
    elif frame == start.frame:
        state[start.period, start.position] = 0.0


def change_period(state: Scores, steps: Scores, jump: np.float32) -> Scores:
    """Return the best score of continuing with each period after arriving with any period.

    The cost is a distance in log period, so two running maxima replace the maximum over all pairs.
    """
    slower = np.maximum.accumulate(state + steps, axis=0) - steps
    faster = np.maximum.accumulate((state - steps)[::-1], axis=0)[::-1] + steps
    left: Scores = np.maximum(np.maximum(slower, faster), state.max(axis=0) - jump)
    return left


def best_end(arrived: Scores, periods: Ints) -> tuple[Beat, tuple[float, ...]]:
    """Return the best final state, whose beat spans the last frame, and the best score by meter."""
    frames = len(arrived) - int(periods[-1])
    beyond = np.arange(len(arrived) - frames)[:, None] < periods
    ends = np.where(beyond[:, :, None], arrived[frames:], IMPOSSIBLE)
    frame, period, position = np.unravel_index(int(ends.argmax()), ends.shape)
    by_meter = np.split(ends.max(axis=(0, 1)), FIRST_POSITIONS[1:])
    scores = tuple(float(best.max()) for best in by_meter)
    return Beat(frames + int(frame), int(period), int(position)), scores


def step_back(
    beat: Beat, arrived: Scores, periods: Ints, steps: Scores, jump: float, start: Beat | None
) -> Beat | None:
    """Return the beat before a beat of the best path, or None at its start."""
    frame = beat.frame - int(periods[beat.period])
    if frame < 0 or beat == start:
        return None
    position = int(PREVIOUS[beat.position])
    change = np.minimum(np.abs(steps[:, 0] - steps[beat.period, 0]), jump)
    period = int((arrived[frame, :, position] - change).argmax())
    if arrived[frame, period, position] <= IMPOSSIBLE / 2:
        return None
    return Beat(frame, period, position)
