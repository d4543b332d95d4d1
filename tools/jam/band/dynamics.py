"""How loud the band plays: as the soloist does.

Sums over the solo fade by half every few beats: how many notes there were, and how loud. A solo
that is soft or sparse makes the band softer, a loud or busy one louder. Some notes of medium force
are always thought in, so that one note moves little and silence leads back to the middle. What is
medium goes half of the way to what the player does in the long run, since keyboards differ.
"""

from math import log2, tanh

MEDIUM = 78.0  # velocity at which the band plays as written
HALF_BEATS, LONG_HALF_BEATS = 6.0, 96.0  # in which a note counts half
SUPPOSED, LONG_SUPPOSED = 3.0, 48.0  # notes of medium force that are thought in
ADAPTED = 0.5  # of the way to the player's own medium
USUAL_DENSITY = 1.5  # notes a beat at which the band plays as written
PER_VELOCITY = 0.011  # of the factor, for each velocity off the middle
PER_DOUBLING = 0.05  # of the factor, for each doubling of the density
MOST_DOUBLINGS = 2.0
SOFTEST, LOUDEST = 0.6, 1.25
FADED_BEATS = HALF_BEATS / 0.6931471805599453  # notes in the sum for each note a beat, kept up


class Faded:
    """How many notes there were and how far off the middle, fading by half in some beats."""

    def __init__(self, half_beats: float, supposed: float) -> None:
        """Begin with no notes but those supposed, of medium force."""
        self.half_beats, self.supposed = half_beats, supposed
        self.count = self.loudness = 0.0

    def fade(self, beats: float) -> None:
        """Some beats go by."""
        weight = 0.5 ** (beats / self.half_beats)
        self.count *= weight
        self.loudness *= weight

    def add(self, off: float) -> None:
        """A note, so many velocities off the middle."""
        self.count += 1.0
        self.loudness += off

    @property
    def off(self) -> float:
        """Velocities off the middle, on average."""
        return self.loudness / (self.count + self.supposed)

    @property
    def presence(self) -> float:
        """How far there is a solo at all, 0 to 1."""
        return self.count / (self.count + self.supposed)


class Dynamics:
    """A factor for the band's velocities."""

    def __init__(self) -> None:
        """Begin with no notes."""
        self.now = Faded(HALF_BEATS, SUPPOSED)
        self.long_run = Faded(LONG_HALF_BEATS, LONG_SUPPOSED)
        self.at = 0.0  # the beat that the sums are of

    def heard(self, velocity: int, beat: float) -> None:
        """A note of the solo, 1 to 127; beats go forward, a little back is taken as now."""
        self.fade(beat)
        for sums in (self.now, self.long_run):
            sums.add(velocity - MEDIUM)

    def level(self, beat: float) -> float:
        """What velocities are multiplied by from a beat on, 0.6 to 1.25; 1 in the middle."""
        self.fade(beat)
        off = self.now.off - ADAPTED * self.long_run.off * self.now.presence
        density = max(self.now.count / FADED_BEATS / USUAL_DENSITY, 2.0**-MOST_DOUBLINGS)
        doublings = min(log2(density), MOST_DOUBLINGS) * self.now.presence
        return bent(PER_VELOCITY * off + PER_DOUBLING * doublings)

    def fade(self, beat: float) -> None:
        """The sums as they are at a beat."""
        if beat > self.at:
            for sums in (self.now, self.long_run):
                sums.fade(beat - self.at)
            self.at = beat


def bent(change: float) -> float:
    """1 and the change, bent so that it comes near the softest and the loudest but never there."""
    room = LOUDEST - 1.0 if change > 0 else 1.0 - SOFTEST
    return 1.0 + room * tanh(change / room)
