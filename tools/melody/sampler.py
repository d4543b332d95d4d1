"""Sampling a melody note by note from a model, under constraints that hold exactly.

Each note is drawn in three parts, in the order in which the model predicts them: its pitch, the
onset of the next note, and its duration. Candidates that violate a constraint have weight 0:
pitches out of range, phrase ends outside the chord, onsets on steps that are not in the plan.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from muse.tools.datasets.forms.melody import HIGHEST
from muse.tools.datasets.melody_events import PITCHES, STEPS, StepNote
from muse.tools.generation.sampling import apply_sampling, draw, normalized
from muse.tools.melody.backing import Backing
from muse.tools.melody.candidates import (
    LONG,
    PASSING,
    REST,
    Bools,
    NextSteps,
    NoteLimits,
    bar_length,
    duration_weights,
    next_steps,
    pitch_weights,
    repeatable_pitches,
    repetition_factors,
    rule_factors,
    start_weights,
    stepwise,
    target_advance,
    weight_density,
    widened,
)
from muse.tools.melody.columns import advance_class, note_ids
from muse.tools.melody.model import Floats, MelodyModel, NotePrediction
from muse.tools.melody.note_slots import NotePlan, NoteSlot

# number of melodies of POP909 and OpenEWLD, by the step in the first bar on which they begin
FIRST_STEPS = {0: 40, 36: 14, 24: 10, 6: 8, 12: 9, 42: 6, 30: 4, 18: 2}
PITCH_CLASSES = np.arange(PITCHES) % 12
SHORTEST_LAST = STEPS  # steps: shortest duration of the last note, if there is room


@dataclass
class MelodyDraft:
    """The part of a melody that is sampled so far.

    Attributes:
        notes: in order.
        is_given: whether each note was given.
        nats: minus the log probability of each note under the model.
        density_from: step, and number of notes before it, from which the density is counted.
    """

    notes: list[StepNote] = field(default_factory=list)
    is_given: list[bool] = field(default_factory=list)
    nats: list[float] = field(default_factory=list)
    density_from: tuple[int, int] | None = None

    @property
    def nats_per_note(self) -> float:
        """Mean of `nats`; 0 without notes."""
        return float(np.mean(self.nats)) if self.nats else 0.0


class MelodySampler:
    """Sampler of one melody, note by note."""

    def __init__(
        self,
        model: MelodyModel,
        backing: Backing,
        plan: NotePlan,
        limits: NoteLimits,
        rng: np.random.Generator,
    ) -> None:
        """Combine the model, the backing, the plan of notes and the limits of each note."""
        self.model, self.backing, self.plan = model, backing, plan
        self.limits, self.rng = limits, rng
        self.draft = MelodyDraft()
        self.first_bar = 0

    def sample(self) -> MelodyDraft:
        """Sample the whole melody; it is empty if there is no room for a note."""
        now = self.first_step()
        if now is None:
            return self.draft
        self.first_bar = self.backing.bar_at(now)
        prediction = self.model.start(self.backing.context, self.backing.place(now, self.first_bar))
        while now is not None:
            now, prediction = self.note(now, prediction)
        return self.draft

    def first_step(self) -> int | None:
        """Return the onset of the first note: an early slot, or drawn within the first open bar."""
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
        return steps[draw(self.rng, normalized(np.array([odds[s] for s in steps], np.float64)))]

    def note(self, now: int, prediction: NotePrediction) -> tuple[int | None, NotePrediction]:
        """Sample the note at a step; return the next step and the prediction there."""
        backing, notes = self.backing, self.draft.notes
        slot = self.plan.slot_at(now, notes, backing) or NoteSlot(now)
        sounds_until = slot.end if slot.is_given else now
        is_begun = not slot.is_given or not all(self.draft.is_given)
        choices = next_steps(now, sounds_until, notes, backing, self.plan, is_begun)
        pitch, p_pitch = self.pitch(now, slot, choices, prediction)
        common_pitch = to_common_key(pitch, backing.up)
        advances = prediction.advances(common_pitch)
        next_onset = self.next_step(now, pitch, choices, advances, slot)
        advance = advance_class(next_onset - now)
        durations = prediction.durations(common_pitch, advance)
        duration = self.duration(now, pitch, next_onset, durations, slot, next_onset == choices.end)
        before = to_common_key(notes[-1].pitch, backing.up) if notes else None
        ids = note_ids(common_pitch, before, next_onset - now, duration)
        odds = (p_pitch, advances[advance], durations[ids["duration"]])
        self.draft.nats.append(-float(np.log(np.array(odds) + 1e-12).sum()))
        self.draft.is_given.append(slot.is_given)
        notes.append(StepNote(now, duration, pitch))
        if next_onset == choices.end:
            return None, prediction
        bar = backing.bar_at(next_onset) - self.first_bar
        place = backing.place(next_onset, self.first_bar)
        return next_onset, prediction.after(ids, place, bar)

    def pitch(
        self, now: int, slot: NoteSlot, choices: NextSteps, prediction: NotePrediction
    ) -> tuple[int, float]:
        """Draw the note's pitch; return it and its probability under the model."""
        predicted = from_common_key(prediction.pitches(), self.backing.up)
        pull = (self.limits.tone_pull, self.pulled_pitches(now))
        weights = pitch_weights(predicted, self.allowed_pitches(now, slot, choices), pull)
        weights *= repetition_factors(self.draft.notes)
        if not slot.is_given:
            weights *= rule_factors(self.backing.rules_at(now), self.backing.is_strong(now))
        pitch = draw(self.rng, apply_sampling(weights, self.limits.sampling))
        return pitch, float(predicted[pitch])

    def allowed_pitches(self, now: int, slot: NoteSlot, choices: NextSteps) -> Bools:
        """Return which pitches are allowed, (128,): those of the slot, or the nearest that fit."""
        in_slot = np.isin(np.arange(PITCHES), list(slot.pitches or range(PITCHES)))
        if slot.is_given:
            return in_slot
        fitting = np.zeros(PITCHES, bool)
        fitting[self.limits.low : self.limits.high + 1] = True
        if self.must_end_phrase(now, slot, choices):
            fitting &= pitch_mask(self.backing.phrase_tones(now))
            if choices.steps == [choices.end] and (fitting & self.closing_pitches()).any():
                fitting &= self.closing_pitches()
        fitting = self.resolving(fitting, now, slot, choices)
        new = fitting & repeatable_pitches(self.draft.notes)
        masks = (in_slot & new, widened(in_slot) & new, new, fitting)
        return next(mask for mask in masks if mask.any())

    def resolving(self, fitting: Bools, now: int, slot: NoteSlot, choices: NextSteps) -> Bools:
        """Return the pitches of a mask without held avoid notes; after one, those a step away.

        The mask stays as it is if no pitch would be left.
        """
        is_held = choices.steps[0] - now > PASSING or (slot.duration or 0) > PASSING
        rules = (fitting & ~self.avoided_pitches(now)) if is_held else fitting
        last = self.draft.notes[-1:]
        if last and self.avoided_pitches(last[0].start)[last[0].pitch]:
            after = rules & stepwise(last[0].pitch) & ~self.avoided_pitches(now)
            rules = after if after.any() else rules
        return rules if rules.any() else fitting

    def avoided_pitches(self, now: int) -> Bools:
        """Return the pitches that may only be passed at a step, (128,)."""
        classes = self.backing.rules_at(now).avoided(self.backing.is_strong(now))
        return np.isin(PITCH_CLASSES, list(classes))

    def must_end_phrase(self, now: int, slot: NoteSlot, choices: NextSteps) -> bool:
        """Return whether the note ends a phrase with every choice of the next step."""
        earliest = choices.steps[0]
        return earliest == choices.end or earliest - now >= self.phrase_gap(now, slot)

    def phrase_gap(self, now: int, slot: NoteSlot) -> int:
        """Return the smallest advance, in steps, with which the note ends a phrase."""
        return min(LONG, self.longest(now, slot) + REST)

    def longest(self, now: int, slot: NoteSlot) -> int:
        """Return the longest duration of a note, in steps: its slot's, or up to the plan's stop."""
        return slot.duration or self.plan.stop - now

    def pulled_pitches(self, now: int) -> Bools:
        """Return the pitches that get `tone_pull`, (128,): chord tones on strong beats."""
        if self.limits.tone_pull == 1 or not self.backing.is_strong(now):
            return np.zeros(PITCHES, bool)
        return self.tones_at(now)

    def tones_at(self, now: int) -> Bools:
        """Return which pitches are chord tones, (128,); all without a chord."""
        return pitch_mask(self.backing.tones(now))

    def closing_pitches(self) -> Bools:
        """Return the pitches that the melody may end on, (128,): the triad of its last chord."""
        triad = self.backing.chord_at(self.plan.stop - 1).triad
        return pitch_mask(triad if self.plan.is_closing else frozenset())

    def next_step(
        self, now: int, pitch: int, choices: NextSteps, predicted: Floats, slot: NoteSlot
    ) -> int:
        """Draw the onset of the next note."""
        steps = choices.steps
        if len(steps) == 1:
            return steps[0]
        tones = self.backing.phrase_tones(now)
        may_end = slot.is_given or not tones or pitch % 12 in tones
        gap = None if may_end else self.phrase_gap(now, slot)
        weights = start_weights(predicted, choices, now, gap)
        if not slot.is_given and self.avoided_pitches(now)[pitch]:
            passing = weights * [step - now <= PASSING for step in steps]
            weights = passing if passing.any() else weights
        if not self.closing_pitches()[pitch] and not slot.is_given:
            others = weights * [step != choices.end for step in steps]
            weights = others if others.any() else weights
        if self.limits.density is not None:
            weights = weight_density(weights, steps, now, self.density_advance(now))
        return steps[draw(self.rng, apply_sampling(weights, self.limits.rhythm))]

    def density_advance(self, now: int) -> float:
        """Return the advance, in steps, that leads to the requested density."""
        count = len(self.draft.notes)
        first, written = self.draft.density_from or (now, count)
        self.draft.density_from = (first, written)
        bar = bar_length(now, self.backing)
        return target_advance(self.limits.density or 1.0, count + 1 - written, now - first, bar)

    def duration(
        self,
        now: int,
        pitch: int,
        next_onset: int,
        predicted: Floats,
        slot: NoteSlot,
        is_last: bool,
    ) -> int:
        """Draw the duration of the note, in steps."""
        gap = next_onset - now
        longest = min(self.longest(now, slot), gap)
        if slot.duration is not None:
            return longest
        tones = self.backing.phrase_tones(now)
        may_end = not tones or pitch % 12 in tones
        steps, weights = duration_weights(predicted, gap, longest, may_end)
        if is_last:
            weights *= [step >= min(SHORTEST_LAST, longest) for step in steps]
        length = steps[draw(self.rng, apply_sampling(weights, self.limits.rhythm))]
        return self.within_chord(now, pitch, length)

    def within_chord(self, now: int, pitch: int, length: int) -> int:
        """Shorten a long note to end at the next chord that does not contain it."""
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
    """Return which pitches are of these pitch classes, (128,); all without classes."""
    return np.isin(PITCH_CLASSES, list(classes)) if classes else np.ones(PITCHES, bool)


def to_common_key(pitch: int, up: int) -> int:
    """Transpose a pitch to the common key, `up` semitones higher, within MIDI's range."""
    return min(max(pitch + up, 0), HIGHEST)


def from_common_key(predicted: Floats, up: int) -> Floats:
    """Convert probabilities of pitches in the common key to those in the song's key, (128,)."""
    moved = np.zeros(PITCHES)
    sounding = np.arange(max(0, -up), min(PITCHES, PITCHES - up))
    moved[sounding] = predicted[sounding + up]
    return moved


def phrase_ends(notes: Sequence[StepNote], end: int) -> list[int]:
    """Return the indices of notes that end a phrase: long, before a rest, or the last one."""
    starts = [*(note.start for note in notes[1:]), end]
    return [
        index
        for index, (note, next_onset) in enumerate(zip(notes, starts, strict=False))
        if next_onset - note.start >= LONG
        or next_onset - note.start - note.duration >= REST
        or index == len(notes) - 1
    ]
