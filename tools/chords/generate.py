"""Progressions drawn from a model of chords, so that what is asked of them holds exactly.

Each chord is drawn in proportion to its probability under the model times the weight of the ways
that are then still open (lookahead.py), and its length likewise; at the end everything asked is
proved on the symbols. Before a fixed chord the model is asked which candidates lead into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.cadences import CADENCES, follows, is_in_key
from muse.tools.chords.constraints import Frame, Placed, bass_of, check_frame, id_of, words_of
from muse.tools.chords.dressing import dressed
from muse.tools.chords.events import VOCABULARY_SIZE, Style, duration_class, symbol_of_id
from muse.tools.chords.lookahead import Horizon, Kind, kind_of
from muse.tools.chords.model import ChordModel, Floats, Prediction, Step
from muse.tools.datasets.harmony_columns import FIRST_CHORD_ID, chord_id
from muse.tools.errors import MuseError, ParameterError
from muse.tools.generation.sampling import Sampling, draw, normalised, shaped
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality
from muse.tools.theory.pitch import spell
from muse.tools.theory.qualities import CODES

ALTERNATIVES = 3
ASIDE = 1e-6  # factor on a chord that would only repeat the fixed one behind it
LEADS_ASKED = 24  # candidates of which the model is asked how they lead into a fixed chord
MOST_LEAD = 20.0  # factor that leading into a fixed chord can give
BASS_SAMPLING = Sampling(1.0, 0, 0.9)  # rare basses are slips more often than ideas
NOT_PLAYED = ("1",)  # qualities that are no harmony

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Drawn:
    """A chord of a progression, and what the model thought of it.

    Attributes:
        placed: symbol and times.
        chord_id: as the model knows it; the symbol may be dressed for the style.
        probability: of that id under the model, and the melody above it where one is given;
            constraints and temperature apart.
        alternatives: the likeliest other chords there, with their probabilities.
    """

    placed: Placed
    chord_id: int
    probability: float
    alternatives: tuple[tuple[ChordSymbol, float], ...]


@lru_cache(maxsize=32)
def symbols_in(key: Tonality, style: Style) -> tuple[ChordSymbol, ...]:
    """The symbol of every id, spelled for the key, as the style plays it."""
    plain = (symbol_of_id(number, 0, key.tonic) for number in range(VOCABULARY_SIZE))
    return tuple(dressed(symbol, key, style) for symbol in plain)


@lru_cache(maxsize=1)
def playable() -> Bools:
    """Which ids are chords to be drawn."""
    found = np.arange(VOCABULARY_SIZE) >= FIRST_CHORD_ID
    for name in NOT_PLAYED:
        found[[chord_id(root, CODES[name]) for root in range(12)]] = False
    return found


@lru_cache(maxsize=32)
def in_key(key: Tonality, style: Style) -> Bools:
    """Which ids are chords of the key."""
    return np.array([follows(is_in_key, symbol, key) for symbol in symbols_in(key, style)])


def generate(
    model: ChordModel, frame: Frame, sampling: Sampling, rng: np.random.Generator
) -> list[Drawn]:
    """A progression that is all that the frame asks.

    Args:
        model: tells what may come next.
        frame: what is asked.
        sampling: how freely chords and their lengths are drawn.
        rng: the dice.

    Raises:
        ParameterError: what is asked cannot be; the message says why.
    """
    check_frame(frame)
    drawn = Composer(model, frame, sampling, rng).compose()
    prove([each.placed for each in drawn], frame)
    return drawn


class Composer:
    """One progression while it is drawn."""

    def __init__(
        self, model: ChordModel, frame: Frame, sampling: Sampling, rng: np.random.Generator
    ) -> None:
        """Look ahead."""
        self.model, self.frame, self.sampling, self.rng = model, frame, sampling, rng
        self.past: list[Step] = list(frame.past)
        self.drawn: list[Drawn] = []
        self.beat = 0.0
        self.symbols = symbols_in(frame.key, frame.context.style)
        self.prediction: Prediction = model.predict(self.past, frame.context)
        self.kinds = [kind_of(frame, symbol) for symbol in self.symbols]
        self.horizon = Horizon(frame, shares_of(self.prediction, self.kinds))

    def compose(self) -> list[Drawn]:
        """The prompt, then a chord after the other."""
        for placed in self.frame.prompt:
            self.take(placed, id_of(placed.symbol))
        led = self.led()
        if self.beat < self.frame.end_beats and not self.horizon.values[self.beat, led]:
            raise ParameterError(f"there is no such progression: {words_of(self.frame)}")
        while self.beat < self.frame.end_beats:
            self.take(*self.next_chord())
        return self.drawn

    def led(self) -> bool:
        """Whether the last chord leads into the cadence's last."""
        if not self.drawn:
            return False
        return kind_of(self.frame, self.drawn[-1].placed.symbol).before

    def take(self, placed: Placed, number: int) -> None:
        """Write a chord down, with what the model thinks of its id, and ask for the next."""
        self.drawn.append(told(placed, number, self.prediction.chords, self.symbols))
        self.past.append(Step(number, bass_of(placed.symbol), placed.duration_beats))
        self.beat = placed.end_beats
        self.prediction = self.model.predict(self.past, self.frame.context)

    def next_chord(self) -> tuple[Placed, int]:
        """Draw a chord and its id, its length and its bass; of a fixed one only its length."""
        fixed = self.frame.fixed.get(self.beat)
        if fixed is not None:
            length = self.draw_length(id_of(fixed), kind_of(self.frame, fixed, given=True))
            return Placed(fixed, self.beat, length), id_of(fixed)
        number = self.draw_id()
        length = self.draw_length(number, self.kinds[number])
        placed = Placed(self.symbols[number], self.beat, length)
        return over_bass(placed, number, self.prediction, self.frame, self.rng), number

    def draw_id(self) -> int:
        """Draw a chord."""
        led = self.led()
        through = {k: self.horizon.through(self.beat, led, k) for k in set(self.kinds)}
        ahead = np.array([through[kind] for kind in self.kinds])
        asked = playable() & (ahead > 0) & self.differs()
        if self.beat == 0.0 and (asked & in_key(self.frame.key, self.frame.context.style)).any():
            asked &= in_key(self.frame.key, self.frame.context.style)
        weights = np.where(asked, self.prediction.chords, 0.0)
        if not weights.any():  # the model rules out all that is asked for
            weights = asked.astype(float)
        p = shaped(weights, self.sampling)
        return draw(self.rng, normalised(p * ahead * self.leads(p)))

    def differs(self) -> Bools:
        """Which ids are another chord than the last one, as it is played."""
        last = replace(self.drawn[-1].placed.symbol, bass=None) if self.drawn else None
        return np.array([symbol != last for symbol in self.symbols])

    def leads(self, p: Floats) -> Floats:
        """A factor for each chord: how well it goes on to what is fixed behind it."""
        factor = np.ones_like(p)
        share, target = self.share_before_fixed()
        if target is None:
            return factor
        usual = max(float(self.prediction.chords[target]), ASIDE)
        for number in p.argsort(kind="stable")[::-1][:LEADS_ASKED].tolist():
            if p[number] > 0:
                following = self.after(number).chords[target]
                factor[number] += share * (min(float(following) / usual, MOST_LEAD) - 1)
        factor[target] *= 1 - share
        return np.maximum(factor, ASIDE)

    def share_before_fixed(self) -> tuple[float, int | None]:
        """How likely the next chord is the last before a fixed one, and that one's id."""
        lengths = self.horizon.lengths(self.beat)
        for length, weight in lengths:
            fixed = self.frame.fixed.get(self.beat + length)
            if fixed is not None:
                return weight / sum(w for _, w in lengths), id_of(fixed)
        return 0.0, None

    def after(self, number: int) -> Prediction:
        """What the model expects behind a chord that is not taken yet."""
        step = Step(number, 0, self.horizon.lengths(self.beat)[-1][0])
        return self.model.predict([*self.past, step], self.frame.context)

    def draw_length(self, number: int, kind: Kind) -> float:
        """Draw how long a chord lasts."""
        led = self.led()
        lengths = [length for length, _ in self.horizon.lengths(self.beat)]
        open_ways = np.array([self.horizon.after(self.beat, d, led, kind) for d in lengths])
        likely = self.prediction.durations(number)[[duration_class(d) for d in lengths]]
        apart = np.array([ASIDE if self.repeats(number, d) else 1.0 for d in lengths])
        weights = open_ways * likely * apart
        if not weights.any():
            weights = open_ways
        return lengths[draw(self.rng, shaped(weights, self.length_sampling()))]

    def repeats(self, number: int, length: float) -> bool:
        """Whether a chord of that length ends where the same one is fixed."""
        fixed = self.frame.fixed.get(self.beat + length)
        return fixed is not None and id_of(fixed) == number

    def length_sampling(self) -> Sampling:
        """As chords are drawn; there are few lengths, so none is cut off for being rare."""
        return Sampling(self.sampling.temperature, 0, 1.0)


