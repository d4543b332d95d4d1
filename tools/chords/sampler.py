"""Sampling progressions from a chord model under constraints that hold exactly.

Each chord is sampled in proportion to its probability under the model times the weight of its
continuations (lookahead.py), and so is its duration. Before a fixed chord, candidates are also
weighted by the probability of the fixed chord after them. At the end all constraints are checked on
the symbols.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.cadences import CADENCES, is_in_key, satisfies
from muse.tools.chords.constraints import (
    Constraints,
    PlacedChord,
    bass_interval,
    check_constraints,
    describe_constraints,
    symbol_id,
)
from muse.tools.chords.lookahead import CadenceRole, Lookahead, cadence_role, without_negligible
from muse.tools.chords.model import ChordModel, Floats, Prediction, Step
from muse.tools.chords.style import played_symbol
from muse.tools.datasets.chord_events import VOCABULARY_SIZE, Style, duration_class, symbol_of_id
from muse.tools.datasets.harmony_columns import FIRST_CHORD_ID
from muse.tools.datasets.harmony_columns import chord_id as id_of_chord
from muse.tools.errors import MuseError, ParameterError
from muse.tools.generation.sampling import Sampling, apply_sampling, draw, normalized
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality
from muse.tools.theory.pitch import spell
from muse.tools.theory.qualities import CODES

ALTERNATIVES = 3
TINY_FACTOR = 1e-6  # factor on a chord that would only repeat the fixed one after it
MAX_LEAD_CANDIDATES = 24  # likeliest candidates for which a fixed chord after them is predicted
MAX_LEAD_FACTOR = 20.0  # largest factor from that prediction
BASS_SAMPLING = Sampling(1.0, 0, 0.9)  # rare basses in the corpora are often mistakes
UNPLAYABLE = ("1",)  # qualities that are not sampled: a single tone

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class SampledChord:
    """A chord of a progression with its probability.

    Attributes:
        placed: symbol and times.
        chord_id: id that the model predicted; the symbol may be the style's extension of it.
        probability: of that id under the model, and the melody if there is one, without
            constraints and temperature.
        alternatives: the likeliest other chords there, with their probabilities.
    """

    placed: PlacedChord
    chord_id: int
    probability: float
    alternatives: tuple[tuple[ChordSymbol, float], ...]


@lru_cache(maxsize=32)
def key_symbols(key: Tonality, style: Style) -> tuple[ChordSymbol, ...]:
    """Return the symbol of every id, spelled for the key, as the style plays it."""
    plain = (symbol_of_id(chord_id, 0, key.tonic) for chord_id in range(VOCABULARY_SIZE))
    return tuple(played_symbol(symbol, key, style) for symbol in plain)


@lru_cache(maxsize=1)
def playable_ids() -> Bools:
    """Return which ids are chords that can be sampled, (VOCABULARY_SIZE,)."""
    is_playable = np.arange(VOCABULARY_SIZE) >= FIRST_CHORD_ID
    for name in UNPLAYABLE:
        is_playable[[id_of_chord(root, CODES[name]) for root in range(12)]] = False
    return is_playable


@lru_cache(maxsize=32)
def key_ids(key: Tonality, style: Style) -> Bools:
    """Return which ids are diatonic chords of the key, (VOCABULARY_SIZE,)."""
    return np.array([satisfies(is_in_key, symbol, key) for symbol in key_symbols(key, style)])


def sample_progression(
    model: ChordModel, constraints: Constraints, sampling: Sampling, rng: np.random.Generator
) -> list[SampledChord]:
    """Sample a progression that satisfies all constraints.

    Args:
        model: predicts the next chord.
        constraints: what the progression has to satisfy.
        sampling: temperature, top_k and top_p of the chords; of durations only the temperature.
        rng: random generator.

    Raises:
        ParameterError: the constraints cannot be satisfied; the message says why.
    """
    check_constraints(constraints)
    sampled = ChordSampler(model, constraints, sampling, rng).sample()
    check_progression([chord.placed for chord in sampled], constraints)
    return sampled


class ChordSampler:
    """Sampler of one progression, chord by chord."""

    def __init__(
        self,
        model: ChordModel,
        constraints: Constraints,
        sampling: Sampling,
        rng: np.random.Generator,
    ) -> None:
        """Predict the first chord and compute the lookahead."""
        self.model, self.constraints, self.sampling, self.rng = model, constraints, sampling, rng
        self.past: list[Step] = list(constraints.past)
        self.sampled: list[SampledChord] = []
        self.beat = 0.0
        self.symbols = key_symbols(constraints.key, constraints.context.style)
        self.prediction: Prediction = model.predict(self.past, constraints.context)
        self.roles = [cadence_role(constraints, symbol) for symbol in self.symbols]
        self.lookahead = Lookahead(constraints, role_probabilities(self.prediction, self.roles))

    def sample(self) -> list[SampledChord]:
        """Append the prompt, then sample chord by chord."""
        for placed in self.constraints.prompt:
            self.append(placed, symbol_id(placed.symbol))
        end, start = self.constraints.end_beats, (self.beat, self.is_prepared())
        if self.beat < end and not self.lookahead.values[start]:
            raise impossible(self.constraints)
        while self.beat < end:
            self.append(*self.next_chord())
        return self.sampled

    def is_prepared(self) -> bool:
        """Return whether the last chord can prepare the cadence's last chord."""
        if not self.sampled:
            return False
        return cadence_role(self.constraints, self.sampled[-1].placed.symbol).can_prepare

    def append(self, placed: PlacedChord, chord_id: int) -> None:
        """Append a chord and its probability under the model, and predict the next chord."""
        self.sampled.append(scored_chord(placed, chord_id, self.prediction.chords, self.symbols))
        self.past.append(Step(chord_id, bass_interval(placed.symbol), placed.duration_beats))
        self.beat = placed.end_beats
        self.prediction = self.model.predict(self.past, self.constraints.context)

    def next_chord(self) -> tuple[PlacedChord, int]:
        """Draw the next chord, its duration and its bass; only the duration of a fixed chord."""
        fixed = self.constraints.fixed.get(self.beat)
        if fixed is not None:
            role = cadence_role(self.constraints, fixed, is_given=True)
            length = self.draw_length(symbol_id(fixed), role)
            return PlacedChord(fixed, self.beat, length), symbol_id(fixed)
        chord_id = self.draw_id()
        length = self.draw_length(chord_id, self.roles[chord_id])
        placed = PlacedChord(self.symbols[chord_id], self.beat, length)
        return draw_bass(placed, chord_id, self.prediction, self.constraints, self.rng), chord_id

    def draw_id(self) -> int:
        """Draw the id of the next chord."""
        is_prepared = self.is_prepared()
        by_role = {k: self.lookahead.weight_at(self.beat, is_prepared, k) for k in {*self.roles}}
        continuations = without_negligible(np.array([by_role[role] for role in self.roles]))
        allowed = playable_ids() & (continuations > 0) & self.differs_from_last()
        diatonic = allowed & key_ids(self.constraints.key, self.constraints.context.style)
        if self.beat == 0.0 and diatonic.any():
            allowed = diatonic
        weights = np.where(allowed, self.prediction.chords, 0.0)
        if not weights.any():  # the model gives all allowed chords probability 0
            weights = allowed.astype(float)
        p = apply_sampling(weights, self.sampling)
        return draw(self.rng, normalized(p * continuations * self.lead_factors(p)))

    def differs_from_last(self) -> Bools:
        """Return which ids the style plays as a symbol that differs from the last one, by id."""
        last = replace(self.sampled[-1].placed.symbol, bass=None) if self.sampled else None
        return np.array([symbol != last for symbol in self.symbols])

    def lead_factors(self, p: Floats) -> Floats:
        """Return a factor for each id: how much likelier it makes a fixed chord after it."""
        factor = np.ones_like(p)
        share, target = self.fixed_ahead()
        if target is None:
            return factor
        without_lead = max(float(self.prediction.chords[target]), TINY_FACTOR)
        for chord_id in p.argsort(kind="stable")[::-1][:MAX_LEAD_CANDIDATES].tolist():
            if p[chord_id] > 0:
                following = self.predict_after(chord_id).chords[target]
                lead = min(float(following) / without_lead, MAX_LEAD_FACTOR)
                factor[chord_id] += share * (lead - 1)
        factor[target] *= 1 - share
        return np.maximum(factor, TINY_FACTOR)

    def fixed_ahead(self) -> tuple[float, int | None]:
        """Return the probability that a fixed chord follows the next one, and its id."""
        lengths = self.lookahead.lengths(self.beat)
        for length, weight in lengths:
            fixed = self.constraints.fixed.get(self.beat + length)
            if fixed is not None:
                return weight / sum(w for _, w in lengths), symbol_id(fixed)
        return 0.0, None

    def predict_after(self, chord_id: int) -> Prediction:
        """Predict what follows a chord that is not appended yet."""
        step = Step(chord_id, 0, self.lookahead.lengths(self.beat)[-1][0])
        return self.model.predict([*self.past, step], self.constraints.context)

    def draw_length(self, chord_id: int, role: CadenceRole) -> float:
        """Draw the duration of a chord, in beats."""
        is_prepared = self.is_prepared()
        lengths = [length for length, _ in self.lookahead.lengths(self.beat)]
        continuations = without_negligible(
            np.array(
                [self.lookahead.weight_after(self.beat, d, is_prepared, role) for d in lengths]
            )
        )
        probabilities = self.prediction.durations(chord_id)[[duration_class(d) for d in lengths]]
        repeats = [self.repeats(chord_id, d) for d in lengths]
        weights = continuations * probabilities * np.where(repeats, TINY_FACTOR, 1.0)
        if not weights.any():
            weights = continuations
        return lengths[draw(self.rng, apply_sampling(weights, self.length_sampling()))]

    def repeats(self, chord_id: int, length: float) -> bool:
        """Return whether a chord of that duration ends where the same chord is fixed."""
        fixed = self.constraints.fixed.get(self.beat + length)
        return fixed is not None and symbol_id(fixed) == chord_id

    def length_sampling(self) -> Sampling:
        """Return the sampling of durations: without top_k and top_p, as there are few classes."""
        return Sampling(self.sampling.temperature, 0, 1.0)


