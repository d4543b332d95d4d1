"""Search for the chords of a melody with a chord model.

The weight of a progression is its probability under the chord model, p(chord | chords before)
p(duration | chord), times how well the notes fit each chord (melody_fit.py), times the weight of
its continuations (lookahead.py). Progressions are extended chord by chord. Those that end on the
same beat are kept in one stack, so that only progressions over the same notes compete. Each stack
is pruned by a resampling that preserves every progression's expected weight (hypotheses.py). At the
end one progression is drawn by its weight, so that chords also depend on the melody that follows
them; at temperature 0 the heaviest one is taken.

Source: Koehn, Och and Marcu, "Statistical phrase-based translation", NAACL 2003, for one stack per
covered length.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from math import log

import numpy as np

from muse.tools.chords.constraints import (
    Constraints,
    PlacedChord,
    check_constraints,
    symbol_id,
)
from muse.tools.chords.harmonize.hypotheses import Hypothesis, fork_model, resample
from muse.tools.chords.harmonize.melody import ChordFits, Melody
from muse.tools.chords.lookahead import CADENCE_ROLES, Lookahead, cadence_role
from muse.tools.chords.model import ChordModel, Floats, Prediction
from muse.tools.chords.sampler import (
    TINY_FACTOR,
    Bools,
    SampledChord,
    check_progression,
    draw_bass,
    impossible,
    key_ids,
    key_symbols,
    playable_ids,
    role_probabilities,
    scored_chord,
)
from muse.tools.datasets.chord_events import duration_class
from muse.tools.generation.sampling import Sampling, apply_sampling, normalized
from muse.tools.progress import Report, silent
from muse.tools.theory.chords import ChordSymbol

BAR_WIDTH, INNER_WIDTH = 12, 4  # size of a stack on a bar line, and within a bar
CANDIDATES = 8  # chords tried at a beat for each duration
MIN_PROBABILITY = 1e-9  # least probability of an allowed chord and duration
PAST_BARS = 32  # the model input is the last 32 to 64 bars


def harmonize(
    model: ChordModel,
    constraints: Constraints,
    melody: Melody,
    sampling: Sampling,
    rng: np.random.Generator,
    report: Report = silent,
) -> list[SampledChord]:
    """Find a progression for a melody that satisfies all constraints.

    Args:
        model: predicts the next chord.
        constraints: what the progression has to satisfy; its bars are the melody's.
        melody: the melody.
        sampling: temperature, top_k and top_p of the chords.
        rng: random generator.
        report: called with the progress.

    Returns:
        The chords, with probabilities and alternatives under model and melody together.

    Raises:
        ParameterError: the constraints cannot be satisfied; the message says why.
    """
    check_constraints(constraints)
    sampled = Search(model, constraints, melody, sampling, rng).run(report)
    check_progression([chord.placed for chord in sampled], constraints)
    return sampled


class Search:
    """One search for a progression."""

    def __init__(
        self,
        model: ChordModel,
        constraints: Constraints,
        melody: Melody,
        sampling: Sampling,
        rng: np.random.Generator,
    ) -> None:
        """Compute the lookahead and the symbols of all ids."""
        self.model, self.constraints, self.rng = model, constraints, rng
        self.symbols = key_symbols(constraints.key, constraints.context.style)
        # a style may play several ids as one symbol
        self.ids: dict[ChordSymbol | None, list[int]] = {}
        for chord_id, symbol in enumerate(self.symbols):
            self.ids.setdefault(symbol, []).append(chord_id)
        roles = [cadence_role(constraints, symbol) for symbol in self.symbols]
        self.roles = np.array([CADENCE_ROLES.index(role) for role in roles])
        self.lookahead = Lookahead(
            constraints, role_probabilities(model.predict((), constraints.context), roles)
        )
        self.fits = ChordFits(melody, self.symbols, constraints.context.home_pc)
        self.greedy = sampling.temperature == 0  # take the heaviest progression
        self.power = 1.0 if self.greedy else 1.0 / sampling.temperature
        self.choice = Sampling(1.0, sampling.top_k, sampling.top_p)
        self.stacks: dict[float, list[Hypothesis]] = {}

    def run(self, report: Report = silent) -> list[SampledChord]:
        """Extend progressions beat by beat, and choose one."""
        self.push(self.prompt_hypothesis())
        while self.stacks and (beat := min(self.stacks)) < self.constraints.end_beats:
            report("chords", beat / self.constraints.end_beats)
            for hypothesis in self.prune(self.stacks.pop(beat), self.width(beat)):
                self.extend(hypothesis)
        if not self.stacks:
            raise impossible(self.constraints)
        (chosen,) = self.prune(self.stacks.pop(beat), 1)
        report("chords", 1.0)
        return [self.to_sampled(*pair) for pair in chosen.chords_backwards()][::-1]

    def prompt_hypothesis(self) -> Hypothesis:
        """Return the progression of the prompt alone."""
        hypothesis = Hypothesis()
        for placed in self.constraints.prompt:
            model, prediction = self.predict(hypothesis)
            hypothesis = Hypothesis(
                placed,
                symbol_id(placed.symbol),
                hypothesis,
                prediction,
                is_prepared=cadence_role(self.constraints, placed.symbol).can_prepare,
                is_given=True,
                model=model,
            )
        return hypothesis

    def push(self, hypothesis: Hypothesis) -> None:
        """Push a progression on the stack of the beat where it ends."""
        self.stacks.setdefault(hypothesis.beat, []).append(hypothesis)

    def width(self, beat: float) -> int:
        """Return the size of the stack at a beat."""
        on_line = self.constraints.bar_line(self.constraints.bar_at(beat)) == beat
        return BAR_WIDTH if on_line else INNER_WIDTH

    def prune(self, stack: list[Hypothesis], count: int) -> list[Hypothesis]:
        """Reduce a stack to `count` progressions, in their order."""
        if len(stack) <= count:
            return stack
        scores = np.array([h.log_weight + self.log_continuations(h) for h in stack])
        if self.greedy:
            chosen = np.sort(scores.argsort(kind="stable")[::-1][:count])
            return [stack[index] for index in chosen.tolist()]
        weights = np.exp(scores - scores.max())
        return [
            replace(stack[index], log_weight=stack[index].log_weight + gain)
            for index, gain in resample(weights, count, self.rng)
        ]

    def log_continuations(self, hypothesis: Hypothesis) -> float:
        """Return the log weight of a progression's continuations; 0 for a complete progression."""
        if hypothesis.beat >= self.constraints.end_beats:
            return 0.0
        return log(self.lookahead.values[hypothesis.beat, hypothesis.is_prepared])

    def predict(self, hypothesis: Hypothesis) -> tuple[ChordModel, Prediction]:
        """Predict the next chord, and return the model that remembers the progression."""
        bars = self.constraints.bar_at(hypothesis.beat) - self.constraints.first_bar
        left_out = max(bars // PAST_BARS - 1, 0) * PAST_BARS
        first = self.constraints.bar_line(self.constraints.first_bar + left_out)
        chords = (placed for _, placed in hypothesis.chords_backwards())
        steps = [placed.step for placed in chords if placed.start_beats >= first]
        model = fork_model(hypothesis.model or self.model)
        return model, model.predict(steps[::-1], self.constraints.context)

    def extend(self, hypothesis: Hypothesis) -> None:
        """Extend a progression by each possible next chord, and push the results."""
        hypothesis = self.draw_bass(hypothesis)
        model, prediction = self.predict(hypothesis)
        hypothesis = replace(hypothesis, model=None)  # its memory is large and not needed any more
        probabilities = prediction.chords
        fixed = self.constraints.fixed.get(hypothesis.beat)
        lengths = [length for length, _ in self.lookahead.lengths(hypothesis.beat)]
        if fixed is None:
            allowed = self.allowed(hypothesis)
            candidates = [
                self.candidates(hypothesis, length, probabilities, allowed) for length in lengths
            ]
        else:
            candidates = [[symbol_id(fixed)] for _ in lengths]
        rhythm = {n: length_shares(prediction, n, lengths) for n in sorted({*chain(*candidates)})}
        for index, (length, ids) in enumerate(zip(lengths, candidates, strict=True)):
            for chord_id in ids:
                symbol = self.symbols[chord_id] if fixed is None else fixed
                placed = PlacedChord(symbol, hypothesis.beat, length)
                child = Hypothesis(placed, chord_id, hypothesis, prediction, model=model)
                child = replace(child, is_given=fixed is not None)
                probability = float(probabilities[chord_id]) * rhythm[chord_id][index]
                self.push_weighted(child, hypothesis, probability)

    def draw_bass(self, hypothesis: Hypothesis) -> Hypothesis:
        """Draw the bass of a progression's last chord, unless the chord was given."""
        placed, prediction = hypothesis.placed, hypothesis.prediction
        if placed is None or prediction is None or hypothesis.is_given:
            return hypothesis
        placed = draw_bass(placed, hypothesis.chord_id, prediction, self.constraints, self.rng)
        return replace(hypothesis, placed=placed)

    def allowed(self, hypothesis: Hypothesis) -> Bools:
        """Return which ids may follow: not the last chord, and only chords of the key at first."""
        last = replace(hypothesis.placed.symbol, bass=None) if hypothesis.placed else None
        allowed = playable_ids().copy()
        allowed[self.ids.get(last, [])] = False
        diatonic = allowed & key_ids(self.constraints.key, self.constraints.context.style)
        return diatonic if hypothesis.placed is None and diatonic.any() else allowed

    def candidates(
        self, hypothesis: Hypothesis, length: float, probabilities: Floats, allowed: Bools
    ) -> list[int]:
        """Return the likeliest next ids for a duration, among those that can be continued."""
        continuations = [
            self.lookahead.weight_after(hypothesis.beat, length, hypothesis.is_prepared, role)
            for role in CADENCE_ROLES
        ]
        fit = self.fits.log_weights(hypothesis.beat, length)
        fitting = np.exp(fit - fit[allowed].max()) * allowed * np.array(continuations)[self.roles]
        weights = fitting * probabilities
        if not weights.any():  # the model gives all allowed chords probability 0
            weights = fitting
        if not weights.any():
            return []
        p = apply_sampling(weights, self.choice)
        likeliest = p.argsort(kind="stable")[::-1][:CANDIDATES]
        return [int(chord_id) for chord_id in likeliest if p[chord_id] > 0]

    def push_weighted(self, hypothesis: Hypothesis, parent: Hypothesis, probability: float) -> None:
        """Add the weight of a progression's last chord, and push it if it can be continued.

        Args:
            hypothesis: progression, not weighted yet.
            parent: the progression without its last chord.
            probability: model's probability of that chord and its duration.
        """
        if hypothesis.placed is None:
            return
        chord_id, length = hypothesis.chord_id, hypothesis.placed.duration_beats
        role = CADENCE_ROLES[self.roles[chord_id]]
        if hypothesis.is_given:
            role = cadence_role(self.constraints, hypothesis.placed.symbol, is_given=True)
        continuation = self.lookahead.weight_after(parent.beat, length, parent.is_prepared, role)
        if not continuation:
            return
        fixed_next = self.constraints.fixed.get(hypothesis.beat)
        is_repeat = fixed_next is not None and symbol_id(fixed_next) == chord_id
        prior = log(max(probability, MIN_PROBABILITY) * (TINY_FACTOR if is_repeat else 1.0))
        weight = prior + float(self.fits.log_weights(parent.beat, length)[chord_id])
        total = parent.log_weight + self.power * weight
        if hypothesis.beat >= self.constraints.end_beats:
            total += log(continuation)
        self.push(replace(hypothesis, log_weight=total, is_prepared=role.can_prepare))

    def to_sampled(self, hypothesis: Hypothesis, placed: PlacedChord) -> SampledChord:
        """Return the last chord of a progression with its probability under model and melody."""
        fit = self.fits.log_weights(placed.start_beats, placed.duration_beats)
        chords = hypothesis.prediction.chords if hypothesis.prediction else np.ones_like(fit)
        weights = np.where(playable_ids(), chords, 0.0) * np.exp(fit - fit.max())
        return scored_chord(placed, hypothesis.chord_id, normalized(weights), self.symbols)


def length_shares(prediction: Prediction, chord_id: int, lengths: Sequence[float]) -> list[float]:
    """Return the probabilities of some durations (beats) for a chord, with a sum of 1."""
    p = prediction.durations(chord_id)[[duration_class(length) for length in lengths]]
    shares: list[float] = (normalized(p) if p.any() else np.ones(len(lengths))).tolist()
    return shares
