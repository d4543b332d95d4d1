"""What passes between the parts of a jam.

Conventions: times are in s on the session's clock, 0 where it began. Beats are quarter notes,
counted from the first bar line after the count-in, whose beats are negative. MIDI messages are
whole, with their status byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality

Part = Literal["keys", "bass", "click"]
Who = Literal["both", "ear", "brain"]


@dataclass(frozen=True)
class Message:
    """A MIDI message from the player, or to whoever sounds it.

    Attributes:
        time_s: when it came, or when it is to be sent.
        data: one whole message.
    """

    time_s: float
    data: bytes


@dataclass(frozen=True)
class Event:
    """A MIDI message of the accompanist, by the beat it is due at.

    Attributes:
        beat: when it is due.
        data: one whole message; the channel is the part's.
        part: who plays it.
    """

    beat: float
    data: bytes
    part: Part


@dataclass(frozen=True)
class Span:
    """Even tempo, until the next one begins.

    Attributes:
        time_s: where it begins.
        beat: that falls there.
        bpm: how fast beats go by, a nudge included.
    """

    time_s: float
    beat: float
    bpm: float

    def time_of(self, beat: float) -> float:
        """When a beat falls, in s."""
        return self.time_s + (beat - self.beat) * 60.0 / self.bpm

    def beat_at(self, time_s: float) -> float:
        """The beat at a time in s."""
        return self.beat + (time_s - self.time_s) * self.bpm / 60.0


@dataclass(frozen=True)
class SoloNote:
    """A note of the player.

    Attributes:
        pitch: MIDI's.
        velocity: 1 to 127.
        start_beat: where it begins.
        end_beat: where it ends; None while it sounds.
    """

    pitch: int
    velocity: int
    start_beat: float
    end_beat: float | None = None


@dataclass(frozen=True)
class HeardKey:
    """The key the player is heard in.

    Attributes:
        tonality: tonic and mode.
        confidence: 0 to 1; 1 where it was given.
    """

    tonality: Tonality
    confidence: float


@dataclass(frozen=True)
class Choice:
    """A chord with its odds.

    Attributes:
        symbol: the chord.
        probability: 0 to 1.
        beat: where it is expected to begin, for one that is planned.
    """

    symbol: ChordSymbol
    probability: float
    beat: float | None = None


@dataclass(frozen=True)
class Plan:
    """What the brain thinks, made ahead of need.

    Attributes:
        for_beat: of the decision it was made for.
        given: what the harmonist makes of it.
        coming: chords that are likely to follow, in order, each with its odds.
    """

    for_beat: float
    given: object
    coming: tuple[Choice, ...]


@dataclass(frozen=True)
class Decision:
    """What is played from a beat on.

    Attributes:
        beat: from which it holds.
        symbol: the chord.
        probability: its odds among all chords.
        changes: whether it is another chord than before.
        who: whether brain and ear decided, or one alone.
        late: whether the brain was asked and was not ready.
        key: that it was decided in.
        ear: the likeliest chords by the ear alone.
        brain: the likeliest chords by the brain alone; empty where it was not heard.
        coming: as in Plan.
    """

    beat: float
    symbol: ChordSymbol
    probability: float
    changes: bool
    who: Who
    late: bool
    key: HeardKey
    ear: tuple[Choice, ...] = ()
    brain: tuple[Choice, ...] = ()
    coming: tuple[Choice, ...] = ()


Thought = Callable[[], Plan]  # work for a thread beside: reads nothing that changes