def scored_chord(
    placed: PlacedChord, chord_id: int, p: Floats, symbols: Sequence[ChordSymbol]
) -> SampledChord:
    """Add the probability of a chord and its alternatives; `p` and `symbols` are by id."""
    likeliest = [int(i) for i in p.argsort(kind="stable")[::-1] if playable_ids()[i]]
    others = [i for i in likeliest[: ALTERNATIVES + 1] if i != chord_id][:ALTERNATIVES]
    alternatives = tuple((symbols[i], float(p[i])) for i in others)
    return SampledChord(placed, chord_id, float(p[chord_id]), alternatives)


def role_probabilities(
    prediction: Prediction, roles: Sequence[CadenceRole]
) -> dict[CadenceRole, float]:
    """Return the probability of each cadence role in a prediction; `roles` are those of all ids."""
    probabilities: dict[CadenceRole, float] = {}
    chords = prediction.chords
    for chord_id in np.flatnonzero(playable_ids()).tolist():
        role = roles[chord_id]
        probabilities[role] = probabilities.get(role, 0.0) + float(chords[chord_id])
    return probabilities


def draw_bass(
    placed: PlacedChord,
    chord_id: int,
    prediction: Prediction,
    constraints: Constraints,
    rng: np.random.Generator,
) -> PlacedChord:
    """Draw the bass of a chord.

    The chord stays in root position at the end, and where another bass would change its role in the
    cadence: IV over the fifth degree is no longer IV but a suspended dominant.
    """
    if placed.end_beats >= constraints.end_beats:
        return placed
    bass = draw(rng, apply_sampling(prediction.basses(chord_id), BASS_SAMPLING))
    symbol = with_bass(placed.symbol, bass)
    roles = [cadence_role(constraints, version) for version in (symbol, placed.symbol)]
    keeps_role = roles[0].can_prepare == roles[1].can_prepare
    return replace(placed, symbol=symbol) if keeps_role else placed


