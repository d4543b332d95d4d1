"""Lookahead: weights of the continuations of a progression that satisfy its constraints.

Backward messages as in the forward-backward algorithm: `values[beat, is_prepared]` is the weight of
all continuations from a beat to the end that keep the fixed chords and the cadence, under a simple
prior of durations and of cadence roles. A weight of 0 means that there is none. Sampling each chord
in proportion to the model's probability times this weight never reaches a dead end, and prepares
the cadence before the last bar.

Source: Pachet, Roy and Barbieri, "Finite-length Markov processes with constraints", IJCAI 2011,
which propagates constraints backwards through a Markov chain; here a prior replaces the chain,
and time in beats replaces steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.cadences import CADENCES, satisfies
from muse.tools.chords.constraints import Constraints
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, pulse_beats
from muse.tools.theory.chords import ChordSymbol

# prior weight of a chord's duration in bars; other durations have OTHER_LENGTH
LENGTHS = {0.5: 0.5, 1.0: 1.0, 2.0: 0.12}
OTHER_LENGTH = 0.06
LAST_LENGTHS = {0.5: 0.3, 1.0: 1.0, 2.0: 1.0}  # further factor for the last chord
OTHER_LAST_LENGTH = 0.02
LATE = 1e-6  # further factor for a last chord that does not start the last bar, in a cadence
NEGLIGIBLE = 1e-4  # share of the largest weight below which a continuation is not taken
LONG_BARS = (1, 2)  # whole bars that a chord on a downbeat may last
EIGHTH = 0.5  # beats
MIN_PRIOR = 0.01  # least prior probability of a cadence role


@dataclass(frozen=True)
class CadenceRole:
    """The positions in a cadence that a chord can have.

    Attributes:
        can_end: whether it can be the last chord.
        can_prepare: whether it can be the chord before the last.
    """

    can_end: bool
    can_prepare: bool


CADENCE_ROLES = tuple(
    CadenceRole(can_end, can_prepare) for can_end, can_prepare in product((False, True), repeat=2)
)


class Lookahead:
    """The weights of all continuations from every beat at which a chord can begin.

    Attributes:
        values: weight by beat and by whether the chord before can prepare the cadence's last one.
    """

    def __init__(self, constraints: Constraints, prior: dict[CadenceRole, float]) -> None:
        """Compute the weights, backwards from the end.

        Args:
            constraints: what the progression has to satisfy.
            prior: probability of each cadence role.
        """
        self.constraints = constraints
        self.cadence = CADENCES[constraints.cadence or "open"]
        self.prior = {role: max(prior.get(role, 0.0), MIN_PRIOR) for role in CADENCE_ROLES}
        self.change_points = change_points(
            Meter(0.0, constraints.context.numerator, constraints.context.denominator)
        )
        self.last_bar_line = constraints.bar_line(constraints.bar_at(constraints.end_beats) - 1)
        self.stops = sorted({*constraints.fixed, constraints.end_beats})
        self.values: dict[tuple[float, bool], float] = {}
        for beat in sorted(self.reachable(), reverse=True):
            for is_prepared in (False, True):
                self.values[beat, is_prepared] = self.weight_from(beat, is_prepared)

    def reachable(self) -> set[float]:
        """Return all beats at which a chord can begin."""
        found, open_ends = set[float](), {self.constraints.prompt_end}
        while open_ends:
            beat = open_ends.pop()
            if beat < self.constraints.end_beats and beat not in found:
                found.add(beat)
                open_ends |= {beat + length for length, _ in self.lengths(beat)}
        return found

    def lengths(self, beat: float) -> list[tuple[float, float]]:
        """Return the durations of a chord from a beat on, rising, with their prior weights."""
        room = next(stop for stop in self.stops if stop > beat) - beat
        found = sorted({min(length, room) for length in self.free_lengths(beat)})
        return [(d, LENGTHS.get(d / self.constraints.bar_beats, OTHER_LENGTH)) for d in found]

    def free_lengths(self, beat: float) -> Iterator[float]:
        """Yield the possible durations, ignoring later fixed chords."""
        constraints = self.constraints
        if constraints.onsets is not None:
            later = (onset for onset in constraints.onsets if onset > beat)
            yield min(later, default=constraints.end_beats) - beat
            return
        number = constraints.bar_at(beat)
        line, end = constraints.bar_line(number), constraints.bar_line(number + 1)
        if constraints.rhythm_beats is not None:
            yield self.rhythm_length(beat, line, end, constraints.rhythm_beats)
            return
        if beat == line:
            yield from (constraints.bar_line(number + bars) - beat for bars in LONG_BARS)
        points = (line + point for point in self.change_points)
        yield from (point - beat for point in points if beat < point < end)
        yield end - beat

    def rhythm_length(self, beat: float, line: float, end: float, rhythm: float) -> float:
        """Return a chord's duration in a fixed harmonic rhythm.

        Args:
            beat: where the chord begins.
            line: start of its bar.
            end: end of its bar.
            rhythm: regular duration of chords in beats.
        """
        constraints = self.constraints
        if rhythm < constraints.bar_beats:
            return min(rhythm - (beat - line) % rhythm, end - beat)
        bars = round(rhythm / constraints.bar_beats)
        index = constraints.bar_at(beat) - constraints.first_bar
        return constraints.bar_line((index // bars + 1) * bars + constraints.first_bar) - beat

    def weight_from(self, beat: float, is_prepared: bool) -> float:
        """Return the weight of all continuations from a beat to the end."""
        fixed = self.constraints.fixed.get(beat)
        if fixed is not None:
            role = cadence_role(self.constraints, fixed, is_given=True)
            return self.weight_at(beat, is_prepared, role)
        return sum(p * self.weight_at(beat, is_prepared, role) for role, p in self.prior.items())

    def weight_at(self, beat: float, is_prepared: bool, role: CadenceRole) -> float:
        """Return the weight of all continuations with a chord of that role at a beat."""
        lengths = self.lengths(beat)
        total = sum(weight for _, weight in lengths)
        return sum(w * self.weight_after(beat, d, is_prepared, role) for d, w in lengths) / total

    def weight_after(
        self, beat: float, length: float, is_prepared: bool, role: CadenceRole
    ) -> float:
        """Return the weight of all continuations after a chord.

        Args:
            beat: where the chord begins.
            length: its duration in beats, one of `lengths`.
            is_prepared: whether the chord before it can prepare the cadence's last chord.
            role: of the chord.
        """
        end = beat + length
        if end >= self.constraints.end_beats:
            weight = LAST_LENGTHS.get(length / self.constraints.bar_beats, OTHER_LAST_LENGTH)
            if self.cadence.arrives and beat != self.last_bar_line:
                weight *= LATE
            return weight * (role.can_end and (is_prepared or self.cadence.before is None))
        return self.values[end, role.can_prepare]


def without_negligible(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights of continuations, those that only break a rule of the cadence as zeros."""
    return np.where(weights >= NEGLIGIBLE * weights.max(), weights, 0.0)


def cadence_role(
    constraints: Constraints, symbol: ChordSymbol, is_given: bool = False
) -> CadenceRole:
    """Return the cadence role of a chord.

    Args:
        constraints: with the cadence; if it is None, any given chord can be the last.
        symbol: of the chord.
        is_given: whether it is prompted or fixed.
    """
    cadence = CADENCES[constraints.cadence or "open"]
    exempt = is_given and constraints.cadence is None
    return CadenceRole(
        exempt or satisfies(cadence.last, symbol, constraints.key),
        cadence.before is not None and satisfies(cadence.before, symbol, constraints.key),
    )


def change_points(meter: Meter) -> list[float]:
    """Return where chords may change within a bar and at its end, in beats from the bar line.

    These are the counted beats; an odd number of eighths is grouped in twos and a final three.
    """
    bar, beat = bar_beats(meter), pulse_beats(meter)
    if meter.denominator < 8 or beat != 1.0:
        return [beat * count for count in range(1, round(bar / beat) + 1)]
    inner = range(2, meter.numerator - 2, 2)
    return [*(count * EIGHTH for count in inner), bar]
