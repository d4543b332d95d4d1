"""A melody drawn note by note from a model, so that what is asked of it holds exactly.

Each note is drawn in three parts, as the model tells them: its pitch, the step at which the next
one begins, and its duration. What must not be has no weight: pitches out of range, phrases that end
outside the chord, notes where the plan has none.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from muse.tools.datasets.forms.melody import HIGHEST
from muse.tools.datasets.melody_events import PITCHES, STEPS, StepNote
from muse.tools.generation.sampling import draw, normalised, shaped
from muse.tools.melody.backing import Backing
from muse.tools.melody.candidates import (
    LONG,
    REST,
    Bools,
    NextSteps,
    NoteLimits,
    aimed,
    around,
    bar_length,
    dense,
    duration_weights,
    fresh,
    liveliness,
    pitch_weights,
    reach,
    start_weights,
)
from muse.tools.melody.columns import advance_class, note_ids
from muse.tools.melody.model import Floats, MelodyModel, NotePrediction
from muse.tools.melody.note_slots import NotePlan, NoteSlot

# how often a melody begins on each step of its first bar: songs of POP909 and OpenEWLD
FIRST_STEPS = {0: 40, 36: 14, 24: 10, 6: 8, 12: 9, 42: 6, 30: 4, 18: 2}
PITCH_CLASSES = np.arange(PITCHES) % 12
SHORTEST_LAST = STEPS  # steps: the last note is held this long at least, where there is room


@dataclass
class MelodyDraft:
    """A melody as far as it is written.

    Attributes:
        notes: in order.
        is_given: of each note, whether it was there before.
        nats: of each note, minus the log of its probability under the model.
        density_from: step and number of notes from which density counts.
    """

    notes: list[StepNote] = field(default_factory=list)
    is_given: list[bool] = field(default_factory=list)
    nats: list[float] = field(default_factory=list)
    density_from: tuple[int, int] | None = None

    @property
    def nats_per_note(self) -> float:
        """How unlikely the notes are on average; 0 without any."""
        return float(np.mean(self.nats)) if self.nats else 0.0


class MelodySampler:
    """Writes one melody."""

    def __init__(
        self,
        model: MelodyModel,
        backing: Backing,
        plan: NotePlan,
        limits: NoteLimits,
        rng: np.random.Generator,
    ) -> None:
        """Take who knows what follows, what it goes over, what is known, what is asked."""
        self.model, self.backing, self.plan, self.limits, self.rng = (
            model,
            backing,
            plan,
            limits,
            rng,
        )
        self.draft = MelodyDraft()
        self.first_bar = 0

    def written(self) -> MelodyDraft:
        """The whole melody; without a note where there is no room for one."""
        now = self.first_step()
        if now is None:
            return self.draft
        self.first_bar = self.backing.bar_at(now)
        prediction = self.model.start(self.backing.context, self.backing.place(now, self.first_bar))
        while now is not None:
            now, prediction = self.note(now, prediction)
        return self.draft

    def first_step(self) -> int | None:
        """Where the first note begins: in the first open bar as in songs, or on a slot before."""
        slot = min(self.plan.slot_starts, default=None)
        open_steps = np.flatnonzero(self.plan.open)
        if not len(open_steps) or (slot is not None and slot < open_steps[0]):
            return slot
        first = self.backing.bars[self.backing.bar_at(int(open_steps[0]))].start
        odds = {first + step: odds for step, odds in FIRST_STEPS.items()}
        odds = {s: o for s, o in odds.items() if s < len(self.plan.open) and self.plan.open[s]}
        if slot is not None:
            odds = {step: o for step, o in odds.items() if step < slot}
        if not odds:
            return int(open_steps[0])
        steps = sorted(odds)
        return steps[draw(self.rng, normalised(np.array([odds[s] for s in steps], np.float64)))]

    def note(self, now: int, prediction: NotePrediction) -> tuple[int | None, NotePrediction]:
        """Sample the note at a step; return the next step and the prediction there."""
        backing, notes = self.backing, self.draft.notes
        slot = self.plan.slot_at(now, notes, backing) or NoteSlot(now)
        held = slot.end if slot.is_given else now
        is_begun = not slot.is_given or not all(self.draft.is_given)
        onward = reach(now, held, notes, backing, self.plan, is_begun)
        pitch, p_pitch = self.pitch(now, slot, onward, prediction)
        heard = to_common_key(pitch, backing.up)
        advances = prediction.advances(heard)
        then = self.next_step(now, pitch, onward, advances, slot)
        advance = advance_class(then - now)
        durations = prediction.durations(heard, advance)
        duration = self.duration(now, pitch, then, durations, slot, then == onward.end)
        before = to_common_key(notes[-1].pitch, backing.up) if notes else None
        told = note_ids(heard, before, then - now, duration)
        odds = (p_pitch, advances[advance], durations[told["duration"]])
        self.draft.nats.append(-float(np.log(np.array(odds) + 1e-12).sum()))
        self.draft.is_given.append(slot.is_given)
        notes.append(StepNote(now, duration, pitch))
        if then == onward.end:
            return None, prediction
        bar = backing.bar_at(then) - self.first_bar
        return then, prediction.after(told, backing.place(then, self.first_bar), bar)

    def pitch(
        self, now: int, slot: NoteSlot, onward: NextSteps, prediction: NotePrediction
    ) -> tuple[int, float]:
        """The note's pitch, and the model's odds of it."""
        told = from_common_key(prediction.pitches(), self.backing.up)
        pull = (self.limits.tone_pull, self.pulled(now))
        weights = pitch_weights(told, self.allowed(now, slot, onward), pull)
        weights *= liveliness(self.draft.notes)
        pitch = draw(self.rng, shaped(weights, self.limits.sampling))
        return pitch, float(told[pitch])

    def allowed(self, now: int, slot: NoteSlot, onward: NextSteps) -> Bools:
        """Which pitches the note may have, (128,): known ones, or what comes nearest and fits."""
        known = np.isin(np.arange(PITCHES), list(slot.pitches or range(PITCHES)))
        if slot.is_given:
            return known
        fitting = np.zeros(PITCHES, bool)
        fitting[self.limits.low : self.limits.high + 1] = True
        if self.ends_for_sure(now, slot, onward):
            fitting &= self.tones_at(now)
            if onward.steps == [onward.end] and (fitting & self.closing()).any():
                fitting &= self.closing()
        new = fitting & fresh(self.draft.notes)
        choices = (known & new, around(known) & new, new, fitting)
        return next(choice for choice in choices if choice.any())

    def ends_for_sure(self, now: int, slot: NoteSlot, onward: NextSteps) -> bool:
        """Whether the note ends a phrase whatever comes: a long way to go on, or a rest."""
        nearest = onward.steps[0]
        return nearest == onward.end or nearest - now >= self.phrase_gap(now, slot)

    def phrase_gap(self, now: int, slot: NoteSlot) -> int:
        """Steps to the next note from which on this one ends a phrase."""
        return min(LONG, self.longest(now, slot) + REST)

    def longest(self, now: int, slot: NoteSlot) -> int:
        """Steps that a note may be held: as long as it is known to be, or until the bars end."""
        return slot.duration or self.plan.stop - now

    def pulled(self, now: int) -> Bools:
        """Pitches that are likelier than the model says, (128,): chord tones on strong beats."""
        if self.limits.tone_pull == 1 or not self.backing.is_strong(now):
            return np.zeros(PITCHES, bool)
        return self.tones_at(now)

    def tones_at(self, now: int) -> Bools:
        """Pitches that are in the chord, (128,); all where there is no chord."""
        return pitch_mask(self.backing.tones(now))

    def closing(self) -> Bools:
        """Pitches that the melody may end on, (128,): the triad of its last chord."""
        triad = self.backing.sounding(self.plan.stop - 1).triad
        return pitch_mask(triad if self.plan.is_closing else frozenset())

    def next_step(
        self, now: int, pitch: int, onward: NextSteps, told: Floats, slot: NoteSlot
    ) -> int:
        """Where the next note begins."""
        steps = onward.steps
        if len(steps) == 1:
            return steps[0]
        may_end = slot.is_given or self.backing.is_tone(now, pitch)
        most = None if may_end else self.phrase_gap(now, slot)
        weights = start_weights(told, onward, now, most)
        if not self.closing()[pitch] and not slot.is_given:
            others = weights * [step != onward.end for step in steps]
            weights = others if others.any() else weights
        if self.limits.density is not None:
            weights = dense(weights, steps, now, self.aim(now))
        return steps[draw(self.rng, shaped(weights, self.limits.rhythm))]

    def aim(self, now: int) -> float:
        """Steps to the next note that the density asked for wants."""
        count = len(self.draft.notes)
        first, written = self.draft.density_from or (now, count)
        self.draft.density_from = (first, written)
        bar = bar_length(now, self.backing)
        return aimed(self.limits.density or 1.0, count + 1 - written, now - first, bar)

    def duration(
        self, now: int, pitch: int, then: int, told: Floats, slot: NoteSlot, is_last: bool
    ) -> int:
        """How long the note sounds, in steps."""
        gap = then - now
        longest = min(self.longest(now, slot), gap)
        if slot.duration is not None:
            return longest
        may_end = self.backing.is_tone(now, pitch)
        steps, weights = duration_weights(told, gap, longest, may_end)
        if is_last:
            weights *= [step >= min(SHORTEST_LAST, longest) for step in steps]
        length = steps[draw(self.rng, shaped(weights, self.limits.rhythm))]
        return self.within_chord(now, pitch, length)

    def within_chord(self, now: int, pitch: int, length: int) -> int:
        """A long note ends where a chord comes that it is not in."""
        if length < LONG:
            return length
        first = bisect_left(self.backing.chords, now + LONG // 2, key=lambda chord: chord.start)
        for chord in self.backing.chords[first:]:
            if chord.start >= now + length:
                break
            if chord.tones and pitch % 12 not in chord.tones:
                return chord.start - now
        return length


def pitch_mask(classes: frozenset[int]) -> Bools:
    """Pitches of these pitch classes, (128,); all where there are none."""
    return np.isin(PITCH_CLASSES, list(classes)) if classes else np.ones(PITCHES, bool)


def to_common_key(pitch: int, up: int) -> int:
    """A pitch as the model hears it, `up` semitones higher; at the ends of MIDI's range at most."""
    return min(max(pitch + up, 0), HIGHEST)


def from_common_key(told: Floats, up: int) -> Floats:
    """Odds of pitches of the common key as those of pitches that sound, `up` semitones lower."""
    moved = np.zeros(PITCHES)
    sounding = np.arange(max(0, -up), min(PITCHES, PITCHES - up))
    moved[sounding] = told[sounding + up]
    return moved


def phrase_ends(notes: Sequence[StepNote], end: int) -> list[int]:
    """Places of the notes that end a phrase: before a rest, held long, or the last one."""
    starts = [*(note.start for note in notes[1:]), end]
    return [
        place
        for place, (note, then) in enumerate(zip(notes, starts, strict=False))
        if then - note.start >= LONG
        or then - note.start - note.duration >= REST
        or place == len(notes) - 1
    ]
