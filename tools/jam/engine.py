"""The accompanist without threads or a clock: takes the player's messages, returns the band's.

Its driver passes each message in order and asks for each beat shortly before it is due. The same
calls give the same music.
"""

from dataclasses import dataclass, replace

from muse.tools.audio.render import DRUM_CHANNEL
from muse.tools.chords.model import ChordModel
from muse.tools.jam.band.dynamics import Dynamics
from muse.tools.jam.band.rhythm_section import Band
from muse.tools.jam.events import BandEvent, ChordForecast, Decision, ForecastTask, Message
from muse.tools.jam.harmony.chord_decider import ChordDecider
from muse.tools.jam.midi_bytes import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL, is_off, is_on, kind_of
from muse.tools.jam.options import JamOptions
from muse.tools.jam.solo import Solo
from muse.tools.jam.tempo.beat_clock import BeatClock
from muse.tools.jam.tempo.follower import TempoFollower, follow
from muse.tools.song.document import Meter


@dataclass(frozen=True)
class BeatResult:
    """The outcome of one beat.

    Attributes:
        decision: the chord from this beat on.
        events: what the band plays until the next beat, in order.
    """

    decision: Decision
    events: tuple[BandEvent, ...]


class Engine:
    """Chord decider, band, beat clock and tempo follower, working on one solo."""

    def __init__(
        self,
        meter: Meter,
        beat_clock: BeatClock,
        chord_decider: ChordDecider,
        band: Band,
        follower: TempoFollower | None = None,
    ) -> None:
        """Combine the components; with a follower the beat clock follows the player's tempo."""
        self.meter = meter
        self.beat_clock = beat_clock
        self.chord_decider = chord_decider
        self.band = band
        self.follower = follower
        self.solo = Solo()
        self.dynamics = Dynamics()
        self.decision: Decision | None = None

    def receive(self, message: Message) -> None:
        """Process a message of the player; only notes and all-notes-off have an effect."""
        data, beat = message.data, self.beat_clock.beat_at(message.time_s)
        if is_on(data):
            self.note_on(message, beat)
        elif is_off(data):
            self.solo.note_off(data[1], beat)
        elif kind_of(data) == CONTROL and data[1] in (ALL_NOTES_OFF, ALL_SOUND_OFF):
            self.solo.all_off(beat)

    def note_on(self, message: Message, beat: float) -> None:
        """Process a note-on; a drum note has no pitch, but counts for tempo and loudness."""
        _status, pitch, velocity = message.data
        self.dynamics.add_note(velocity, beat)
        if message.data[0] & 0x0F != DRUM_CHANNEL:
            self.solo.note_on(pitch, velocity, beat)
        if self.follower is not None:
            estimate = self.follower.add_note(message.time_s, velocity, pitch)
            if estimate is not None:
                follow(self.beat_clock, estimate, message.time_s)

    def forecast_task(self, beat: int) -> ForecastTask:
        """Return the chord model's work for a beat; call it once the beat before is decided."""
        return self.chord_decider.forecast_task(float(beat))

    def play_beat(self, beat: int, forecast: ChordForecast | None) -> BeatResult:
        """Decide the chord of a beat, and what the band plays up to the next one.

        Args:
            beat: its number, 0 or more, in ascending order.
            forecast: result of `forecast_task`; None where it is not ready.
        """
        decision = self.chord_decider.decide(float(beat), self.solo, forecast)
        level = self.dynamics.level(float(beat))
        self.decision = decision
        return BeatResult(decision, tuple(self.band.beat(decision, level)))

    def finish(self, beat: int) -> list[BandEvent]:
        """Return the ending that starts on a beat: the last chord once more, held."""
        if self.decision is None:
            return self.band.stop(float(beat))
        last = replace(self.decision, beat=float(beat))
        return self.band.finish(last, self.dynamics.level(float(beat)))


def build_engine(options: JamOptions, model: ChordModel) -> Engine:
    """Create an engine with these options and this chord model."""
    meter = options.meter
    beat_clock = BeatClock(options.bpm, meter.numerator, meter.denominator, options.count_in)
    chord_decider = ChordDecider(
        meter,
        key=options.key,
        style=options.style,
        model=model,
        mix=options.mix,
        ahead=options.ahead,
        seed=options.seed,
    )
    band = Band(
        meter,
        options.style,
        bpm_at=lambda: beat_clock.bpm,
        voicing=options.voicing,
        swing=options.swing,
        seed=options.seed,
    )
    start_bpm = options.bpm if options.is_tempo_known else None
    follower = TempoFollower(start_bpm) if options.is_following else None
    return Engine(meter, beat_clock, chord_decider, band, follower)
