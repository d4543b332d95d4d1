"""The loudness of the band, which follows the player's.

Decaying sums over the solo give its note density and mean velocity. A soft or sparse solo makes the
band softer, a loud or busy one louder. Prior notes of medium velocity are included in the means, so
that single notes change little and silence leads back to the middle. The medium adapts half-way to
the player's long-term mean, since keyboards differ.
"""

from math import log2, tanh

MEDIUM = 78.0  # velocity at which the band plays as written
HALF_BEATS, LONG_HALF_BEATS = 6.0, 96.0  # half-lives of a note's weight
PRIOR_NOTES, LONG_PRIOR_NOTES = 3.0, 48.0  # number of prior notes of medium velocity
ADAPTED = 0.5  # fraction of the way to the player's long-term mean
USUAL_DENSITY = 1.5  # notes per beat at which the band plays as written
PER_VELOCITY = 0.011  # change of the factor for each step of velocity off the medium
PER_DOUBLING = 0.05  # change of the factor for each doubling of the density
MAX_DOUBLINGS = 2.0
SOFTEST, LOUDEST = 0.6, 1.25
DECAYED_BEATS = (
    HALF_BEATS / 0.6931471805599453
)  # sum of weights at a constant density of one note a beat


class DecayingMean:
    """Decaying number of notes, and their mean deviation from the medium velocity."""

    def __init__(self, half_life: float, prior_notes: float) -> None:
        """Start with the prior notes only; weights halve in `half_life` beats."""
        self.half_life, self.prior_notes = half_life, prior_notes
        self.count = self.deviation_sum = 0.0

    def fade(self, beats: float) -> None:
        """Let the sums decay over some beats."""
        weight = 0.5 ** (beats / self.half_life)
        self.count *= weight
        self.deviation_sum *= weight

    def add(self, deviation: float) -> None:
        """Add a note with its deviation from the medium velocity."""
        self.count += 1.0
        self.deviation_sum += deviation

    @property
    def deviation(self) -> float:
        """Mean deviation from the medium velocity."""
        return self.deviation_sum / (self.count + self.prior_notes)

    @property
    def presence(self) -> float:
        """Share of played notes among played and prior notes, 0 to 1."""
        return self.count / (self.count + self.prior_notes)


class Dynamics:
    """The factor for the band's velocities."""

    def __init__(self) -> None:
        """Start without notes."""
        self.now = DecayingMean(HALF_BEATS, PRIOR_NOTES)
        self.long_run = DecayingMean(LONG_HALF_BEATS, LONG_PRIOR_NOTES)
        self.beat = 0.0  # the beat that the sums are of

    def add_note(self, velocity: int, beat: float) -> None:
        """Add a note of the solo; an earlier beat than the last one counts as that."""
        self.fade(beat)
        for sums in (self.now, self.long_run):
            sums.add(velocity - MEDIUM)

    def level(self, beat: float) -> float:
        """Return the factor for velocities from a beat on, 0.6 to 1.25; 1 is as written."""
        self.fade(beat)
        deviation = self.now.deviation - ADAPTED * self.long_run.deviation * self.now.presence
        density = max(self.now.count / DECAYED_BEATS / USUAL_DENSITY, 2.0**-MAX_DOUBLINGS)
        doublings = min(log2(density), MAX_DOUBLINGS) * self.now.presence
        return soft_clip(PER_VELOCITY * deviation + PER_DOUBLING * doublings)

    def fade(self, beat: float) -> None:
        """Let the sums decay up to a beat."""
        if beat > self.beat:
            for sums in (self.now, self.long_run):
                sums.fade(beat - self.beat)
            self.beat = beat


def soft_clip(change: float) -> float:
    """Return 1 + change, limited smoothly to SOFTEST and LOUDEST."""
    room = LOUDEST - 1.0 if change > 0 else 1.0 - SOFTEST
    return 1.0 + room * tanh(change / room)
