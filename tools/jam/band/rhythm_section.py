"""The band: keys and bass that play what was decided, a beat at a time.

They play the patterns of their style as `muse chords` does, but know a chord only from the beat on
which it was decided: a pattern is begun for the rest of the bar, and dropped where another chord
comes. Nothing is anticipated, save that the bass may step towards a chord that is nearly sure.

Conventions: as in events.py; a stretch is from a beat to the next one, without it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import ceil

import msgspec
import numpy as np

from muse.tools.chords.constraints import PlacedChord
from muse.tools.chords.performance import (
    SHORTEST,
    SUSTAINED,
    SUSTAINED_BASS,
    VELOCITIES,
    Players,
    Stroke,
    to_tick,
)
from muse.tools.chords.style import PLAYING_STYLES, Pattern, PlayingStyle
from muse.tools.datasets.chord_events import STYLES
from muse.tools.errors import ParameterError
from muse.tools.jam.band.lines import Line, program_event
from muse.tools.jam.events import Choice, Decision, Event
from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Meter, Note
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import NONE, ChordSymbol, parse_chord, sound_of
from muse.tools.theory.keys import C_MAJOR, Tonality, scale_pcs
from muse.tools.theory.voicing import bass_pitches, style_named, voice

DICE = 7  # what sets the band's dice apart from others of the same seed
SURE = 0.5  # odds from which on the bass steps towards the next chord
WALKING = 0.6  # counted beats: shorter notes of the bass do not walk
LAST_TICK = 1 - 1 / DEFAULT_TICKS_PER_BEAT  # of a stretch, in beats
HIGHEST_KEY = 72  # MIDI pitch C5: what is above is the soloist's
FINAL_BEATS = 4.0
WARMING = ("C", "Am7", "E7(#9)")  # chords whose voicings load what the first beat would wait for


class Band:
    """Keys and bass."""

    def __init__(
        self,
        meter: Meter,
        style: str,
        *,
        bpm_at: Callable[[], float],
        voicing: str | None = None,
        swing: float | None = None,
        seed: int = 0,
    ) -> None:
        """Sit down.

        Args:
            meter: of all bars, whole quarter notes.
            style: a name of chords.events.STYLES.
            bpm_at: the tempo as it is now, in quarter notes a minute.
            voicing: a style of theory.voicing; None for the style's own.
            swing: per cent of a pair that its first note takes; None for the style's own.
            seed: of the players' dice; the same calls then give the same bytes.

        Raises:
            ParameterError: no such style, or no such voicing.
        """
        playing = felt(style, swing)
        self.bpm_at = bpm_at
        self.voicing = voicing or playing.voicing
        self.highest = min(style_named(self.voicing).high, HIGHEST_KEY)
        self.bar_beats = bar_beats(meter)
        dice = np.random.default_rng([seed, DICE])
        self.players = Players(playing, meter, C_MAJOR, bpm_at(), dice)
        self.keys, self.bass = Line("keys"), Line("bass", is_single=True)
        self.hand_strokes: list[Stroke] = []
        self.bass_strokes: list[Stroke] = []
        self.symbol = NONE
        self.tones: tuple[int, ...] = ()  # as voiced, the bass first; none in silence
        self.led_from: tuple[int, ...] = ()  # the tones before a silence, too
        self.planned = float("-inf")  # the strokes are known up to this beat
        self.degree = "root"  # that the bass played last
        self.is_seated = False
        for symbol in WARMING:
            self.voiced(parse_chord(symbol), C_MAJOR)

    def beat(
        self, decision: Decision, dynamics: float = 1.0, next_change: float | None = None
    ) -> list[Event]:
        """What is due from the decision's beat on, up to the next beat without it.

        Args:
            decision: of this beat; called once a beat, in order.
            dynamics: what velocities are multiplied by.
            next_change: the beat on which another chord is expected, where one is; without it the
                players take the chord to last to the end of the bar.

        Returns:
            Messages by beat. The first time the programs of both parts are before all.
        """
        beat = decision.beat
        events = [*self.seated(beat), *self.turned(decision)]
        if self.tones and beat >= self.planned:
            self.plan(beat, next_change)
        following = self.following(decision.coming)
        hand = self.played_hand(self.due(self.hand_strokes, beat))
        low = self.played_bass(self.due(self.bass_strokes, beat), following)
        for line, notes in ((self.keys, hand), (self.bass, low)):
            fitting = [within(note, beat, dynamics) for note in notes]
            events += line.played(fitting, beat + 1.0)
        return in_order(events)

    def stop(self, beat: float) -> list[Event]:
        """The end of all that sounds, at a beat; the band may go on after it."""
        self.symbol, self.tones = NONE, ()
        self.drop()
        return [*self.keys.silenced(beat), *self.bass.silenced(beat)]

    def finish(
        self, decision: Decision, dynamics: float = 1.0, beats: float = FINAL_BEATS
    ) -> list[Event]:
        """The decided chord once more, held for so many beats, and then the end of all."""
        beat = decision.beat
        events = [*self.seated(beat), *self.turned(decision)]
        if self.tones:
            chord = PlacedChord(self.symbol, beat, beats)
            hand, low = (
                self.players.strokes(chord, patterns, held, is_last=True)
                for patterns, held in (
                    (self.players.hands, SUSTAINED),
                    (self.players.basses, SUSTAINED_BASS),
                )
            )
            notes = ((self.keys, self.played_hand(hand)), (self.bass, self.played_bass(low, None)))
            for line, each in notes:
                fitting = [within(note, beat, dynamics) for note in each]
                events += line.played(fitting, beat + SHORTEST)
        return in_order([*events, *self.stop(beat + beats)])

    def seated(self, beat: float) -> Iterator[Event]:
        """The programs of both parts, the first time."""
        if not self.is_seated:
            self.is_seated = True
            yield program_event(beat, "keys", self.players.playing.keys_program)
            yield program_event(beat, "bass", self.players.playing.bass_program)

    def turned(self, decision: Decision) -> list[Event]:
        """Tempo, key and chord are as they are now; the chord that is left ends."""
        key = decision.key.tonality
        self.players.bpm, self.players.scale = self.bpm_at(), scale_pcs(key)
        if sound_of(decision.symbol) == sound_of(self.symbol):
            return []
        events = self.stop(decision.beat)
        self.symbol = decision.symbol
        self.tones = self.voiced(decision.symbol, key)
        self.led_from = self.tones or self.led_from
        return events

    def voiced(self, symbol: ChordSymbol, key: Tonality) -> tuple[int, ...]:
        """The pitches of a chord, led from those before; none for silence."""
        (found,) = voice(
            [symbol],
            self.voicing,
            high=self.highest,
            previous=self.led_from,
            keys=[key],
            bass=True,
        )
        return found.pitches

    def drop(self) -> None:
        """Forget what was meant to be played."""
        self.hand_strokes, self.bass_strokes, self.planned = [], [], float("-inf")

    def plan(self, beat: float, next_change: float | None) -> None:
        """Strokes for the rest of the bar, or up to where another chord may come."""
        end = beat + self.bar_beats - beat % self.bar_beats
        if next_change is not None and next_change > beat:
            end = min(end, float(ceil(next_change)))
        self.hand_strokes = list(self.strokes(beat, end, self.players.hands, SUSTAINED))
        self.bass_strokes = list(self.strokes(beat, end, self.players.basses, SUSTAINED_BASS))
        self.planned = end

    def strokes(
        self, beat: float, end: float, patterns: list[Pattern], held: int
    ) -> Iterator[Stroke]:
        """Patterns from one beat to another; from amid a counted beat it is held to the next."""
        unit = self.players.unit
        counted = min(beat + -(beat % self.bar_beats) % unit, end)
        for start, stop, is_held in ((beat, counted, True), (counted, end, False)):
            if stop > start:
                chord = PlacedChord(self.symbol, start, stop - start)
                yield from self.players.strokes(chord, patterns, held, is_held)

    def due(self, strokes: list[Stroke], beat: float) -> list[Stroke]:
        """The strokes that begin before the next beat."""
        return [stroke for stroke in strokes if beat <= stroke.start < beat + 1.0]

    def played_hand(self, strokes: Iterable[Stroke]) -> list[Note]:
        """The keys' notes of strokes."""
        return [note for each in strokes for note in self.players.hand_notes(each, self.tones)]

    def played_bass(self, strokes: Iterable[Stroke], following: int | None) -> list[Note]:
        """The bass's notes of strokes."""
        notes = []
        for stroke in strokes:
            is_last = stroke.start >= self.planned - self.players.unit
            is_sure = is_last and following is not None
            known = replace(stroke, degree=self.degree_of(stroke, is_sure))
            self.degree = known.degree
            notes.append(self.players.bass_note(known, self.tones[0], self.symbol, following))
        return notes

    def degree_of(self, stroke: Stroke, is_sure: bool) -> str:
        """The stroke's degree; a step to who knows where is a tone of the chord, or stays."""
        if stroke.degree != "to" or is_sure:
            return stroke.degree
        if stroke.length < WALKING * self.players.unit:
            return "root"
        return "third" if self.degree == "fifth" else "fifth"

    def following(self, coming: tuple[Choice, ...]) -> int | None:
        """The bass of the chord that is nearly sure to come where the strokes end, or None."""
        first = coming[0] if coming else None
        if first is None or not self.tones or not first.symbol.is_chord:
            return None
        is_next = first.beat is None or first.beat == self.planned
        if first.probability < SURE or not is_next:
            return None
        low = self.tones[0]
        return min(bass_pitches(first.symbol), key=lambda pitch: (abs(pitch - low), pitch))


def felt(style: str, swing: float | None) -> PlayingStyle:
    """The playing of a style, swing_beat as asked.

    Raises:
        ParameterError: no such style.
    """
    if style not in STYLES:
        raise ParameterError(f"--style is one of {', '.join(STYLES)}, not '{style}'")
    playing = PLAYING_STYLES[STYLES[STYLES.index(style)]]
    return playing if swing is None else replace(playing, swing=(swing, playing.swing[1]))


def within(note: Note, beat: float, dynamics: float) -> Note:
    """The note as loud as asked, beginning in the stretch after a beat."""
    start = min(max(note.start_beats, beat), beat + LAST_TICK)
    loud = min(max(round(note.velocity * dynamics), VELOCITIES[0]), VELOCITIES[1])
    lasts = to_tick(max(note.start_beats + note.duration_beats - start, SHORTEST))
    return msgspec.structs.replace(note, start_beats=start, duration_beats=lasts, velocity=loud)


def in_order(events: Iterable[Event]) -> list[Event]:
    """By beat; what falls together stays as it was."""
    return sorted(events, key=lambda event: event.beat)