def with_bass(symbol: ChordSymbol, bass: int) -> ChordSymbol:
    """Return the chord with its bass the given number of semitones above its root."""
    if not bass or symbol.root is None or symbol.root_pc is None:
        return symbol
    return replace(symbol, bass=spell(symbol.root_pc + bass, symbol.root))


def check_progression(chords: Sequence[PlacedChord], constraints: Constraints) -> None:
    """Check that a progression satisfies its constraints.

    Raises:
        ParameterError: the prompt alone fills the bars, and it does not end with the cadence.
        MuseError: another constraint does not hold, which is a bug.
    """
    gaps = any(a.end_beats != b.start_beats for a, b in pairwise(chords))
    if gaps or chords[0].start_beats != 0 or chords[-1].end_beats != constraints.end_beats:
        raise MuseError("the chords do not fill their bars (a bug)")
    if tuple(chords[: len(constraints.prompt)]) != constraints.prompt:
        raise MuseError("the prompt has changed (a bug)")
    by_beat = {chord.start_beats: chord.symbol for chord in chords}
    if any(by_beat.get(beat) != symbol for beat, symbol in constraints.fixed.items()):
        raise MuseError("a fixed chord has changed (a bug)")
    if not cadence_holds(chords, constraints):
        if len(chords) == len(constraints.prompt):
            raise impossible(constraints)
        raise MuseError("the cadence does not hold (a bug)")


def impossible(constraints: Constraints) -> ParameterError:
    """Return the error for constraints that no progression satisfies."""
    description = describe_constraints(constraints)
    return ParameterError(f"no progression satisfies the request: {description}")


def cadence_holds(chords: Sequence[PlacedChord], constraints: Constraints) -> bool:
    """Return whether the last chords are those of the cadence."""
    last = chords[-1]
    is_given = len(chords) == len(constraints.prompt) or last.start_beats in constraints.fixed
    if constraints.cadence is None and is_given:
        return True
    cadence = CADENCES[constraints.cadence or "open"]
    is_prepared = cadence.before is None or (
        len(chords) > 1 and satisfies(cadence.before, chords[-2].symbol, constraints.key)
    )
    return is_prepared and satisfies(cadence.last, last.symbol, constraints.key)
