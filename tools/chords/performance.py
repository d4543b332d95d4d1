"""Performance of a progression in a style: comping keys and a bass.

Conventions: times are in beats (quarter notes), rounded to MIDI ticks at the end, so that a Song
and its MIDI file have the same notes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from muse.tools.chords.constraints import PlacedChord
from muse.tools.chords.style import (
    ROLLING_BASS,
    ROLLING_HANDS,
    GroupCells,
    GroupPlace,
    Pattern,
    PlayingStyle,
    swing_beat,
)
from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Meter, Note, Track
from muse.tools.song.meter import GROUP, pulse_beats
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality, scale_pcs

MS_PER_MINUTE = 60_000
UNEVEN_VELOCITY = 3.0  # standard deviation of velocities
TOP_ACCENT = 6  # velocity of a chord's top note above its lowest
SUSTAINED, SUSTAINED_BASS = 70, 90  # velocities where no pattern fits
LOWEST_BASS, HIGHEST_BASS = 28, 50  # MIDI pitches E1 to D3
VELOCITIES = (1, 127)  # lowest and highest
SHORTEST = 1 / 16  # beats: shortest duration of a note
PUSHED_BEATS = 2.0  # shortest chord that may be anticipated
OTHER_PATTERN = 0.3  # probability of another pattern than the main one
FROM_BELOW = 0.6  # probability that the next bass is approached from below


@dataclass(frozen=True)
class Stroke:
    """One note or chord of a pattern, before swing and random timing.

    Attributes:
        start, length: beats.
        velocity: MIDI velocity.
        degree: chord degree that the bass plays; the keys ignore it.
    """

    start: float
    length: float
    velocity: float
    degree: str


class Players:
    """Keys and bass of a style, at a tempo, in a meter, with a random generator.

    Attributes:
        playing: the style.
        bpm: quarter notes per minute; may change.
        scale: the seven pitch classes of the key; may change.
        unit: length of a counted beat in quarter notes.
        origin: a bar line, from which swung pairs are counted; may change.
        hands, basses: patterns in random order; the first is played most often.
    """

    def __init__(
        self,
        playing: PlayingStyle,
        meter: Meter,
        key: Tonality,
        bpm: float,
        rng: np.random.Generator,
        unit: float | None = None,
    ) -> None:
        """Choose the patterns.

        Args:
            playing: the style.
            meter: of all bars.
            key: of the first chord.
            bpm: quarter notes per minute.
            rng: of all variation.
            unit: length of a counted beat in quarter notes; None for the pulse of the meter.
        """
        self.playing, self.bpm, self.rng = playing, bpm, rng
        self.scale, self.origin = scale_pcs(key), 0.0
        self.unit = unit or pulse_beats(meter)
        rolling = self.unit / (4 / meter.denominator) == GROUP
        hands = ROLLING_HANDS if rolling else playing.hands
        basses = ROLLING_BASS if rolling else playing.bass
        self.hands = self.shuffle(hands)
        self.basses = self.shuffle(basses)

    def shuffle(self, patterns: Sequence[Pattern]) -> list[Pattern]:
        """Return the patterns in random order."""
        return [patterns[index] for index in self.rng.permutation(len(patterns))]

    def hand_notes(self, stroke: Stroke, tones: Sequence[int]) -> Iterator[Note]:
        """Yield the notes of a chord on the keys, slightly rolled, the top note loudest.

        Args:
            stroke: onset, duration and velocity.
            tones: MIDI pitches of the voicing, the bass first, which the keys leave out.
        """
        hand = tones[1:]
        start = self.onset(stroke.start, self.playing.behind_ms[0])
        loud = self.velocity(stroke.velocity)
        for index, pitch in enumerate(hand):
            late = self.beats(self.playing.roll_ms * index)
            accent = round(TOP_ACCENT * index / max(len(hand) - 1, 1))
            yield make_note(start + late, stroke.length - late, pitch, loud + accent)

    def bass_note(
        self, stroke: Stroke, low: int, symbol: ChordSymbol, following: int | None
    ) -> Note:
        """Return a bass note.

        Args:
            stroke: onset, duration, velocity and degree.
            low: bass pitch of the chord.
            symbol: of the chord.
            following: bass pitch of the next chord; None if it is not known.
        """
        pitch = self.bass_pitch(stroke.degree, low, symbol, following)
        start = self.onset(stroke.start, self.playing.behind_ms[1])
        return make_note(start, stroke.length, pitch, self.velocity(stroke.velocity))

    def strokes(
        self, chord: PlacedChord, patterns: Sequence[Pattern], sustained: int, is_last: bool
    ) -> Iterator[Stroke]:
        """Yield the strokes of patterns over a chord, the longest that fit.

        Args:
            chord: with its times.
            patterns: to choose from, the main one first.
            sustained: velocity where no pattern fits.
            is_last: whether it is the last chord, which is sustained.
        """
        beat, left = chord.start_beats, chord.duration_beats / self.unit
        while left > 0:
            is_other = self.rng.random() < OTHER_PATTERN
            pattern = patterns[int(self.rng.integers(len(patterns))) if is_other else 0]
            fitting = [count for count in pattern if count <= left and not is_last]
            piece = max(fitting, default=left)
            text = pattern[int(piece)] if fitting else f"0:{piece}:{sustained}"
            yield from (self.stroke_of(word, beat) for word in text.split())
            beat, left = beat + piece * self.unit, left - piece

    def group_strokes(
        self, cells: GroupCells, beat: float, units: int, place: GroupPlace
    ) -> Iterator[Stroke]:
        """Yield the strokes of one group of an uneven meter; `unit` is then one of its units.

        Args:
            cells: of the style, by size and place of a group.
            beat: on which the group begins.
            units: in the group; a group without a cell is one held stroke.
            place: of the group in its bar.
        """
        for word in cells.get(units, {}).get(place, f"0:{units}:{SUSTAINED}").split():
            yield self.stroke_of(word, beat)

    def stroke_of(self, word: str, beat: float) -> Stroke:
        """Return a stroke of a pattern that begins on a beat, from its text."""
        at, length, velocity, *degree = word.split(":")
        return Stroke(
            beat + float(at) * self.unit,
            float(length) * self.unit,
            float(velocity),
            degree[0] if degree else "root",
        )

    def onset(self, beat: float, late_ms: float) -> float:
        """Return the onset of a stroke in beats: swung, behind the beat, slightly random."""
        late = late_ms + float(self.rng.normal(0.0, self.playing.uneven_ms))
        swung = self.origin + swing_beat(beat - self.origin, self.playing, self.unit)
        return max(swung + self.beats(late), 0.0)

    def beats(self, ms: float) -> float:
        """Convert milliseconds to beats."""
        return ms / MS_PER_MINUTE * self.bpm

    def velocity(self, mean: float) -> int:
        """Add random variation to a velocity."""
        return round(mean + float(self.rng.normal(0.0, UNEVEN_VELOCITY)))

    def bass_pitch(self, degree: str, low: int, symbol: ChordSymbol, following: int | None) -> int:
        """Return the bass pitch for a degree; slash chords use only their bass and its octave."""
        if degree == "to":
            return low if following in (None, low) else self.approach(following or low)
        if degree == "octave":
            return to_bass_range(low + 12)
        number = {"third": 3, "fifth": 5}.get(degree)
        tone = next((i.semitones for i in symbol.intervals if i.number == number), None)
        if tone is None or symbol.bass is not None:
            return low
        return to_bass_range(low + tone)

    def approach(self, following: int) -> int:
        """Return a pitch a step below or above the next bass: a half step, or within the key."""
        direction = -1 if self.rng.random() < FROM_BELOW else 1
        steps = (1,) if self.playing.chromatic_bass else (1, 2)
        in_key = (s for s in steps if (following + direction * s) % 12 in self.scale)
        step = 1 if self.playing.chromatic_bass else next(in_key, 1)
        return to_bass_range(following + direction * step)


class Performance(Players):
    """Performance of a whole progression, in which the next chord is known."""

    def tracks(
        self, chords: Sequence[PlacedChord], pitches: Sequence[Sequence[int]]
    ) -> list[Track]:
        """Return the tracks of keys and bass.

        Args:
            chords: without gaps.
            pitches: of each chord, rising, the bass first; empty for silence.
        """
        keys = list(self.keys_notes(chords, pitches))
        bass = list(self.bass_notes(chords, pitches))
        end = chords[-1].end_beats
        keys = without_overlaps(keys, end)
        bass = without_overlaps(bass, end, is_monophonic=True)
        return [
            Track("Keys", "keys", self.playing.keys_program, notes=keys),
            Track("Bass", "bass", self.playing.bass_program, notes=bass),
        ]

    def keys_notes(
        self, chords: Sequence[PlacedChord], pitches: Sequence[Sequence[int]]
    ) -> Iterator[Note]:
        """Yield the notes of the keys."""
        for strokes, tones in zip(self.anticipate(chords), pitches, strict=True):
            for stroke in strokes:
                yield from self.hand_notes(stroke, tones)

    def anticipate(self, chords: Sequence[PlacedChord]) -> list[list[Stroke]]:
        """Return the strokes of the keys for each chord; some chords are anticipated.

        The chord before an anticipated one is shortened.
        """
        last = len(chords) - 1
        plays = [
            list(self.strokes(chord, self.hands, SUSTAINED, index == last))
            for index, chord in enumerate(chords)
        ]
        share, early = self.playing.push
        for before, strokes, chord in zip(plays, plays[1:], chords[1:], strict=False):
            is_early = self.rng.random() < share
            if is_early and self.unit == 1.0 and chord.duration_beats >= PUSHED_BEATS:
                first = strokes[0]
                start = first.start - early
                strokes[0] = replace(first, start=start, length=first.length + early)
                before[:] = [shorten(s, start) for s in before if s.start < start - SHORTEST]
        return plays

    def bass_notes(
        self, chords: Sequence[PlacedChord], pitches: Sequence[Sequence[int]]
    ) -> Iterator[Note]:
        """Yield the notes of the bass."""
        for index, (chord, tones) in enumerate(zip(chords, pitches, strict=True)):
            if not tones:
                continue
            following = next((p[0] for p in pitches[index + 1 :] if p), None)
            is_last = index == len(chords) - 1
            for stroke in self.strokes(chord, self.basses, SUSTAINED_BASS, is_last):
                yield self.bass_note(stroke, tones[0], chord.symbol, following)


def shorten(stroke: Stroke, end: float) -> Stroke:
    """Return the stroke, ending at a beat at the latest."""
    return replace(stroke, length=min(stroke.length, end - stroke.start))


def to_bass_range(pitch: int) -> int:
    """Transpose a pitch by octaves into the range of the bass."""
    while pitch > HIGHEST_BASS:
        pitch -= 12
    while pitch < LOWEST_BASS:
        pitch += 12
    return pitch


def make_note(start: float, length: float, pitch: int, velocity: int) -> Note:
    """Return a note on whole ticks with a valid velocity."""
    loud = min(max(velocity, VELOCITIES[0]), VELOCITIES[1])
    return Note(to_tick(start), to_tick(max(length, SHORTEST)), pitch, loud)


def to_tick(beats: float) -> float:
    """Round beats to the nearest MIDI tick."""
    return round(beats * DEFAULT_TICKS_PER_BEAT) / DEFAULT_TICKS_PER_BEAT


def without_overlaps(notes: Iterable[Note], end: float, is_monophonic: bool = False) -> list[Note]:
    """Sort notes, and shorten each to end before the next note of its pitch and before the end.

    Args:
        notes: in any order.
        end: beats.
        is_monophonic: whether each note ends before the next of any pitch.
    """
    ordered = sorted(notes, key=lambda note: (note.start_beats, note.pitch))
    nexts: dict[int, float] = {}
    shortened: list[Note] = []
    for note in reversed(ordered):
        line = 0 if is_monophonic else note.pitch
        room = nexts.get(line, end) - note.start_beats
        if to_tick(room) > 0:
            nexts[line] = note.start_beats
            length = to_tick(min(note.duration_beats, room))
            shortened.append(msgspec.structs.replace(note, duration_beats=length))
    return shortened[::-1]