def told(placed: Placed, number: int, p: Floats, symbols: Sequence[ChordSymbol]) -> Drawn:
    """A chord with its probability and those of others in its place, `p` and `symbols` by id."""
    likely = [int(i) for i in p.argsort(kind="stable")[::-1] if playable()[i]]
    others = [i for i in likely[: ALTERNATIVES + 1] if i != number][:ALTERNATIVES]
    alternatives = tuple((symbols[i], float(p[i])) for i in others)
    return Drawn(placed, number, float(p[number]), alternatives)


def shares_of(prediction: Prediction, kinds: Sequence[Kind]) -> dict[Kind, float]:
    """How much of a model's first choice is of each kind; `kinds` are those of all ids."""
    found: dict[Kind, float] = {}
    chords = prediction.chords
    for number in np.flatnonzero(playable()).tolist():
        kind = kinds[number]
        found[kind] = found.get(kind, 0.0) + float(chords[number])
    return found


def over_bass(
    placed: Placed, number: int, prediction: Prediction, frame: Frame, rng: np.random.Generator
) -> Placed:
    """The chord of an id over a bass that is drawn.

    It stands on its root at the end, and where it would lose its kind: IV over the fifth degree is
    no IV any more, but a suspended dominant.
    """
    if placed.end_beats >= frame.end_beats:
        return placed
    bass = draw(rng, shaped(prediction.basses(number), BASS_SAMPLING))
    symbol = over(placed.symbol, bass)
    keeps = kind_of(frame, symbol).before == kind_of(frame, placed.symbol).before
    return replace(placed, symbol=symbol) if keeps else placed


