"""Weights of what may come next: the model's probabilities within range, chords, density and plan.

Conventions: steps as in datasets.melody_events; weights are 0 or more and need not add up to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.melody_events import PITCHES, STEPS, StepNote
from muse.tools.generation.sampling import Sampling
from muse.tools.melody.backing import Backing
from muse.tools.melody.columns import ADVANCES, DURATIONS
from muse.tools.melody.model import Floats
from muse.tools.melody.note_slots import NEAR, ON_GRID, NotePlan

LONG = 2 * STEPS  # steps to the next note from which on a note ends a phrase
REST = STEPS  # steps of silence that end a phrase
# factor on next notes at least this many steps later: phrases may end on chord tones only, so that
# without it melodies would rest less than songs do
LONG_REST_FACTOR, LONG_REST = 4.0, 6 * STEPS
SHORTEST_REST = STEPS // 3  # steps; shorter gaps are closed by holding the note
MAX_REPEATS = 8  # notes of one pitch in a row
# factor on a pitch after this many in a row: songs repeat it once more in 40 of 100 cases, samples
# of the net in 60, since it copies itself
REPEATS, REPEAT_FACTOR = 4, 0.45
SHORTEST = STEPS // 4  # steps; shorter notes in the corpora are expressive timing
MAX_GAP_BARS = 4  # from a note to the next
BARS_PER_GAP_BAR = 8  # bars of a melody for each bar of a gap; one bar is always allowed
DENSITY_WIDTH = 0.7  # standard deviation of log advances widened the requested density
CATCH_UP = 0.25  # relative change of the next advance for each missing note
CATCH_UP_RANGE = (0.4, 2.5)  # limits of that change
MIN_WEIGHT = 1e-9  # of allowed candidates to which the model gives probability 0

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class NoteLimits:
    """Limits and sampling of each note.

    Attributes:
        low, high: lowest and highest pitch, MIDI numbers.
        density: notes per bar; None leaves it to the model.
        sampling: how freely pitches are drawn.
        rhythm: how freely onsets and durations are drawn.
        tone_pull: factor on chord tones on strong beats.
    """

    low: int = 60
    high: int = 81
    density: float | None = None
    sampling: Sampling = field(default_factory=Sampling)
    rhythm: Sampling = field(default_factory=Sampling)
    tone_pull: float = 1.0


@dataclass(frozen=True)
class NextSteps:
    """The steps at which the next note may begin, by the model's classes of advances.

    Attributes:
        target: (advances,), step that each class leads to; -1 if it is not allowed.
        end: the step that means that no note follows; None if one has to.
    """

    target: NDArray[np.int64]
    end: int | None

    @property
    def steps(self) -> list[int]:
        """All allowed steps, in order."""
        return sorted({int(step) for step in self.target if step >= 0})


def next_steps(
    now: int,
    until: int,
    notes: Sequence[StepNote],
    backing: Backing,
    plan: NotePlan,
    is_begun: bool = True,
) -> NextSteps:
    """Return the steps at which the next note may begin.

    Args:
        now: onset of the note before it.
        until: step up to which that note is known to sound; `now` if it is not known.
        notes: written before it.
        backing: chords and bars.
        plan: open steps, given notes and repeats.
        is_begun: whether one of the notes is new; until then open steps are not skipped.
    """
    following = plan.following(now, notes)
    obligatory = plan.end if following is None else following
    bar = bar_length(now, backing)
    gap = min(max(plan.end // BARS_PER_GAP_BAR, bar), MAX_GAP_BARS * bar)
    steps = now + np.array(ADVANCES)
    inside = np.minimum(steps, len(plan.open) - 1)
    is_free = (steps < obligatory) & plan.open[inside] & (steps >= max(until, now + SHORTEST))
    is_free &= np.isin(steps % STEPS, ON_GRID) & (steps - now <= gap)
    target = np.where(is_free, steps, -1)
    if not is_free.any():
        return single_step(first_behind(now, until, obligatory, plan), following, plan)
    is_near = obligatory - now <= gap and (following is not None or is_near_end(now, backing, plan))
    if is_begun and is_near:
        target = np.where((steps >= obligatory) & ~is_free, obligatory, target)
        if obligatory not in target:
            target[-1] = obligatory
    return NextSteps(target, plan.end if following is None else None)


def first_behind(now: int, until: int, obligatory: int, plan: NotePlan) -> int:
    """Return the first open step beyond the model's advances, or the obligatory next step."""
    first = plan.next_open(max(now + SHORTEST, until))
    return obligatory if first is None else min(first, obligatory)


