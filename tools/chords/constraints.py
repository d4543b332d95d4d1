"""What a progression has to be: its length, its prompt, its fixed chords, its rhythm, its end.

Conventions: beats are quarter notes from the start of the first bar; bars are counted from 1.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from muse.tools.chords.cadences import CADENCES, CadenceName
from muse.tools.chords.events import Context
from muse.tools.chords.model import Step
from muse.tools.datasets.harmony_columns import chord_id
from muse.tools.errors import ParameterError
from muse.tools.theory.chords import ChordSymbol, write_leadsheet
from muse.tools.theory.keys import Tonality

MAX_BARS = 512
FINEST_BEATS = 0.5  # no chord is asked to be shorter


@dataclass(frozen=True)
class Placed:
    """A chord at a place; times in beats."""

    symbol: ChordSymbol
    start_beats: float
    duration_beats: float

    @property
    def end_beats(self) -> float:
        """Where it ends."""
        return self.start_beats + self.duration_beats

    @property
    def step(self) -> Step:
        """The chord as models see it; what its symbol adds to its quality is not in it."""
        return Step(id_of(self.symbol), bass_of(self.symbol), self.duration_beats)


def id_of(symbol: ChordSymbol) -> int:
    """The symbol's id in the vocabulary."""
    return chord_id(symbol.root_pc, symbol.quality_code)


def bass_of(symbol: ChordSymbol) -> int:
    """Semitones from the root up to the bass, 0 to 11; 0 without a root."""
    if symbol.root_pc is None or symbol.bass_pc is None:
        return 0
    return (symbol.bass_pc - symbol.root_pc) % 12


@dataclass(frozen=True)
class Frame:
    """All that is asked of a progression.

    Attributes:
        key: of the progression; tonic and mode as in `context`.
        context: as the model takes it.
        bars: how many there are.
        prompt: chords it begins with, one after the other from beat 0 on.
        fixed: chords that begin at a beat.
        cadence: how it ends; None is as "open", save that prompt and fixed chords need not.
        rhythm_beats: how long each chord lasts, cut at bar lines; None leaves it to the model.
        onsets: beats at which chords begin, and no others; None leaves it open.
        past: chords before the first bar, whole bars of them.
        first_bar: number of the bar at beat 0.
        lines: bar lines and the end, on eighths, where bars differ in length; empty where not.
    """

    key: Tonality
    context: Context
    bars: int
    prompt: tuple[Placed, ...] = ()
    fixed: Mapping[float, ChordSymbol] = field(default_factory=dict)
    cadence: CadenceName | None = None
    rhythm_beats: float | None = None
    onsets: Sequence[float] | None = None
    past: tuple[Step, ...] = ()
    first_bar: int = 1
    lines: tuple[float, ...] = ()

    @property
    def bar_beats(self) -> float:
        """Length of a usual bar in beats."""
        return self.context.bar_beats

    @property
    def end_beats(self) -> float:
        """Length of the whole in beats."""
        return self.lines[-1] if self.lines else self.bars * self.bar_beats

    @property
    def prompt_end(self) -> float:
        """Where the prompt ends, in beats."""
        return self.prompt[-1].end_beats if self.prompt else 0.0

    def bar_of(self, beat: float) -> int:
        """The number of the bar that a beat lies in; bars go on as usual before and behind."""
        if self.lines and 0 <= beat < self.end_beats:
            return bisect_right(self.lines, beat) - 1 + self.first_bar
        if beat >= self.end_beats:
            beyond = int((beat - self.end_beats) // self.bar_beats)
            return self.bars + beyond + self.first_bar
        return int(beat // self.bar_beats) + self.first_bar

    def line_of(self, bar: int) -> float:
        """The beat at which a bar begins, by its number; inverse of `bar_of`."""
        place = bar - self.first_bar
        if self.lines and 0 <= place <= self.bars:
            return self.lines[place]
        beyond = max(place - self.bars, 0)
        return self.end_beats + beyond * self.bar_beats if beyond else place * self.bar_beats


def check_frame(frame: Frame) -> None:
    """Refuse what cannot be, with the reason.

    Raises:
        ParameterError: bars, rhythm, prompt or fixed chords do not go together.
    """
    if not 1 <= frame.bars <= MAX_BARS:
        raise ParameterError(f"--bars is 1 to {MAX_BARS}, not {frame.bars}")
    check_rhythm(frame)
    if frame.prompt_end > frame.end_beats:
        needed = -(-frame.prompt_end // frame.bar_beats)
        raise ParameterError(
            f"the prompt takes {needed:g} bars, more than the {frame.bars} asked for; "
            f"--bars {needed:g} has room for it"
        )
    for beat, symbol in frame.fixed.items():
        check_fixed(frame, beat, symbol)


def check_rhythm(frame: Frame) -> None:
    """Raise where chords of that length do not fill bars."""
    rhythm, bar = frame.rhythm_beats, frame.bar_beats
    if rhythm is None:
        return
    if rhythm < FINEST_BEATS or rhythm % FINEST_BEATS or (rhythm > bar and rhythm % bar):
        raise ParameterError(
            f"--harmonic-rhythm {rhythm:g} does not fill bars of {bar:g} beats; it is a number of "
            "beats within a bar, or of whole bars"
        )


def check_fixed(frame: Frame, beat: float, symbol: ChordSymbol) -> None:
    """Raise where a fixed chord lies outside the bars, or the prompt has another there."""
    bar, name = frame.bar_of(beat), write_leadsheet(symbol)
    if not 0 <= beat < frame.end_beats:
        last = frame.first_bar + frame.bars - 1
        where = f"bars {frame.first_bar} to {last}" if frame.first_bar > 1 else f"{frame.bars} bars"
        raise ParameterError(f"--fix {bar}:{name} lies outside the {where} asked for")
    for placed in frame.prompt:
        is_there = placed.start_beats == beat and placed.symbol == symbol
        if placed.start_beats <= beat < placed.end_beats and not is_there:
            raise ParameterError(
                f"--fix {bar}:{name} conflicts with the prompt, which has "
                f"{write_leadsheet(placed.symbol)} there"
            )


def words_of(frame: Frame) -> str:
    """The frame's end and its given chords, for a message."""
    given = [
        f"bar {frame.bar_of(beat)} fixed to {write_leadsheet(symbol)}"
        for beat, symbol in sorted(frame.fixed.items())
    ]
    given += ["the prompt " + " ".join(write_leadsheet(p.symbol) for p in frame.prompt)] * bool(
        frame.prompt
    )
    cadence = frame.cadence or "open"
    article = "an" if cadence == "open" else "a"
    told = f"{article} {cadence} cadence in {frame.key.name} ({CADENCES[cadence].words})"
    return f"{told}, {frame.bars} bars" + "".join(f", {each}" for each in given)