def over(symbol: ChordSymbol, bass: int) -> ChordSymbol:
    """The chord over a bass so many semitones above its root."""
    if not bass or symbol.root is None or symbol.root_pc is None:
        return symbol
    return replace(symbol, bass=spell(symbol.root_pc + bass, symbol.root))


def prove(chords: Sequence[Placed], frame: Frame) -> None:
    """Make sure that a progression is what was asked.

    Raises:
        ParameterError: the prompt alone fills the bars, and ends otherwise than asked.
        MuseError: something else does not hold, which is a bug.
    """
    gaps = any(a.end_beats != b.start_beats for a, b in pairwise(chords))
    if gaps or chords[0].start_beats != 0 or chords[-1].end_beats != frame.end_beats:
        raise MuseError("the chords do not fill their bars (a bug)")
    if tuple(chords[: len(frame.prompt)]) != frame.prompt:
        raise MuseError("the prompt was not kept (a bug)")
    there = {chord.start_beats: chord.symbol for chord in chords}
    if any(there.get(beat) != symbol for beat, symbol in frame.fixed.items()):
        raise MuseError("a fixed chord was not kept (a bug)")
    if not cadence_holds(chords, frame):
        kind = ParameterError if len(chords) == len(frame.prompt) else MuseError
        raise kind(f"there is no such progression: {words_of(frame)}")


def cadence_holds(chords: Sequence[Placed], frame: Frame) -> bool:
    """Whether the last chords are those of the cadence."""
    last = chords[-1]
    was_given = len(chords) == len(frame.prompt) or last.start_beats in frame.fixed
    if frame.cadence is None and was_given:
        return True
    cadence = CADENCES[frame.cadence or "open"]
    is_led = len(chords) > 1 and follows(cadence.before, chords[-2].symbol, frame.key)
    led = cadence.before is None or is_led
    return led and follows(cadence.last, last.symbol, frame.key)
