"""The accompanist itself: hears what is played, decides once a beat, and tells what to play.

It knows neither threads nor a clock of its own: whoever drives it says when something came, in
order, and asks for each beat shortly before it falls. The same calls give the same music.
"""

from dataclasses import dataclass, replace

from muse.tools.audio.render import DRUM_CHANNEL
from muse.tools.jam.band.dynamics import Dynamics
from muse.tools.jam.band.rhythm_section import Band
from muse.tools.jam.events import Decision, Event, Message, Plan, Thought
from muse.tools.jam.harmony.chord_decider import Harmonist
from muse.tools.jam.midi_bytes import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL, is_off, is_on, kind_of
from muse.tools.jam.solo import Solo
from muse.tools.jam.tempo.beat_clock import Conductor
from muse.tools.jam.tempo.follower import TempoFollower, follow
from muse.tools.song.document import Meter


@dataclass(frozen=True)
class Turn:
    """What comes of a beat.

    Attributes:
        decision: the chord from this beat on.
        events: what the band plays until the next beat, in order.
    """

    decision: Decision
    events: tuple[Event, ...]


class Engine:
    """Ears, thoughts and hands, tied together."""

    def __init__(
        self,
        meter: Meter,
        conductor: Conductor,
        harmonist: Harmonist,
        band: Band,
        follower: TempoFollower | None = None,
    ) -> None:
        """Tie the parts together; with a follower the tempo is the player's."""
        self.meter = meter
        self.conductor = conductor
        self.harmonist = harmonist
        self.band = band
        self.follower = follower
        self.solo = Solo()
        self.dynamics = Dynamics()
        self.decision: Decision | None = None

    def heard(self, message: Message) -> None:
        """Take in what the player sends; what is no note is passed over."""
        data, beat = message.data, self.conductor.beat_at(message.time_s)
        if is_on(data):
            self.note_on(message, beat)
        elif is_off(data):
            self.solo.note_off(data[1], beat)
        elif kind_of(data) == CONTROL and data[1] in (ALL_NOTES_OFF, ALL_SOUND_OFF):
            self.solo.all_off(beat)

    def note_on(self, message: Message, beat: float) -> None:
        """A note begins; one of a drum has no pitch, but tells of tempo and loudness."""
        _status, pitch, velocity = message.data
        self.dynamics.heard(velocity, beat)
        if message.data[0] & 0x0F != DRUM_CHANNEL:
            self.solo.note_on(pitch, velocity, beat)
        if self.follower is not None:
            estimate = self.follower.heard(message.time_s, velocity, pitch)
            if estimate is not None:
                follow(self.conductor, estimate, message.time_s)

    def think(self, beat: int) -> Thought:
        """What the brain is to work out for a beat; asked for once the beat before was decided."""
        return self.harmonist.thought(float(beat), self.solo)

    def beat(self, number: int, plan: Plan | None) -> Turn:
        """Decide, and play up to the next beat.

        Args:
            number: of the beat, in order; those of the count-in are no turns.
            plan: what the brain made of `think`; None where it is not ready.
        """
        decision = self.harmonist.decide(float(number), self.solo, plan)
        level = self.dynamics.level(float(number))
        self.decision = decision
        return Turn(decision, tuple(self.band.beat(decision, level)))

    def finish(self, number: int) -> list[Event]:
        """The end at a beat: the last chord once more, held."""
        if self.decision is None:
            return self.band.stop(float(number))
        last = replace(self.decision, beat=float(number))
        return self.band.finish(last, self.dynamics.level(float(number)))
