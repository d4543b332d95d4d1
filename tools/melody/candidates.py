"""Weights of the candidates for the next pitch, onset and duration.

They are the model's probabilities, restricted by range, chords and plan, and tilted towards the
requested density. Conventions: steps as in datasets.melody_events; weights are 0 or more, and their
sum may be any.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.melody_events import PITCHES, STEPS, StepNote
from muse.tools.generation.sampling import Sampling
from muse.tools.melody.backing import Backing
from muse.tools.melody.chord_rules import ChordRules
from muse.tools.melody.columns import ADVANCES, DURATIONS
from muse.tools.melody.model import Floats
from muse.tools.melody.note_slots import NEAR, ON_GRID, NotePlan

LONG = 2 * STEPS  # smallest advance, in steps, that ends a phrase
REST = STEPS  # shortest silence, in steps, that ends a phrase
# Factor on advances of at least LONG_REST steps: as phrases may only end on chord tones, melodies
# would otherwise have fewer rests than songs.
LONG_REST_FACTOR, LONG_REST = 4.0, 6 * STEPS
SHORTEST_REST = STEPS // 3  # steps; shorter rests are filled by lengthening the note
MAX_REPEATS = 8  # consecutive notes of one pitch
# Factor on a pitch that was repeated REPEATS times: songs repeat it once more in 40 % of the cases,
# samples of the net in 60 %, as the net copies its own output.
REPEATS, REPEAT_FACTOR = 4, 0.45
SHORTEST = STEPS // 4  # shortest note, in steps; shorter ones in the corpora are expressive timing
MAX_GAP_BARS = 4  # largest advance, in bars
BARS_PER_GAP_BAR = 8  # an advance may be this fraction of the melody, and always one bar
DENSITY_WIDTH = 0.7  # standard deviation of the log advance around that of the requested density
CATCH_UP = 0.25  # relative decrease of the next advance for each missing note
CATCH_UP_RANGE = (0.4, 2.5)  # smallest and largest factor on the next advance
MIN_WEIGHT = 1e-9  # weight of allowed candidates to which the model gives probability 0

# Factors on pitches over a chord (chord_rules.py). The net prefers the key's tone to the altered
# one of the chord, and the main key after a change, as few songs of its corpora show either.
REPLACED_FACTOR = 0.05
LEADING_FACTOR = 5.0
OUTSIDE_FACTOR = 0.1
AVOIDED_FACTOR = 0.3
PASSING = STEPS  # steps: longest advance from a note that may only be passed
PASSING_STEP = 2  # semitones: largest interval to the note after it

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class NoteLimits:
    """Limits and sampling parameters of all notes.

    Attributes:
        low, high: lowest and highest pitch, MIDI numbers.
        density: notes per bar; None leaves it to the model.
        sampling: of pitches.
        rhythm: sampling of onsets and durations.
        tone_pull: factor on the weights of chord tones on strong beats.
    """

    low: int = 60
    high: int = 81
    density: float | None = None
    sampling: Sampling = field(default_factory=Sampling)
    rhythm: Sampling = field(default_factory=Sampling)
    tone_pull: float = 1.0


@dataclass(frozen=True)
class NextSteps:
    """The steps at which the next note may begin, by advance class.

    Attributes:
        target: (advance classes,), step of each class; -1 if it is not allowed.
        end: step that stands for the end of the melody; None if another note must follow.
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
        now: onset of the current note.
        until: end of the current note if it is given, else `now`.
        notes: sampled before the current one.
        backing: chords and bars.
        plan: open steps, given notes and repeats.
        is_begun: whether any note is new; before that, open steps are not skipped.
    """
    required = plan.following(now, notes)
    end = plan.end if required is None else None
    limit = plan.end if required is None else required
    max_gap = longest_gap(now, backing, plan)
    steps = now + np.array(ADVANCES)
    is_free = free_steps(steps, max(until, now + SHORTEST), limit, plan) & (steps - now <= max_gap)
    if not is_free.any():
        step = first_open_step(max(until, now + SHORTEST), limit, plan)
        return NextSteps(np.full(len(ADVANCES), step), end)
    target = np.where(is_free, steps, -1)
    is_near = limit - now <= max_gap and (required is not None or is_near_end(now, backing, plan))
    if is_begun and is_near:
        target = np.where((steps >= limit) & ~is_free, limit, target)
        if limit not in target:
            target[-1] = limit
    return NextSteps(target, end)


def longest_gap(now: int, backing: Backing, plan: NotePlan) -> int:
    """Return the largest advance from a step, in steps."""
    bar = bar_length(now, backing)
    return min(max(plan.end // BARS_PER_GAP_BAR, bar), MAX_GAP_BARS * bar)


def free_steps(steps: NDArray[np.int64], first: int, limit: int, plan: NotePlan) -> Bools:
    """Return which steps are open and on the grid, from `first` on and before `limit`."""
    is_open = plan.open[np.minimum(steps, len(plan.open) - 1)]
    is_inside = (steps >= first) & (steps < limit)
    is_free: Bools = is_open & is_inside & np.isin(steps % STEPS, ON_GRID)
    return is_free


def first_open_step(first: int, limit: int, plan: NotePlan) -> int:
    """Return the first open step from `first` on, at most `limit`."""
    step = plan.next_open(first)
    return limit if step is None else min(step, limit)


def is_near_end(now: int, backing: Backing, plan: NotePlan) -> bool:
    """Return whether a note may be the last one: at most half a bar before the last bar."""
    if not plan.is_closing:
        return True
    last = backing.bars[backing.bar_at(plan.end - 1)]
    return now >= last.start - last.length // 2


def bar_length(step: int, backing: Backing) -> int:
    """Return the steps of the bar at a step."""
    return backing.bars[backing.bar_at(step)].length


def repeatable_pitches(notes: Sequence[StepNote]) -> Bools:
    """Return which pitches may follow, (128,): not one that was repeated MAX_REPEATS times."""
    mask = np.ones(PITCHES, bool)
    last = notes[-MAX_REPEATS:]
    if len(last) == MAX_REPEATS and len({note.pitch for note in last}) == 1:
        mask[last[0].pitch] = False
    return mask


def repetition_factors(notes: Sequence[StepNote]) -> Floats:
    """Return a factor for each pitch, (128,): below 1 if it was repeated REPEATS times."""
    factors = np.ones(PITCHES)
    last = notes[-REPEATS:]
    if len(last) == REPEATS and len({note.pitch for note in last}) == 1:
        factors[last[0].pitch] = REPEAT_FACTOR
    return factors


def widened(pitches: Bools) -> Bools:
    """Return a mask of pitches, (128,), extended by NEAR semitones on both sides."""
    return np.convolve(pitches, np.ones(2 * NEAR + 1), "same") > 0


def rule_factors(rules: ChordRules, is_strong: bool) -> Floats:
    """Return a factor for each pitch over a chord, (128,)."""
    factors = np.ones(12)
    for classes, factor in (
        (rules.replaced, REPLACED_FACTOR),
        (rules.leading, LEADING_FACTOR),
        (rules.outside, OUTSIDE_FACTOR),
        (rules.avoided(is_strong), AVOIDED_FACTOR),
    ):
        factors[list(classes)] *= factor
    return factors[np.arange(PITCHES) % 12]


def stepwise(pitch: int) -> Bools:
    """Return which pitches resolve a pitch by step, (128,)."""
    distance = np.abs(np.arange(PITCHES) - pitch)
    mask: Bools = (distance > 0) & (distance <= PASSING_STEP)
    return mask


def pitch_weights(predicted: Floats, allowed: Bools, pull: tuple[float, Bools]) -> Floats:
    """Return the weight of each pitch, (128,).

    Args:
        predicted: the model's probabilities of pitches in the song's key, (128,).
        allowed: which pitches are allowed, (128,).
        pull: a factor, and which pitches it applies to, (128,).
    """
    weights: Floats = np.where(allowed, predicted + MIN_WEIGHT, 0.0)
    return np.where(pull[1], weights * pull[0], weights)


def start_weights(
    predicted: Floats, next_steps: NextSteps, now: int, phrase_gap: int | None
) -> Floats:
    """Return the weight of each of the next steps, (steps,).

    Args:
        predicted: the model's probability of each advance class.
        next_steps: where the next note may begin.
        now: onset of the current note.
        phrase_gap: advance from which on the current note would end a phrase, in steps; such
            advances are excluded. None if the note may end a phrase.
    """
    steps = next_steps.steps
    weights = np.array([predicted[next_steps.target == step].sum() + MIN_WEIGHT for step in steps])
    weights *= [LONG_REST_FACTOR if step - now >= LONG_REST else 1.0 for step in steps]
    if phrase_gap is not None:
        weights *= [step - now < phrase_gap and step != next_steps.end for step in steps]
    return weights


def weight_density(weights: Floats, steps: Sequence[int], now: int, target: float) -> Floats:
    """Increase the weights of next steps whose advance is near a target, in steps."""
    ratio = np.log((np.array(steps) - now) / target)
    tilted: Floats = weights * np.exp(-((ratio / DENSITY_WIDTH) ** 2) / 2)
    return tilted + MIN_WEIGHT * (weights > 0)


def target_advance(density: float, written: int, passed: int, bar: int) -> float:
    """Return the advance, in steps, that leads to a density.

    Args:
        density: notes per bar.
        written: notes so far.
        passed: steps since the first of them.
        bar: length of a bar in steps.
    """
    missing = passed * density / bar - written
    return bar / density * float(np.clip(1 - CATCH_UP * missing, *CATCH_UP_RANGE))


def duration_weights(
    predicted: Floats, gap: int, longest: int, ends_phrase: bool
) -> tuple[list[int], Floats]:
    """Return the possible durations before the next note, in steps, and their weights.

    Args:
        predicted: the model's probability of each duration class.
        gap: steps to the next note.
        longest: longest duration in steps, at most `gap`.
        ends_phrase: whether a rest may follow.
    """
    lengths = np.minimum(np.maximum(DURATIONS, SHORTEST), longest)
    lengths = np.where(longest - lengths < SHORTEST_REST, longest, lengths)
    steps = sorted({int(length) for length in lengths} | {longest})
    weights = np.array([predicted[lengths == step].sum() + MIN_WEIGHT for step in steps])
    if not ends_phrase:
        weights *= [gap - step < REST for step in steps]
    return steps, weights
