"""Chords under a melody: the progression that the model of chords and the melody want together.

A progression weighs what the model of chords gives it, p(chord | chords before) p(length | chord),
times what the notes above say of each chord (melody_fit.py), times the ways that are still open
(lookahead.py). Progressions grow from left to right through a stack for each beat, which holds
those that end there, so that only what covers the same music is compared; each stack is cut to a
few by a resampling that keeps every progression's expected weight (hypotheses.py). One is drawn at
the end by its weight, so that chords look forward to what the melody does later; at temperature 0
it is the heaviest.

Source: Koehn, Och and Marcu, "Statistical phrase-based translation", NAACL 2003, for stacks by what
is covered.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from math import log

import numpy as np

from muse.tools.chords.constraints import Frame, Placed, check_frame, id_of, words_of
from muse.tools.chords.events import duration_class
from muse.tools.chords.generate import (
    ASIDE,
    Bools,
    Drawn,
    in_key,
    over_bass,
    playable,
    prove,
    shares_of,
    symbols_in,
    told,
)
from muse.tools.chords.harmonize.hypotheses import Way, forked, resampled
from muse.tools.chords.harmonize.melody import Fits, Melody
from muse.tools.chords.lookahead import KINDS, Horizon, kind_of
from muse.tools.chords.model import ChordModel, Floats, Prediction
from muse.tools.errors import ParameterError
from muse.tools.generation.sampling import Sampling, normalised, shaped
from muse.tools.progress import Report, silent
from muse.tools.theory.chords import ChordSymbol

BAR_WIDTH, INNER_WIDTH = 12, 4  # progressions kept that end on a bar line, and within a bar
CANDIDATES = 8  # chords that are tried at a place with each length
LEAST = 1e-9  # no chord and length that is asked for counts as less likely
PAST_BARS = 32  # the model looks back on so many bars, and up to as many more


def harmonise(
    model: ChordModel,
    frame: Frame,
    melody: Melody,
    sampling: Sampling,
    rng: np.random.Generator,
    report: Report = silent,
) -> list[Drawn]:
    """A progression under a melody that is all that the frame asks.

    Args:
        model: tells what may come next.
        frame: what is asked; its bars are the melody's.
        melody: what is above it.
        sampling: how freely chords are drawn.
        rng: the dice.
        report: told how far the search is.

    Returns:
        The chords; their probabilities and alternatives are those of model and melody together.

    Raises:
        ParameterError: what is asked cannot be; the message says why.
    """
    check_frame(frame)
    drawn = Search(model, frame, melody, sampling, rng).run(report)
    prove([each.placed for each in drawn], frame)
    return drawn


class Search:
    """One progression while it is looked for."""

    def __init__(
        self,
        model: ChordModel,
        frame: Frame,
        melody: Melody,
        sampling: Sampling,
        rng: np.random.Generator,
    ) -> None:
        """Look ahead."""
        self.model, self.frame, self.rng = model, frame, rng
        self.symbols = symbols_in(frame.key, frame.context.style)
        self.ids: dict[ChordSymbol | None, list[int]] = {}  # a style may play several alike
        for number, symbol in enumerate(self.symbols):
            self.ids.setdefault(symbol, []).append(number)
        kinds = [kind_of(frame, symbol) for symbol in self.symbols]
        self.kinds = np.array([KINDS.index(kind) for kind in kinds])
        self.horizon = Horizon(frame, shares_of(model.predict((), frame.context), kinds))
        self.fits = Fits(melody, self.symbols, frame.context.home_pc)
        self.greedy = sampling.temperature == 0  # the heaviest is wanted, and none drawn
        self.power = 1.0 if self.greedy else 1.0 / sampling.temperature
        self.choice = Sampling(1.0, sampling.top_k, sampling.top_p)
        self.stacks: dict[float, list[Way]] = {}

    def run(self, report: Report = silent) -> list[Drawn]:
        """Grow progressions beat by beat, and choose one."""
        self.put(self.prompted())
        while self.stacks and (beat := min(self.stacks)) < self.frame.end_beats:
            report("chords", beat / self.frame.end_beats)
            for way in self.kept(self.stacks.pop(beat), self.width(beat)):
                self.grow(way)
        if not self.stacks:
            raise ParameterError(f"there is no such progression: {words_of(self.frame)}")
        (chosen,) = self.kept(self.stacks.pop(beat), 1)
        report("chords", 1.0)
        return [self.drawn(way, placed) for way, placed in chosen.back()][::-1]

    def prompted(self) -> Way:
        """The progression of the prompt alone."""
        way = Way()
        for placed in self.frame.prompt:
            led = kind_of(self.frame, placed.symbol).before
            model, prediction = self.ask(way)
            way = Way(placed, id_of(placed.symbol), way, prediction, 0.0, led, True, model)
        return way

    def put(self, way: Way) -> None:
        """Put a progression on the stack where it ends."""
        self.stacks.setdefault(way.beat, []).append(way)

    def width(self, beat: float) -> int:
        """How many progressions are kept that end at a beat."""
        on_line = self.frame.line_of(self.frame.bar_of(beat)) == beat
        return BAR_WIDTH if on_line else INNER_WIDTH

    def kept(self, ways: list[Way], count: int) -> list[Way]:
        """So many of a stack, in their order."""
        if len(ways) <= count:
            return ways
        scores = np.array([way.log_weight + self.log_open(way) for way in ways])
        if self.greedy:
            chosen = np.sort(scores.argsort(kind="stable")[::-1][:count])
            return [ways[place] for place in chosen.tolist()]
        weights = np.exp(scores - scores.max())
        return [
            replace(ways[place], log_weight=ways[place].log_weight + gain)
            for place, gain in resampled(weights, count, self.rng)
        ]

    def log_open(self, way: Way) -> float:
        """How open the ways behind a progression are; at the end that is weighed in already."""
        is_whole = way.beat >= self.frame.end_beats
        return 0.0 if is_whole else log(self.horizon.values[way.beat, way.led])

    def ask(self, way: Way) -> tuple[ChordModel, Prediction]:
        """What the model expects behind a progression, and the model that remembers it."""
        bars = self.frame.bar_of(way.beat) - self.frame.first_bar
        hops = max(bars // PAST_BARS - 1, 0)
        first = self.frame.line_of(self.frame.first_bar + hops * PAST_BARS)
        steps = [placed.step for _, placed in way.back() if placed.start_beats >= first]
        model = forked(way.model or self.model)
        return model, model.predict(steps[::-1], self.frame.context)

    def grow(self, way: Way) -> None:
        """Put all that may follow a progression on the stacks."""
        way = self.over_bass(way)
        model, prediction = self.ask(way)
        way = replace(way, model=None)  # no one asks it any more, and it remembers much
        chances = prediction.chords
        fixed = self.frame.fixed.get(way.beat)
        lengths = [length for length, _ in self.horizon.lengths(way.beat)]
        if fixed is None:
            asked = self.asked(way)
            tried = [self.candidates(way, length, chances, asked) for length in lengths]
        else:
            tried = [[id_of(fixed)] for _ in lengths]
        rhythm = {n: length_shares(prediction, n, lengths) for n in sorted({*chain(*tried)})}
        for place, (length, numbers) in enumerate(zip(lengths, tried, strict=True)):
            for number in numbers:
                symbol = self.symbols[number] if fixed is None else fixed
                placed = Placed(symbol, way.beat, length)
                child = Way(placed, number, way, prediction, model=model, given=fixed is not None)
                self.weigh(child, way, float(chances[number]) * rhythm[number][place])

    def over_bass(self, way: Way) -> Way:
        """The progression with its last chord over a bass that is drawn, unless it was given."""
        if way.placed is None or way.prediction is None or way.given:
            return way
        placed = over_bass(way.placed, way.chord_id, way.prediction, self.frame, self.rng)
        return replace(way, placed=placed)

    def asked(self, way: Way) -> Bools:
        """Which ids may follow: another chord, as it is played, and at first one of the key."""
        last = replace(way.placed.symbol, bass=None) if way.placed else None
        asked = playable().copy()
        asked[self.ids.get(last, [])] = False
        at_home = asked & in_key(self.frame.key, self.frame.context.style)
        return at_home if way.placed is None and at_home.any() else asked

    def candidates(self, way: Way, length: float, chances: Floats, asked: Bools) -> list[int]:
        """The likeliest ids to follow with a length, none that leaves no way open."""
        ways = [self.horizon.after(way.beat, length, way.led, kind) for kind in KINDS]
        fit = self.fits.of(way.beat, length)
        heard = np.exp(fit - fit[asked].max()) * asked * np.array(ways)[self.kinds]
        weights = heard * chances
        if not weights.any():  # the model rules out all that is asked for
            weights = heard
        if not weights.any():
            return []
        p = shaped(weights, self.choice)
        likeliest = p.argsort(kind="stable")[::-1][:CANDIDATES]
        return [int(number) for number in likeliest if p[number] > 0]

    def weigh(self, way: Way, before: Way, chance: float) -> None:
        """Weigh a progression by its last chord and put it on its stack, if it can come right.

        Args:
            way: without weight.
            before: the same without the last chord.
            chance: the probability of that one and its length.
        """
        if way.placed is None:
            return
        number, length = way.chord_id, way.placed.duration_beats
        kind = KINDS[self.kinds[number]]
        if way.given:
            kind = kind_of(self.frame, way.placed.symbol, given=True)
        still_open = self.horizon.after(before.beat, length, before.led, kind)
        if not still_open:
            return
        coming = self.frame.fixed.get(way.beat)
        apart = ASIDE if coming is not None and id_of(coming) == number else 1.0
        weight = log(max(chance, LEAST) * apart) + float(self.fits.of(before.beat, length)[number])
        total = before.log_weight + self.power * weight
        if way.beat >= self.frame.end_beats:
            total += log(still_open)
        self.put(replace(way, log_weight=total, led=kind.before))

    def drawn(self, way: Way, placed: Placed) -> Drawn:
        """The last chord of a progression, with what model and melody together thought of it."""
        fit = self.fits.of(placed.start_beats, placed.duration_beats)
        chords = way.prediction.chords if way.prediction else np.ones_like(fit)
        weights = np.where(playable(), chords, 0.0) * np.exp(fit - fit.max())
        return told(placed, way.chord_id, normalised(weights), self.symbols)


def length_shares(prediction: Prediction, number: int, lengths: Sequence[float]) -> list[float]:
    """The probability of each length among these for a chord."""
    p = prediction.durations(number)[[duration_class(length) for length in lengths]]
    shares: list[float] = (normalised(p) if p.any() else np.ones(len(lengths))).tolist()
    return shares
