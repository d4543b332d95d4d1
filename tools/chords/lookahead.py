"""What can still come right: how likely each place of a progression leads to what is asked.

Backward messages as in the forward-backward algorithm: `value(beat, led)` is the weight of all ways
from a beat to the end that keep the fixed chords and the cadence, under a plain prior of durations
and of kinds of chords. A weight of 0 means that there is no way. Drawing each chord in proportion
to the model's probability times this weight never runs into a dead end and does not wait until the
last bar with what the cadence wants.

Source: Pachet, Roy and Barbieri, "Finite-length Markov processes with constraints", IJCAI 2011,
which propagates constraints backwards through a Markov chain; here the prior takes the chain's
place, and time in beats that of steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from muse.tools.chords.cadences import CADENCES, follows
from muse.tools.chords.constraints import Frame
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, pulse_beats
from muse.tools.theory.chords import ChordSymbol

# prior weight of a chord's length in bars; any other length has OTHER_LENGTH
LENGTHS = {0.5: 0.5, 1.0: 1.0, 2.0: 0.12}
OTHER_LENGTH = 0.06
LAST_LENGTHS = {0.5: 0.3, 1.0: 1.0, 2.0: 1.0}  # factor on the last chord's; it wants room
OTHER_LAST = 0.02
LONG_BARS = (1, 2)  # whole bars that a chord on a downbeat may last
EIGHTH = 0.5  # beats
RAREST = 0.01  # no kind of chord counts as less likely


@dataclass(frozen=True)
class Kind:
    """What matters of a chord for the end: may it be the last, or the one before the last."""

    last: bool
    before: bool


KINDS = tuple(Kind(last, before) for last, before in product((False, True), repeat=2))


class Horizon:
    """The ways that are open from every beat of a frame."""

    def __init__(self, frame: Frame, shares: dict[Kind, float]) -> None:
        """Weigh all ways.

        Args:
            frame: what is asked.
            shares: how likely a chord is of each kind.
        """
        self.frame = frame
        self.cadence = CADENCES[frame.cadence or "open"]
        self.shares = {kind: max(shares.get(kind, 0.0), RAREST) for kind in KINDS}
        self.joints = joints(Meter(0.0, frame.context.numerator, frame.context.denominator))
        self.marks = sorted({*frame.fixed, frame.end_beats})
        self.values: dict[tuple[float, bool], float] = {}
        for beat in sorted(self.reachable(), reverse=True):
            for led in (False, True):
                self.values[beat, led] = self.weigh(beat, led)

    def reachable(self) -> set[float]:
        """All beats at which a chord can begin."""
        found, open_ends = set[float](), {self.frame.prompt_end}
        while open_ends:
            beat = open_ends.pop()
            if beat < self.frame.end_beats and beat not in found:
                found.add(beat)
                open_ends |= {beat + length for length, _ in self.lengths(beat)}
        return found

    def lengths(self, beat: float) -> list[tuple[float, float]]:
        """How long a chord can last from a beat on, and the prior weight of each; longest last."""
        room = next(mark for mark in self.marks if mark > beat) - beat
        found = sorted({min(length, room) for length in self.unbound_lengths(beat)})
        return [(d, LENGTHS.get(d / self.frame.bar_beats, OTHER_LENGTH)) for d in found]

    def unbound_lengths(self, beat: float) -> Iterator[float]:
        """As `lengths`, whatever is fixed behind it."""
        frame = self.frame
        if frame.onsets is not None:
            yield min((o for o in frame.onsets if o > beat), default=frame.end_beats) - beat
            return
        number = frame.bar_of(beat)
        line, end = frame.line_of(number), frame.line_of(number + 1)
        if frame.rhythm_beats is not None:
            yield self.rhythm_length(beat, line, end, frame.rhythm_beats)
            return
        if beat == line:
            yield from (frame.line_of(number + bars) - beat for bars in LONG_BARS)
        yield from (line + joint - beat for joint in self.joints if beat < line + joint < end)
        yield end - beat

    def rhythm_length(self, beat: float, line: float, end: float, step: float) -> float:
        """How long a chord lasts in a rhythm of so many beats, in the bar from line to end."""
        frame = self.frame
        if step < frame.bar_beats:
            return min(step - (beat - line) % step, end - beat)
        bars, place = round(step / frame.bar_beats), frame.bar_of(beat) - frame.first_bar
        return frame.line_of((place // bars + 1) * bars + frame.first_bar) - beat

    def weigh(self, beat: float, led: bool) -> float:
        """The weight of all ways from a beat to the end."""
        fixed = self.frame.fixed.get(beat)
        if fixed is not None:
            return self.through(beat, led, kind_of(self.frame, fixed, given=True))
        return sum(share * self.through(beat, led, k) for k, share in self.shares.items())

    def through(self, beat: float, led: bool, kind: Kind) -> float:
        """The weight of all ways that have a chord of that kind at a beat."""
        lengths = self.lengths(beat)
        total = sum(weight for _, weight in lengths)
        return sum(w * self.after(beat, d, led, kind) for d, w in lengths) / total

    def after(self, beat: float, length: float, led: bool, kind: Kind) -> float:
        """The weight of all ways behind a chord of that kind and length at a beat.

        Args:
            beat: where it begins.
            length: in beats, one of `lengths`.
            led: whether the chord before it is one that leads into the cadence's last.
            kind: of the chord.
        """
        end = beat + length
        if end >= self.frame.end_beats:
            room = LAST_LENGTHS.get(length / self.frame.bar_beats, OTHER_LAST)
            return room * (kind.last and (led or self.cadence.before is None))
        return self.values[end, kind.before]


def kind_of(frame: Frame, symbol: ChordSymbol, given: bool = False) -> Kind:
    """The kind of a chord; without a cadence asked for, any given chord may be the last."""
    cadence = CADENCES[frame.cadence or "open"]
    exempt = given and frame.cadence is None
    return Kind(
        exempt or follows(cadence.last, symbol, frame.key),
        cadence.before is not None and follows(cadence.before, symbol, frame.key),
    )


def joints(meter: Meter) -> list[float]:
    """Where chords may change within a bar and at its end, in beats from the bar line.

    On counted beats; bars of an odd number of eighths are taken in twos with a three at the end.
    """
    bar, beat = bar_beats(meter), pulse_beats(meter)
    if meter.denominator < 8 or beat != 1.0:
        return [beat * count for count in range(1, round(bar / beat) + 1)]
    inner = range(2, meter.numerator - 2, 2)
    return [*(count * EIGHTH for count in inner), bar]
