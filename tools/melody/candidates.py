"""What may come next, as weights: the model's odds within what range, chords and plan allow.

Conventions: steps as in forms.melody_events; weights are 0 or more and need not add up to 1.
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
from muse.tools.melody.note_slots import CLEAN, NEAR, NotePlan

LONG = 2 * STEPS  # steps to the next note: such a note ends a phrase
REST = STEPS  # steps of silence that end a phrase
# factor on the odds of a next note so many steps on or more, where a phrase may end: elsewhere none
# may, and melodies would rest less than songs do
RESTED, RESTING = 4.0, 6 * STEPS
BREATH = STEPS // 3  # steps of silence; shorter ones are no rest, the note is held on
MOST_ALIKE = 8  # notes of one pitch in a row
# in songs a pitch that has come so often in a row comes again in 40 of 100 cases, in what the net
# draws in 60, as it copies itself: its odds are multiplied
TIRING, TIRED = 4, 0.45
SHORTEST = STEPS // 4  # steps; what songs have shorter than a sixteenth is how they were sung
LONGEST_GAP_BARS = 4  # from a note to the next
BARS_TO_A_GAP = 8  # of a melody, for each bar that a gap may take; one bar it always may
CLOSE = 0.7  # natural log: how far from the density asked for a step to the next note may stray
CATCH_UP = 0.25  # how much notes that are missing so far shorten the next step, for each
STRAYS = (0.4, 2.5)  # least and most that the density aimed at is changed to catch up
FAINT = 1e-9  # weight of what a model gives nothing but the plan allows

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class NoteLimits:
    """What is asked of each note.

    Attributes:
        low: the lowest pitch, MIDI number.
        high: the highest.
        density: notes a bar; None leaves it to the model.
        sampling: how freely pitches are drawn.
        rhythm: how freely starts and durations are.
        tone_pull: factor on the odds of chord tones on strong beats.
    """

    low: int = 60
    high: int = 81
    density: float | None = None
    sampling: Sampling = field(default_factory=Sampling)
    rhythm: Sampling = field(default_factory=Sampling)
    tone_pull: float = 1.0


@dataclass(frozen=True)
class NextSteps:
    """The steps at which the next note may begin, and for each class of advance which it means.

    Attributes:
        target: (advances,), step that the class leads to; -1 where it may not be taken.
        end: the step that means that no note follows; None where one has to.
    """

    target: NDArray[np.int64]
    end: int | None

    @property
    def steps(self) -> list[int]:
        """All of them, in order."""
        return sorted({int(step) for step in self.target if step >= 0})


def reach(
    now: int,
    until: int,
    notes: Sequence[StepNote],
    backing: Backing,
    plan: NotePlan,
    is_begun: bool = True,
) -> NextSteps:
    """Where the next note may begin.

    Args:
        now: step of the note before it.
        until: step up to which that note is known to sound; `now` where it is not known.
        notes: written before it.
        backing: chords and bars.
        plan: what is known.
        is_begun: whether one of them is new; until then what is open is not passed over.
    """
    following = plan.following(now, notes)
    landing = plan.end if following is None else following
    bar = bar_length(now, backing)
    gap = min(max(plan.end // BARS_TO_A_GAP, bar), LONGEST_GAP_BARS * bar)
    steps = now + np.array(ADVANCES)
    inside = np.minimum(steps, len(plan.open) - 1)
    is_free = (steps < landing) & plan.open[inside] & (steps >= max(until, now + SHORTEST))
    is_free &= np.isin(steps % STEPS, CLEAN) & (steps - now <= gap)
    target = np.where(is_free, steps, -1)
    if not is_free.any():
        return sole(first_behind(now, until, landing, plan), following, plan)
    is_near = landing - now <= gap and (following is not None or is_near_end(now, backing, plan))
    if is_begun and is_near:
        target = np.where((steps >= landing) & ~is_free, landing, target)
        if landing not in target:
            target[-1] = landing
    return NextSteps(target, plan.end if following is None else None)


def first_behind(now: int, until: int, landing: int, plan: NotePlan) -> int:
    """The first open step behind those that a model knows advances to, or the landing."""
    first = plan.next_open(max(now + SHORTEST, until))
    return landing if first is None else min(first, landing)


def sole(step: int, following: int | None, plan: NotePlan) -> NextSteps:
    """A reach of one step."""
    end = plan.end if following is None else None
    return NextSteps(np.full(len(ADVANCES), step), end)


def is_near_end(now: int, backing: Backing, plan: NotePlan) -> bool:
    """Whether a note may be the last one: from half a bar before the last bar on."""
    if not plan.is_closing:
        return True
    last = backing.bars[backing.bar_at(plan.end - 1)]
    return now >= last.start - last.length // 2


def bar_length(step: int, backing: Backing) -> int:
    """Steps of the bar in which a step lies."""
    return backing.bars[backing.bar_at(step)].length


def fresh(notes: Sequence[StepNote]) -> Bools:
    """Pitches that may come now, (128,): all but one that has come often enough in a row."""
    mask = np.ones(PITCHES, bool)
    last = notes[-MOST_ALIKE:]
    if len(last) == MOST_ALIKE and len({note.pitch for note in last}) == 1:
        mask[last[0].pitch] = False
    return mask


def liveliness(notes: Sequence[StepNote]) -> Floats:
    """Factors on the odds of each pitch, (128,): less on one that has come often in a row."""
    factors = np.ones(PITCHES)
    last = notes[-TIRING:]
    if len(last) == TIRING and len({note.pitch for note in last}) == 1:
        factors[last[0].pitch] = TIRED
    return factors


def around(pitches: Bools) -> Bools:
    """The pitches, (128,), and those up to NEAR semitones beside them."""
    return np.convolve(pitches, np.ones(2 * NEAR + 1), "same") > 0


def pitch_weights(told: Floats, allowed: Bools, pull: tuple[float, Bools]) -> Floats:
    """Weights of each pitch, (128,).

    Args:
        told: the model's, (128,), of pitches as they sound.
        allowed: (128,).
        pull: factor on some pitches, and on which, (128,).
    """
    weights: Floats = np.where(allowed, told + FAINT, 0.0)
    return np.where(pull[1], weights * pull[0], weights)


def start_weights(told: Floats, reach: NextSteps, now: int, most: int | None) -> Floats:
    """Weights of each of the steps of `reach`, (steps,).

    Args:
        told: the model's odds of each class of advance.
        reach: where the next note may begin.
        now: step of the note before it.
        most: steps from which on that note ends a phrase; None where it may.
    """
    steps = reach.steps
    weights = np.array([told[reach.target == step].sum() + FAINT for step in steps])
    weights *= [RESTED if step - now >= RESTING else 1.0 for step in steps]
    if most is not None:
        weights *= [step - now < most and step != reach.end for step in steps]
    return weights


def dense(weights: Floats, steps: Sequence[int], now: int, aim: float) -> Floats:
    """The weights with those preferred that lead about `aim` steps on."""
    ratio = np.log((np.array(steps) - now) / aim)
    tilted: Floats = weights * np.exp(-((ratio / CLOSE) ** 2) / 2)
    return tilted + FAINT * (weights > 0)


def aimed(density: float, written: int, passed: int, bar: int) -> float:
    """Steps to the next note that lead to so many notes a bar.

    Args:
        density: notes a bar.
        written: notes since the melody's start.
        passed: steps since then.
        bar: steps of a bar.
    """
    missing = passed * density / bar - written
    least, most = STRAYS
    return bar / density * float(np.clip(1 - CATCH_UP * missing, least, most))


def duration_weights(
    told: Floats, gap: int, longest: int, ends_phrase: bool
) -> tuple[list[int], Floats]:
    """Durations that fit before the next note, and their weights.

    Args:
        told: the model's odds of each class of duration.
        gap: steps to the next note.
        longest: steps that it may be held, up to `gap`.
        ends_phrase: whether a rest may follow.
    """
    lengths = np.minimum(np.maximum(DURATIONS, SHORTEST), longest)
    lengths = np.where(longest - lengths < BREATH, longest, lengths)
    steps = sorted({int(length) for length in lengths} | {longest})
    weights = np.array([told[lengths == step].sum() + FAINT for step in steps])
    if not ends_phrase:
        weights *= [gap - step < REST for step in steps]
    return steps, weights
