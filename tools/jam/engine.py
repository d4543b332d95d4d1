"""The accompanist without threads or a clock: takes the player's messages, returns the band's.

Its driver passes each message in order and asks for each step shortly before it is due. The same
calls give the same music.

Conventions: steps as in grid.py. The solo and what the decider says are in steps, the band's events
in quarter notes.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from muse.tools.audio.render import DRUM_CHANNEL
from muse.tools.chords.model import ChordModel
from muse.tools.datasets.chord_events import Style
from muse.tools.jam.band.dynamics import Dynamics
from muse.tools.jam.band.rhythm_section import Band
from muse.tools.jam.chart import ChartDecider
from muse.tools.jam.events import BandEvent, ChordForecast, Decision, ForecastTask, Message
from muse.tools.jam.grid import StepGrid, step_meter
from muse.tools.jam.harmony.chord_decider import ChordDecider
from muse.tools.jam.midi_bytes import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL, is_off, is_on, kind_of
from muse.tools.jam.options import JamOptions
from muse.tools.jam.solo import Solo
from muse.tools.jam.tempo.beat_clock import BeatClock
from muse.tools.jam.tempo.follower import TempoFollower, follow
from muse.tools.song.document import Meter


@dataclass(frozen=True)
class StepResult:
    """The outcome of one step.

    Attributes:
        decision: the chord from this step on, its beats in quarter notes.
        events: what the band plays until the next step, in order.
    """

    decision: Decision
    events: tuple[BandEvent, ...]


class Decider(Protocol):
    """Decides the chord of each step.

    Attributes:
        meter: the bars, at the step that is decided next.
        style: of that step.
        waits_for_player: whether there is no chord before the player's first note.
    """

    meter: Meter
    style: Style
    waits_for_player: bool

    def forecast_task(self, beat: float) -> ForecastTask:
        """Return work for a step that may be done before it, in another thread."""

    def decide(self, beat: float, solo: Solo, forecast: ChordForecast | None) -> Decision:
        """Return the decision of a step, its beats in steps."""


class Engine:
    """Decider, band, beat clock and tempo follower, working on one solo."""

    def __init__(
        self,
        grid: StepGrid,
        beat_clock: BeatClock,
        decider: Decider,
        band: Band,
        follower: TempoFollower | None = None,
    ) -> None:
        """Combine the components; with a follower the beat clock follows the player's tempo."""
        self.grid = grid
        self.beat_clock = beat_clock
        self.decider = decider
        self.band = band
        self.follower = follower
        self.solo = Solo()
        self.dynamics = Dynamics()
        self.decision: Decision | None = None

    def receive(self, message: Message) -> None:
        """Process a message of the player; only notes and all-notes-off have an effect."""
        data, beat = message.data, self.beat_clock.beat_at(message.time_s)
        position = self.grid.position_at(beat)
        if is_on(data):
            self.note_on(message, position)
        elif is_off(data):
            self.solo.note_off(data[1], position)
        elif kind_of(data) == CONTROL and data[1] in (ALL_NOTES_OFF, ALL_SOUND_OFF):
            self.solo.all_off(position)

    def note_on(self, message: Message, position: float) -> None:
        """Process a note-on; a drum note has no pitch, but counts for tempo and loudness."""
        _status, pitch, velocity = message.data
        self.dynamics.add_note(velocity, position)
        if message.data[0] & 0x0F != DRUM_CHANNEL:
            self.solo.note_on(pitch, velocity, position)
        if self.follower is not None:
            estimate = self.follower.add_note(message.time_s, velocity, pitch)
            if estimate is not None:
                follow(self.beat_clock, estimate, message.time_s)

    def forecast_task(self, number: int) -> ForecastTask:
        """Return the chord model's work for a step; call it once the step before is decided."""
        return self.decider.forecast_task(float(number))

    def play_step(self, number: int, forecast: ChordForecast | None) -> StepResult:
        """Decide the chord of a step, and what the band plays up to the next one.

        Args:
            number: of the step, 0 or more, in ascending order.
            forecast: result of `forecast_task`; None where it is not ready.
        """
        self.enter_step(number)
        decision = self.in_quarters(self.decider.decide(float(number), self.solo, forecast))
        level = self.dynamics.level(float(number))
        self.decision = decision
        return StepResult(decision, tuple(self.band.step(decision, level, next_change(decision))))

    def enter_step(self, number: int) -> None:
        """Set the bar and the style of a step in the decider."""
        self.decider.meter = step_meter(self.grid, number)
        self.decider.style = self.band.style_at(self.grid.step(number).beat)

    def in_quarters(self, decision: Decision) -> Decision:
        """Return a decision with its beats in quarter notes instead of steps."""
        upcoming = tuple(
            each if each.beat is None else replace(each, beat=self.grid.beat_of(each.beat))
            for each in decision.upcoming
        )
        return replace(decision, beat=self.grid.beat_of(decision.beat), upcoming=upcoming)

    def finish(self, number: int) -> list[BandEvent]:
        """Return the ending that starts on a step: the last chord once more, held."""
        beat = self.grid.step(number).beat
        if self.decision is None:
            return self.band.stop(beat)
        last = replace(self.decision, beat=beat)
        if isinstance(self.decider, ChartDecider):  # the chord to which the chart leads
            last = self.in_quarters(self.decider.decide(float(number), self.solo, None))
        return self.band.finish(last, self.dynamics.level(float(number)))


def next_change(decision: Decision) -> float | None:
    """Return the beat of the next chord; None without a chart."""
    if decision.decided_by != "chart" or not decision.upcoming:
        return None
    return decision.upcoming[0].beat


def build_engine(options: JamOptions, model: ChordModel) -> Engine:
    """Create an engine with these options and this chord model."""
    grid, meter = options.grid, options.meter
    beat_clock = BeatClock(options.bpm, meter.numerator, meter.denominator, options.count_in)
    band = Band(
        grid,
        options.styles,
        bpm_at=lambda: beat_clock.bpm,
        voicing=options.voicing,
        swing=options.swing,
        seed=options.seed,
    )
    start_bpm = options.bpm if options.is_tempo_known else None
    follower = TempoFollower(start_bpm) if options.is_following else None
    return Engine(grid, beat_clock, build_decider(options, model), band, follower)


def build_decider(options: JamOptions, model: ChordModel) -> Decider:
    """Create what decides the chords: the chart, or the melody listener and the chord model."""
    meter = step_meter(options.grid)
    if options.chart is not None:
        return ChartDecider(meter, options.chart, options.key, options.ahead)
    return ChordDecider(
        meter,
        key=options.key,
        style=options.style,
        model=model,
        mix=options.mix,
        ahead=options.ahead,
        seed=options.seed,
    )
