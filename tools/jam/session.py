"""One jam under way: the engine, who sounds what it plays, and what is kept of it.

Whoever drives it (offline.py on a virtual clock, live.py with threads) calls it beat by beat; any
thread may tell what was heard.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import RLock

from muse.tools.jam.band.click import click, opening
from muse.tools.jam.band.lines import CHANNELS
from muse.tools.jam.band.rhythm_section import FINAL_BEATS
from muse.tools.jam.engine import Engine
from muse.tools.jam.events import Decision, Event, Message, Plan, Thought
from muse.tools.jam.midi_bytes import is_on
from muse.tools.jam.ports.lateness import PERCENTILES, Lateness
from muse.tools.jam.ports.playback import Player
from muse.tools.jam.screen import BarLines, Screen
from muse.tools.jam.takes.take import Take
from muse.tools.song.meter import bar_beats

LEAD_S = 0.012  # before a beat, in which it is decided when live
SOLO_CHANNEL = 3  # on which the player is sounded, where that is wanted
BAND = (CHANNELS["keys"], CHANNELS["bass"])
HEARD_BEATS = 1.0  # whose notes are shown
MOST_BARS = 64  # lines that wait to be told


@dataclass
class Tally:
    """What is counted.

    Attributes:
        beats: that were decided.
        late: beats at which the brain was not ready.
        notes: that the player began.
        deciding: from the moment a decision was due until its music was scheduled.
        hearing: from when a note came until the engine had it.
    """

    beats: int
    late: int
    notes: int
    deciding: Lateness
    hearing: Lateness


class Session:
    """The engine between a player who is heard and one who sounds it."""

    def __init__(
        self,
        engine: Engine,
        player: Player,
        *,
        take: Take | None = None,
        has_click: bool = False,
        is_through: bool = False,
    ) -> None:
        """Tie them together.

        Args:
            engine: that decides.
            player: that sends what it plays.
            take: that takes it down.
            has_click: whether there is a metronome after the count-in too.
            is_through: whether what the player plays is sent on.
        """
        self.engine, self.player, self.meter, self.take = engine, player, engine.meter, take
        self.conductor = engine.conductor
        self.has_click, self.is_through = has_click, is_through
        self.tally = Tally(0, 0, 0, Lateness(), Lateness())
        self.decision: Decision | None = None
        self.end_beat = self.conductor.first_beat
        self._lock = RLock()
        self._lines = BarLines(engine.meter)
        self._bars: deque[str] = deque(maxlen=MOST_BARS)
        self._told_notes = 0

    @property
    def bar_beats(self) -> int:
        """Quarter notes of a bar."""
        return round(bar_beats(self.meter))

    def begin(self) -> None:
        """Choose the sound of the click."""
        self._play(opening(self.conductor.first_beat))

    def heard(self, message: Message) -> None:
        """The player sent something."""
        if self.is_through:
            data = bytes((message.data[0] & 0xF0 | SOLO_CHANNEL, *message.data[1:]))
            self.player.schedule([Message(message.time_s, data)])
        with self._lock:
            self.engine.heard(message)
            self.tally.notes += is_on(message.data)
            if self.take:
                self.take.heard(message, self.conductor.beat_at(message.time_s))

    def think(self, beat: int) -> Thought:
        """The brain's work for a beat."""
        with self._lock:
            return self.engine.think(beat)

    def turn(self, beat: int, plan: Plan | None, now_s: float) -> None:
        """Decide a beat and have it played."""
        with self._lock:
            turn = self.engine.beat(beat, plan)
            # a tempo that rose within the last beat left some of it to come after this one
            self.player.drop_after(self.conductor.time_of(beat), BAND)
            self._play(turn.events)
            if self.take:
                self.take.tempo(self.conductor.spans, now_s)
                self.take.decided(turn.decision, max(now_s, 0.0))  # the first may be due before 0
        self.decision = turn.decision
        self.tally.beats += 1
        self.tally.late += turn.decision.late
        self.end_beat = beat + 1.0
        notes, self._told_notes = self.tally.notes - self._told_notes, self.tally.notes
        self._bars.extend(self._lines.beat(turn.decision, notes, self.conductor.bpm))

    def told_bars(self) -> Iterator[str]:
        """A line for each bar that is over and was not told yet."""
        while self._bars:
            yield self._bars.popleft()

    def click(self, beat: int) -> None:
        """The metronome's share of a beat."""
        if self.has_click or beat < 0:
            self._play(click(beat, self.meter))

    def finish(self, beat: int) -> None:
        """The last chord, held."""
        with self._lock:
            self._play(self.engine.finish(beat))
        self.end_beat = beat + FINAL_BEATS
        self._bars.extend(self._lines.end())

    def save(self) -> None:
        """Put the take in its place, where one is made."""
        if self.take:
            end_s = self.conductor.time_of(self.end_beat)
            self.take.tempo(self.conductor.spans, end_s)
            self.take.save(end_s, self.end_beat)

    def screen(self, now_s: float) -> Screen:
        """What there is to see."""
        beat = self.conductor.beat_at(now_s)
        with self._lock:
            heard = tuple(note.pitch for note in self.engine.solo.since(beat - HEARD_BEATS))
        late = self.player.lateness
        p50, p95, p99 = (1e3 * late.percentile(each) for each in PERCENTILES)
        return Screen(
            meter=self.meter,
            beat=int(beat // 1),
            bpm=self.conductor.bpm,
            decision=self.decision,
            heard=heard,
            latency_ms=(p50, p95, p99) if late.count else None,
            beats=self.tally.beats,
            late_thoughts=self.tally.late,
            is_recording=self.take is not None,
        )

    def _play(self, events: Sequence[Event]) -> None:
        """Have events sent at their times, and taken down."""
        timed = [(self.conductor.time_of(event.beat), event) for event in events]
        self.player.schedule(Message(time_s, event.data) for time_s, event in timed)
        if self.take:
            for time_s, event in timed:
                self.take.played(event, time_s)
