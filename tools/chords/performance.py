"""Chords played: a hand that comps and a bass, with the feel of a style.

Conventions: times in beats (quarter notes), moved to whole MIDI ticks at the end, so that the notes
are the same in a Song and in a MIDI file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from muse.tools.chords.constraints import Placed
from muse.tools.chords.style import ROLLING_BASS, ROLLING_HANDS, Feel, Pattern, swung
from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Meter, Note, Track
from muse.tools.song.meter import pulse_beats
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality, scale_pcs

MS_PER_MINUTE = 60_000
UNEVEN_VELOCITY = 3.0  # standard deviation of how hard a stroke is
TOP_ACCENT = 6  # velocity that a chord's top note has over its lowest
HELD, HELD_BASS = 70, 90  # velocities of a chord that is only held
LOWEST_BASS, HIGHEST_BASS = 28, 50  # MIDI pitches E1 to D3
LOUDNESS = (1, 127)
SHORTEST = 1 / 16  # beats
PUSHED_BEATS = 2.0  # shortest chord that may come early
STRAYING = 0.3  # how often a player takes another pattern than the usual one
FROM_BELOW = 0.6  # how often the next bass is come to from below


@dataclass(frozen=True)
class Stroke:
    """What a player means to play; times in beats, the degree for the bass only."""

    start: float
    length: float
    velocity: float
    degree: str


class Players:
    """Players of a style, at a tempo, in a metre, with their dice.

    Attributes:
        feel: of the style.
        bpm: quarter notes a minute, as they are now.
        scale: the seven pitch classes of the key, as it is now.
        unit: length of a counted beat in quarters.
        hands, basses: patterns in an order of chance: the first is played most.
    """

    def __init__(
        self, feel: Feel, meter: Meter, key: Tonality, bpm: float, rng: np.random.Generator
    ) -> None:
        """Choose what they do; bpm is quarter notes a minute."""
        self.feel, self.bpm, self.rng = feel, bpm, rng
        self.scale = scale_pcs(key)
        self.unit = pulse_beats(meter)
        rolling = self.unit != 1.0
        hands = ROLLING_HANDS if rolling else feel.hands
        basses = ROLLING_BASS if rolling else feel.bass
        self.hands = self.shuffled(hands)
        self.basses = self.shuffled(basses)

    def shuffled(self, patterns: Sequence[Pattern]) -> list[Pattern]:
        """The patterns in an order of chance: the first is played most."""
        return [patterns[place] for place in self.rng.permutation(len(patterns))]

    def hand_notes(self, stroke: Stroke, tones: Sequence[int]) -> Iterator[Note]:
        """A chord under the hands, a little rolled, the top note the loudest; tones as voiced."""
        hand = tones[1:]
        start = self.placed(stroke.start, self.feel.behind_ms[0])
        loud = self.velocity(stroke.velocity)
        for place, pitch in enumerate(hand):
            late = self.beats(self.feel.roll_ms * place)
            accent = round(TOP_ACCENT * place / max(len(hand) - 1, 1))
            yield note_of(start + late, stroke.length - late, pitch, loud + accent)

    def bass_note(
        self, stroke: Stroke, low: int, symbol: ChordSymbol, following: int | None
    ) -> Note:
        """A note of the line below; the bass of its chord, and of the next where it is known."""
        pitch = self.bass_pitch(stroke.degree, low, symbol, following)
        start = self.placed(stroke.start, self.feel.behind_ms[1])
        return note_of(start, stroke.length, pitch, self.velocity(stroke.velocity))

    def strokes(
        self, chord: Placed, patterns: Sequence[Pattern], held: int, is_last: bool
    ) -> Iterator[Stroke]:
        """A pattern over a chord, in the longest pieces there are; the last chord is held."""
        beat, left = chord.start_beats, chord.duration_beats / self.unit
        while left > 0:
            strays = self.rng.random() < STRAYING
            pattern = patterns[int(self.rng.integers(len(patterns))) if strays else 0]
            known = [count for count in pattern if count <= left and not is_last]
            piece = max(known, default=left)
            text = pattern[int(piece)] if known else f"0:{piece}:{held}"
            for word in text.split():
                at, length, velocity, *degree = word.split(":")
                yield Stroke(
                    beat + float(at) * self.unit,
                    float(length) * self.unit,
                    float(velocity),
                    degree[0] if degree else "root",
                )
            beat, left = beat + piece * self.unit, left - piece

    def placed(self, beat: float, behind_ms: float) -> float:
        """Where a stroke falls: swung, behind the beat, and not quite even."""
        late = behind_ms + float(self.rng.normal(0.0, self.feel.uneven_ms))
        return max(swung(beat, self.feel, self.unit) + self.beats(late), 0.0)

    def beats(self, ms: float) -> float:
        """Milliseconds in beats."""
        return ms / MS_PER_MINUTE * self.bpm

    def velocity(self, written: float) -> int:
        """A velocity as a hand gives it."""
        return round(written + float(self.rng.normal(0.0, UNEVEN_VELOCITY)))

    def bass_pitch(self, degree: str, low: int, symbol: ChordSymbol, following: int | None) -> int:
        """What the bass plays for a degree; over a slash it knows its note and the octave."""
        if degree == "to":
            return low if following in (None, low) else self.approach(following or low)
        if degree == "octave":
            return in_range(low + 12)
        number = {"third": 3, "fifth": 5}.get(degree)
        tone = next((i.semitones for i in symbol.intervals if i.number == number), None)
        if tone is None or symbol.bass is not None:
            return low
        return in_range(low + tone)

    def approach(self, following: int) -> int:
        """A step below or above the next bass: a half step, or within the key."""
        way = -1 if self.rng.random() < FROM_BELOW else 1
        steps = (1,) if self.feel.chromatic_bass else (1, 2)
        in_key = (s for s in steps if (following + way * s) % 12 in self.scale or len(steps) == 1)
        return in_range(following + way * next(in_key, 1))


class Performance(Players):
    """A whole piece, played by players who know what comes."""

    def tracks(self, chords: Sequence[Placed], pitches: Sequence[Sequence[int]]) -> list[Track]:
        """Keys and bass.

        Args:
            chords: one after the other.
            pitches: of each, rising, the bass first; none for silence.
        """
        keys = list(self.keys_notes(chords, pitches))
        bass = list(self.bass_notes(chords, pitches))
        end = chords[-1].end_beats
        program, low_program = self.feel.keys_program, self.feel.bass_program
        return [
            Track("Keys", "keys", program, notes=trimmed(keys, end)),
            Track("Bass", "bass", low_program, notes=trimmed(bass, end, one_at_a_time=True)),
        ]

    def keys_notes(
        self, chords: Sequence[Placed], pitches: Sequence[Sequence[int]]
    ) -> Iterator[Note]:
        """The chords under the hands."""
        for strokes, tones in zip(self.pushed(chords), pitches, strict=True):
            for stroke in strokes:
                yield from self.hand_notes(stroke, tones)

    def pushed(self, chords: Sequence[Placed]) -> list[list[Stroke]]:
        """The hand's strokes of each chord; some chords come early, and cut the one before."""
        last = len(chords) - 1
        plays = [
            list(self.strokes(chord, self.hands, HELD, place == last))
            for place, chord in enumerate(chords)
        ]
        share, early = self.feel.push
        for before, own, chord in zip(plays, plays[1:], chords[1:], strict=False):
            is_early = self.rng.random() < share
            if is_early and self.unit == 1.0 and chord.duration_beats >= PUSHED_BEATS:
                first = own[0]
                start = first.start - early
                own[0] = replace(first, start=start, length=first.length + early)
                before[:] = [cut(s, start) for s in before if s.start < start - SHORTEST]
        return plays

    def bass_notes(
        self, chords: Sequence[Placed], pitches: Sequence[Sequence[int]]
    ) -> Iterator[Note]:
        """The line below."""
        for index, (chord, tones) in enumerate(zip(chords, pitches, strict=True)):
            if not tones:
                continue
            following = next((p[0] for p in pitches[index + 1 :] if p), None)
            for stroke in self.strokes(chord, self.basses, HELD_BASS, index == len(chords) - 1):
                yield self.bass_note(stroke, tones[0], chord.symbol, following)


