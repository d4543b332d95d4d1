"""One running jam: the engine, the playback of its music, and the recording of both.

A driver (offline.py on a virtual clock, live.py with threads) calls it step by step; any thread may
pass it messages of the player.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import RLock

from muse.tools.audio.render import DRUM_CHANNEL
from muse.tools.jam.band.click import click, opening
from muse.tools.jam.band.lines import CHANNELS
from muse.tools.jam.band.rhythm_section import FINAL_BEATS
from muse.tools.jam.engine import Engine
from muse.tools.jam.events import BandEvent, ChordForecast, Decision, ForecastTask, Message
from muse.tools.jam.midi_bytes import is_on
from muse.tools.jam.ports.lateness import PERCENTILES, Lateness
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.screen import BarLines, ScreenState
from muse.tools.jam.takes.take import TakeRecorder

LEAD_S = 0.012  # how long before a beat it is decided, in real time
SOLO_CHANNEL = 3  # on which the player's notes are sent on
BAND = (CHANNELS["keys"], CHANNELS["bass"])
SHOWN_BEATS = 1.0  # past time whose notes are on screen
MAX_BAR_LINES = 64  # finished bars that wait to be printed


@dataclass
class SessionCounts:
    """Counts and delays of a session.

    Attributes:
        beats: decided beats.
        late: beats on which the chord model's forecast was not ready.
        notes: the player's note-ons.
        deciding: delays from when a decision was due until its music was scheduled.
    """

    beats: int
    late: int
    notes: int
    deciding: Lateness


class Session:
    """The engine, connected to a playback and optionally to a recorder."""

    def __init__(
        self,
        engine: Engine,
        playback: Playback,
        *,
        take: TakeRecorder | None = None,
        has_click: bool = False,
        is_through: bool = False,
    ) -> None:
        """Connect the components.

        Args:
            engine: decides what is played.
            playback: sends it.
            take: records the session.
            has_click: whether the metronome continues after the count-in.
            is_through: whether the player's messages are sent to the output as well.
        """
        self.engine, self.playback, self.grid, self.take = engine, playback, engine.grid, take
        self.beat_clock = engine.beat_clock
        self.has_click, self.is_through = has_click, is_through
        self.counts = SessionCounts(0, 0, 0, Lateness())
        self.decision: Decision | None = None
        self.end_beat = self.beat_clock.first_beat
        self._lock = RLock()
        self._lines = BarLines(engine.grid)
        self._bars: deque[str] = deque(maxlen=MAX_BAR_LINES)
        self._shown_notes = 0

    @property
    def first_step(self) -> int:
        """Number of the first step of the count-in; 0 or negative."""
        return self.grid.step_of(self.beat_clock.first_beat).number

    def begin(self) -> None:
        """Select the sound of the click."""
        self._play(opening(self.beat_clock.first_beat))

    def play_alone(self) -> None:
        """Let the chord model decide from the first beat on, without waiting for a player."""
        self.engine.decider.waits_for_player = False

    def receive(self, message: Message) -> None:
        """Process a message of the player."""
        if self.is_through:
            self.playback.schedule([Message(message.time_s, on_solo_channel(message.data))])
        with self._lock:
            self.engine.receive(message)
            self.counts.notes += is_on(message.data)
            if self.take:
                self.take.record_input(message, self.beat_clock.beat_at(message.time_s))

    def forecast_task(self, number: int) -> ForecastTask:
        """Return the chord model's work for a step."""
        with self._lock:
            return self.engine.forecast_task(number)

    def play_step(self, number: int, forecast: ChordForecast | None, now_s: float) -> None:
        """Decide a step, schedule its music and record both."""
        step = self.grid.step(number)
        with self._lock:
            result = self.engine.play_step(number, forecast)
            # where the tempo rose during the last step, some of its events are due after this one
            self.playback.drop_after(self.beat_clock.time_of(step.beat), BAND)
            self._play(result.events)
            if self.take:
                self.take.record_tempo(self.beat_clock.spans, now_s)
                # the first decision may be due before 0 s
                self.take.record_decision(result.decision, max(now_s, 0.0))
        self.decision = result.decision
        self.counts.beats += 1
        self.counts.late += result.decision.late
        self.end_beat = step.end
        notes, self._shown_notes = self.counts.notes - self._shown_notes, self.counts.notes
        self._bars.extend(self._lines.add_beat(result.decision, notes, self.beat_clock.bpm))

    def take_finished_bars(self) -> Iterator[str]:
        """Yield a line for each finished bar, once."""
        while self._bars:
            yield self._bars.popleft()

    def click(self, number: int) -> None:
        """Schedule the metronome's clicks of a step."""
        if self.has_click or number < 0:
            self._play(click(self.grid.step(number)))

    def finish(self, number: int) -> None:
        """Schedule the ending: the last chord, held."""
        with self._lock:
            self._play(self.engine.finish(number))
        self.end_beat = self.grid.step(number).beat + FINAL_BEATS
        self._bars.extend(self._lines.end_bar())

    def save(self) -> None:
        """Save the take, if one is recorded."""
        if self.take:
            end_s = self.beat_clock.time_of(self.end_beat)
            self.take.record_tempo(self.beat_clock.spans, end_s)
            self.take.save(end_s, self.end_beat)

    def screen(self, now_s: float) -> ScreenState:
        """Return what the screen shows at a time."""
        beat = self.beat_clock.beat_at(now_s)
        with self._lock:
            since = self.grid.position_at(beat - SHOWN_BEATS)
            pitches = tuple(note.pitch for note in self.engine.solo.since(since))
        lateness = self.playback.lateness
        p50, p95, p99 = (1e3 * lateness.percentile(each) for each in PERCENTILES)
        return ScreenState(
            grid=self.grid,
            beat=beat,
            bpm=self.beat_clock.bpm,
            decision=self.decision,
            pitches=pitches,
            latency_ms=(p50, p95, p99) if lateness.count else None,
            beats=self.counts.beats,
            late_forecasts=self.counts.late,
            is_recording=self.take is not None,
        )

    def _play(self, events: Sequence[BandEvent]) -> None:
        """Schedule events at the times of their beats, and record them."""
        timed = [(self.beat_clock.time_of(event.beat), event) for event in events]
        self.playback.schedule(Message(time_s, event.data) for time_s, event in timed)
        if self.take:
            for time_s, event in timed:
                self.take.record_output(event, time_s)


def on_solo_channel(data: bytes) -> bytes:
    """Return a message of the player for the output; drums stay on the drum channel."""
    if data[0] & 0x0F == DRUM_CHANNEL:
        return data
    return bytes((data[0] & 0xF0 | SOLO_CHANNEL, *data[1:]))
