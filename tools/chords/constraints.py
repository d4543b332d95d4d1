"""Constraints on a progression: its length, prompt, fixed chords, rhythm and cadence.

Conventions: beats are quarter notes from the start of the first bar; bars are counted from 1.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from muse.tools.chords.cadences import CADENCES, CadenceName
from muse.tools.chords.model import Step
from muse.tools.datasets.chord_events import Context
from muse.tools.datasets.harmony_columns import chord_id
from muse.tools.errors import ParameterError
from muse.tools.theory.chords import ChordSymbol, write_leadsheet
from muse.tools.theory.keys import Tonality

MAX_BARS = 512
GRID_BEATS = 0.5  # an eighth: the grid on which chords begin


@dataclass(frozen=True)
class PlacedChord:
    """A chord symbol with start and duration in beats."""

    symbol: ChordSymbol
    start_beats: float
    duration_beats: float

    @property
    def end_beats(self) -> float:
        """Beat at which it ends."""
        return self.start_beats + self.duration_beats

    @property
    def step(self) -> Step:
        """The chord as model input: its quality without added or omitted tones."""
        return Step(symbol_id(self.symbol), bass_interval(self.symbol), self.duration_beats)


def to_grid(beats: float) -> float:
    """Round beats to the nearest eighth."""
    return round(beats / GRID_BEATS) * GRID_BEATS


def symbol_id(symbol: ChordSymbol) -> int:
    """Return the id of a chord symbol in the chord vocabulary."""
    return chord_id(symbol.root_pc, symbol.quality_code)


def bass_interval(symbol: ChordSymbol) -> int:
    """Return the semitones from the root up to the bass, 0 to 11; 0 without a root."""
    if symbol.root_pc is None or symbol.bass_pc is None:
        return 0
    return (symbol.bass_pc - symbol.root_pc) % 12


@dataclass(frozen=True)
class Constraints:
    """Everything that a progression has to satisfy.

    Attributes:
        key: of the progression; tonic and mode as in `context`.
        context: key, style and meter as models take them.
        bars: number of bars.
        prompt: chords that it begins with, without gaps from beat 0 on.
        fixed: chord symbol by the beat at which it must begin.
        cadence: how it ends; None is "open", except that a prompted or fixed last chord may be any.
        rhythm_beats: duration of each chord, cut at bar lines; None leaves it to the model.
        onsets: the only beats at which chords begin; None allows all.
        past: chords before the first bar, in whole bars.
        first_bar: number of the bar at beat 0.
        bar_lines: bar lines and the end, on the grid, if bars differ in length; empty if not.
    """

    key: Tonality
    context: Context
    bars: int
    prompt: tuple[PlacedChord, ...] = ()
    fixed: Mapping[float, ChordSymbol] = field(default_factory=dict)
    cadence: CadenceName | None = None
    rhythm_beats: float | None = None
    onsets: Sequence[float] | None = None
    past: tuple[Step, ...] = ()
    first_bar: int = 1
    bar_lines: tuple[float, ...] = ()

    @property
    def bar_beats(self) -> float:
        """Length of a regular bar in beats."""
        return self.context.bar_beats

    @property
    def end_beats(self) -> float:
        """Length of the whole progression in beats."""
        return self.bar_lines[-1] if self.bar_lines else self.bars * self.bar_beats

    @property
    def prompt_end(self) -> float:
        """Beat at which the prompt ends."""
        return self.prompt[-1].end_beats if self.prompt else 0.0

    def bar_at(self, beat: float) -> int:
        """Return the number of the bar at a beat; before and after, regular bars continue."""
        if self.bar_lines and 0 <= beat < self.end_beats:
            return bisect_right(self.bar_lines, beat) - 1 + self.first_bar
        if beat >= self.end_beats:
            beyond = int((beat - self.end_beats) // self.bar_beats)
            return self.bars + beyond + self.first_bar
        return int(beat // self.bar_beats) + self.first_bar

    def bar_line(self, bar: int) -> float:
        """Return the beat at which a bar begins, given its number; the inverse of `bar_at`."""
        index = bar - self.first_bar
        if self.bar_lines and 0 <= index <= self.bars:
            return self.bar_lines[index]
        beyond = max(index - self.bars, 0)
        return self.end_beats + beyond * self.bar_beats if beyond else index * self.bar_beats


def check_constraints(constraints: Constraints) -> None:
    """Check that the constraints do not contradict each other.

    Raises:
        ParameterError: bars, rhythm, prompt and fixed chords contradict each other.
    """
    if not 1 <= constraints.bars <= MAX_BARS:
        raise ParameterError(f"--bars must be 1 to {MAX_BARS}, not {constraints.bars}")
    check_rhythm(constraints)
    if constraints.prompt_end > constraints.end_beats:
        needed = -(-constraints.prompt_end // constraints.bar_beats)
        raise ParameterError(
            f"the prompt takes {needed:g} bars, more than the {constraints.bars} given; "
            f"use --bars {needed:g} or more"
        )
    for beat, symbol in constraints.fixed.items():
        check_fixed(constraints, beat, symbol)


def check_rhythm(constraints: Constraints) -> None:
    """Raise ParameterError if chords of the given duration do not fill bars."""
    rhythm, bar = constraints.rhythm_beats, constraints.bar_beats
    if rhythm is None:
        return
    if rhythm < GRID_BEATS or rhythm % GRID_BEATS or (rhythm > bar and rhythm % bar):
        raise ParameterError(
            f"--harmonic-rhythm {rhythm:g} does not fill bars of {bar:g} beats; use a number of "
            "beats within a bar, or whole bars"
        )


def check_fixed(constraints: Constraints, beat: float, symbol: ChordSymbol) -> None:
    """Raise ParameterError if a fixed chord is outside the bars or contradicts the prompt."""
    bar, name = constraints.bar_at(beat), write_leadsheet(symbol)
    if not 0 <= beat < constraints.end_beats:
        last = constraints.first_bar + constraints.bars - 1
        where = f"bars {constraints.first_bar} to {last}"
        raise ParameterError(f"--fix {bar}:{name} is outside {where}, which are written")
    for placed in constraints.prompt:
        is_there = placed.start_beats == beat and placed.symbol == symbol
        if placed.start_beats <= beat < placed.end_beats and not is_there:
            raise ParameterError(
                f"--fix {bar}:{name} conflicts with the prompt, which has "
                f"{write_leadsheet(placed.symbol)} there"
            )


def describe_constraints(constraints: Constraints) -> str:
    """Return the cadence, length, fixed chords and prompt in words, for a message."""
    chords = [
        f"bar {constraints.bar_at(beat)} fixed to {write_leadsheet(symbol)}"
        for beat, symbol in sorted(constraints.fixed.items())
    ]
    if constraints.prompt:
        prompt = " ".join(write_leadsheet(placed.symbol) for placed in constraints.prompt)
        chords.append(f"the prompt {prompt}")
    name = constraints.cadence or "open"
    article = "an" if name == "open" else "a"
    cadence = f"{article} {name} cadence in {constraints.key.name} ({CADENCES[name].words})"
    return f"{cadence}, {constraints.bars} bars" + "".join(f", {words}" for words in chords)