def cut(stroke: Stroke, end: float) -> Stroke:
    """The stroke, no longer than to the end."""
    return replace(stroke, length=min(stroke.length, end - stroke.start))


def in_range(pitch: int) -> int:
    """The pitch, or its octave that a bass plays well."""
    while pitch > HIGHEST_BASS:
        pitch -= 12
    while pitch < LOWEST_BASS:
        pitch += 12
    return pitch


def note_of(start: float, length: float, pitch: int, velocity: int) -> Note:
    """A note on whole ticks."""
    loud = min(max(velocity, LOUDNESS[0]), LOUDNESS[1])
    return Note(on_tick(start), on_tick(max(length, SHORTEST)), pitch, loud)


def on_tick(beats: float) -> float:
    """The nearest MIDI tick."""
    return round(beats * DEFAULT_TICKS_PER_BEAT) / DEFAULT_TICKS_PER_BEAT


def trimmed(notes: Iterable[Note], end: float, one_at_a_time: bool = False) -> list[Note]:
    """The notes in order, each ending before its pitch, or any, begins again, and by the end."""
    ordered = sorted(notes, key=lambda note: (note.start_beats, note.pitch))
    nexts: dict[int, float] = {}
    kept: list[Note] = []
    for note in reversed(ordered):
        line = 0 if one_at_a_time else note.pitch
        room = nexts.get(line, end) - note.start_beats
        if on_tick(room) > 0:
            nexts[line] = note.start_beats
            length = on_tick(min(note.duration_beats, room))
            kept.append(msgspec.structs.replace(note, duration_beats=length))
    return kept[::-1]