def single_step(step: int, following: int | None, plan: NotePlan) -> NextSteps:
    """Return next steps with one choice."""
    end = plan.end if following is None else None
    return NextSteps(np.full(len(ADVANCES), step), end)


def is_near_end(now: int, backing: Backing, plan: NotePlan) -> bool:
    """Return whether a note may be the last one: from half a bar before the last bar on."""
    if not plan.is_closing:
        return True
    last = backing.bars[backing.bar_at(plan.end - 1)]
    return now >= last.start - last.length // 2


def bar_length(step: int, backing: Backing) -> int:
    """Return the steps of the bar at a step."""
    return backing.bars[backing.bar_at(step)].length


def repeatable_pitches(notes: Sequence[StepNote]) -> Bools:
    """Return which pitches may follow, (128,): all but one that was repeated MAX_REPEATS times."""
    mask = np.ones(PITCHES, bool)
    last = notes[-MAX_REPEATS:]
    if len(last) == MAX_REPEATS and len({note.pitch for note in last}) == 1:
        mask[last[0].pitch] = False
    return mask


def repetition_factors(notes: Sequence[StepNote]) -> Floats:
    """Return factors on each pitch, (128,): less on one that was repeated REPEATS times."""
    factors = np.ones(PITCHES)
    last = notes[-REPEATS:]
    if len(last) == REPEATS and len({note.pitch for note in last}) == 1:
        factors[last[0].pitch] = REPEAT_FACTOR
    return factors


def widened(pitches: Bools) -> Bools:
    """Return the pitches, (128,), and those up to NEAR semitones beside them."""
    return np.convolve(pitches, np.ones(2 * NEAR + 1), "same") > 0


def pitch_weights(predicted: Floats, allowed: Bools, pull: tuple[float, Bools]) -> Floats:
    """Return the weight of each pitch, (128,).

    Args:
        predicted: the model's probabilities of pitches as they sound, (128,).
        allowed: which pitches are allowed, (128,).
        pull: a factor, and the pitches it applies to, (128,).
    """
    weights: Floats = np.where(allowed, predicted + MIN_WEIGHT, 0.0)
    return np.where(pull[1], weights * pull[0], weights)


def start_weights(
    predicted: Floats, next_steps: NextSteps, now: int, phrase_gap: int | None
) -> Floats:
    """Return the weight of each of the next steps, (steps,).

    Args:
        predicted: the model's probabilities of each class of advances.
        next_steps: where the next note may begin.
        now: onset of the note before it.
        phrase_gap: steps from which on that note ends a phrase; None if it may.
    """
    steps = next_steps.steps
    weights = np.array([predicted[next_steps.target == step].sum() + MIN_WEIGHT for step in steps])
    weights *= [LONG_REST_FACTOR if step - now >= LONG_REST else 1.0 for step in steps]
    if phrase_gap is not None:
        weights *= [step - now < phrase_gap and step != next_steps.end for step in steps]
    return weights


def weight_density(weights: Floats, steps: Sequence[int], now: int, aim: float) -> Floats:
    """Prefer next steps that are about `aim` steps away."""
    ratio = np.log((np.array(steps) - now) / aim)
    tilted: Floats = weights * np.exp(-((ratio / DENSITY_WIDTH) ** 2) / 2)
    return tilted + MIN_WEIGHT * (weights > 0)


def target_advance(density: float, written: int, passed: int, bar: int) -> float:
    """Return the advance, in steps, that leads to a number of notes per bar.

    Args:
        density: notes per bar.
        written: notes since the melody's start.
        passed: steps since then.
        bar: steps of a bar.
    """
    missing = passed * density / bar - written
    least, phrase_gap = CATCH_UP_RANGE
    return bar / density * float(np.clip(1 - CATCH_UP * missing, least, phrase_gap))


def duration_weights(
    predicted: Floats, gap: int, longest: int, ends_phrase: bool
) -> tuple[list[int], Floats]:
    """Return the durations that fit before the next note, and their weights.

    Args:
        predicted: the model's probabilities of each class of durations.
        gap: steps to the next note.
        longest: steps that the note may be held, up to `gap`.
        ends_phrase: whether a rest may follow.
    """
    lengths = np.minimum(np.maximum(DURATIONS, SHORTEST), longest)
    lengths = np.where(longest - lengths < SHORTEST_REST, longest, lengths)
    steps = sorted({int(length) for length in lengths} | {longest})
    weights = np.array([predicted[lengths == step].sum() + MIN_WEIGHT for step in steps])
    if not ends_phrase:
        weights *= [gap - step < REST for step in steps]
    return steps, weights
