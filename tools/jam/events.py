"""Data that the rooms of a jam pass to each other.

Conventions: times are in s on the session's clock, 0 where it starts. Beats are quarter notes,
counted from the first bar line after the count-in, whose beats are negative. MIDI messages are
complete, with their status byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality

BandPart = Literal["keys", "bass", "click"]
DecidedBy = Literal["both", "melody listener", "chord model", "chart"]


@dataclass(frozen=True)
class Message:
    """A MIDI message from the player, or to the output.

    Attributes:
        time_s: when it arrived, or when it is due.
        data: one complete message.
    """

    time_s: float
    data: bytes


@dataclass(frozen=True)
class BandEvent:
    """A MIDI message of the band, by the beat on which it is due.

    Attributes:
        beat: when it is due.
        data: one complete message; the channel is that of the part.
        part: which part of the band plays it.
    """

    beat: float
    data: bytes
    part: BandPart


@dataclass(frozen=True)
class TempoSpan:
    """A stretch of constant tempo, up to the start of the next one.

    Attributes:
        time_s: where it begins.
        beat: the beat at that time.
        bpm: quarter notes per minute, a nudge included.
    """

    time_s: float
    beat: float
    bpm: float

    def time_of(self, beat: float) -> float:
        """Return the time of a beat, in s."""
        return self.time_s + (beat - self.beat) * 60.0 / self.bpm

    def beat_at(self, time_s: float) -> float:
        """Return the beat at a time in s."""
        return self.beat + (time_s - self.time_s) * self.bpm / 60.0


@dataclass(frozen=True)
class SoloNote:
    """A note of the player.

    Attributes:
        pitch: MIDI pitch.
        velocity: 1 to 127.
        start_beat: its onset.
        end_beat: its offset; None while it sounds.
    """

    pitch: int
    velocity: int
    start_beat: float
    end_beat: float | None = None


@dataclass(frozen=True)
class DetectedKey:
    """The key of the player's melody.

    Attributes:
        tonality: tonic and mode.
        confidence: probability, 0 to 1; 1 for a key that was given.
    """

    tonality: Tonality
    confidence: float


@dataclass(frozen=True)
class ChordCandidate:
    """A chord with its probability.

    Attributes:
        symbol: the chord.
        probability: 0 to 1.
        beat: where it is expected to begin; None where that is not predicted.
    """

    symbol: ChordSymbol
    probability: float
    beat: float | None = None


@dataclass(frozen=True)
class ChordForecast:
    """The chord model's prediction for one beat, computed before the beat.

    Attributes:
        beat: for which it was computed.
        prediction: what the chord decider reads (harmony.chord_predictor.ChordPrediction).
        upcoming: likely next chords, in order.
    """

    beat: float
    prediction: object
    upcoming: tuple[ChordCandidate, ...]


@dataclass(frozen=True)
class Decision:
    """The chord from a beat on.

    Attributes:
        beat: from which it holds.
        symbol: the chord.
        probability: its probability among all chords.
        changes: whether it differs from the chord before.
        decided_by: whose predictions were used, or the chart.
        late: whether the chord model's forecast was not ready.
        key: in which it was decided.
        melody_candidates: the likeliest chords by the melody alone.
        model_candidates: the likeliest chords by the chord model alone; empty where it was late.
        upcoming: likely next chords, as in ChordForecast.
        avoided: pitch classes that clash with the melody, which a voicing must not add.
    """

    beat: float
    symbol: ChordSymbol
    probability: float
    changes: bool
    decided_by: DecidedBy
    late: bool
    key: DetectedKey
    melody_candidates: tuple[ChordCandidate, ...] = ()
    model_candidates: tuple[ChordCandidate, ...] = ()
    upcoming: tuple[ChordCandidate, ...] = ()
    avoided: frozenset[int] = frozenset()


ForecastTask = Callable[
    [], ChordForecast
]  # may run in another thread: it reads nothing that changes
