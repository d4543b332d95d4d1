"""Keys and bass that play the decided chords, one beat at a time.

They play the patterns of their style as `muse chords` does, but know a chord only from the beat on
which it is decided: a pattern is planned for the rest of the bar, and dropped when another chord
comes. Nothing is anticipated, except that the bass may step towards a next chord that is nearly
certain.

Conventions: as in events.py.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
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
from muse.tools.jam.events import BandEvent, ChordCandidate, Decision
from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Meter, Note
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import NONE, ChordSymbol, parse_chord, sound_of
from muse.tools.theory.keys import C_MAJOR, Tonality, scale_pcs
from muse.tools.theory.voicing import bass_pitches, find_style, voice

RNG_STREAM = 7  # separates the band's random numbers from others of the same seed
SURE_PROBABILITY = 0.5  # probability from which the bass steps towards the next chord
MIN_WALKING = 0.6  # counted beats; shorter bass notes stay on the root
LAST_TICK = 1 - 1 / DEFAULT_TICKS_PER_BEAT  # of a beat, in beats
TRIAD_NUMBERS = (3, 4, 5)  # a fourth replaces the third
PLAIN_VOICING = "drop-2"  # which adds no tones
MAX_PITCH = 72  # C5; higher pitches are left to the soloist
FINAL_BEATS = 4.0
WARM_UP = (
    "C",
    "Am7",
    "E7(#9)",
)  # voiced at the start, so that the first beat does not wait for caches


class Band:
    """The rhythm section."""

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
        """Set up the players.

        Args:
            meter: of all bars, whole quarter notes.
            style: a name of datasets.chord_events.STYLES.
            bpm_at: returns the current tempo, in quarter notes per minute.
            voicing: a style of theory.voicing; None for the style's own.
            swing: percent of a pair of eighths that the first one lasts; None for the style's own.
            seed: of the players' variation; the same calls then give the same bytes.

        Raises:
            ParameterError: the style or voicing is unknown.
        """
        playing = playing_style(style, swing)
        self.bpm_at = bpm_at
        self.voicing = voicing or playing.voicing
        self.highest = min(find_style(self.voicing).high, MAX_PITCH)
        self.bar_beats = bar_beats(meter)
        rng = np.random.default_rng([seed, RNG_STREAM])
        self.players = Players(playing, meter, C_MAJOR, bpm_at(), rng)
        self.keys, self.bass = Line("keys"), Line("bass", is_single=True)
        self.hand_strokes: list[Stroke] = []
        self.bass_strokes: list[Stroke] = []
        self.symbol = NONE
        self.pitches: tuple[int, ...] = ()  # of the chord, bass first; none in silence
        self.previous_pitches: tuple[int, ...] = ()  # kept during silence
        self.planned_until = float("-inf")  # end of the planned strokes
        self.degree = "root"  # of the last bass note
        self.has_programs = False
        for symbol in WARM_UP:
            self.voice_chord(parse_chord(symbol), C_MAJOR)

    def beat(
        self, decision: Decision, dynamics: float = 1.0, next_change: float | None = None
    ) -> list[BandEvent]:
        """Return what is due from the decision's beat on, up to the next beat.

        Args:
            decision: of this beat; call once a beat, in order.
            dynamics: factor for velocities.
            next_change: the beat on which another chord is expected; None takes the chord to last
                to the end of the bar.

        Returns:
            messages by beat; on the first call the programs of both parts come first.
        """
        beat = decision.beat
        events = [*self.select_programs(beat), *self.change_chord(decision)]
        if self.pitches and beat >= self.planned_until:
            self.plan_strokes(beat, next_change)
        next_bass = self.next_bass(decision.upcoming)
        hand = self.hand_notes_of(self.due_strokes(self.hand_strokes, beat))
        low = self.bass_notes_of(self.due_strokes(self.bass_strokes, beat), next_bass)
        for line, notes in ((self.keys, hand), (self.bass, low)):
            fitting = [fit_note(note, beat, dynamics) for note in notes]
            events += line.play(fitting, beat + 1.0)
        return sort_events(events)

    def stop(self, beat: float) -> list[BandEvent]:
        """Return note-offs at a beat for all that sounds; the band may go on after it."""
        self.symbol, self.pitches = NONE, ()
        self.clear_strokes()
        return [*self.keys.silence(beat), *self.bass.silence(beat)]

    def finish(
        self, decision: Decision, dynamics: float = 1.0, beats: float = FINAL_BEATS
    ) -> list[BandEvent]:
        """Return the ending: the decided chord once more, held for some beats."""
        beat = decision.beat
        events = [*self.select_programs(beat), *self.change_chord(decision)]
        if self.pitches:
            chord = PlacedChord(self.symbol, beat, beats)
            hand, low = (
                self.players.strokes(chord, patterns, held, is_last=True)
                for patterns, held in (
                    (self.players.hands, SUSTAINED),
                    (self.players.basses, SUSTAINED_BASS),
                )
            )
            notes = (
                (self.keys, self.hand_notes_of(hand)),
                (self.bass, self.bass_notes_of(low, None)),
            )
            for line, each in notes:
                fitting = [fit_note(note, beat, dynamics) for note in each]
                events += line.play(fitting, beat + SHORTEST)
        return sort_events([*events, *self.stop(beat + beats)])

    def select_programs(self, beat: float) -> Iterator[BandEvent]:
        """Yield the programs of both parts, the first time only."""
        if not self.has_programs:
            self.has_programs = True
            yield program_event(beat, "keys", self.players.playing.keys_program)
            yield program_event(beat, "bass", self.players.playing.bass_program)

    def change_chord(self, decision: Decision) -> list[BandEvent]:
        """Update tempo, key and chord; return note-offs if the chord has changed."""
        key = decision.key.tonality
        self.players.bpm, self.players.scale = self.bpm_at(), scale_pcs(key)
        if sound_of(decision.symbol) == sound_of(self.symbol):
            return []
        symbol, before = decision.symbol, self.symbol
        pitches = self.voice_chord(symbol, key, decision.avoided)
        if symbol.is_chord and same_triad(symbol, before):
            gone = [pitch for pitch in self.keys.ends if pitch not in pitches]
            events = list(self.keys.cut(gone, decision.beat))
        else:
            events = self.stop(decision.beat)
        self.symbol, self.pitches = symbol, pitches
        self.previous_pitches = self.pitches or self.previous_pitches
        return events

    def voice_chord(
        self, symbol: ChordSymbol, key: Tonality, avoided: Collection[int] = ()
    ) -> tuple[int, ...]:
        """Return the pitches of a chord, led from the former ones; none for no chord.

        Where the style would add a tone that is to be avoided, the chord has its own tones only.
        """
        pitches = self.voice_in(self.voicing, symbol, key)
        added = {pitch % 12 for pitch in pitches} - set(symbol.pitch_classes)
        return self.voice_in(PLAIN_VOICING, symbol, key) if added & set(avoided) else pitches

    def voice_in(self, voicing: str, symbol: ChordSymbol, key: Tonality) -> tuple[int, ...]:
        """Return the pitches of a chord in a style of voicing."""
        (found,) = voice(
            [symbol],
            voicing,
            high=self.highest,
            previous=self.previous_pitches,
            keys=[key],
            bass=True,
        )
        return found.pitches

    def clear_strokes(self) -> None:
        """Drop the planned strokes."""
        self.hand_strokes, self.bass_strokes, self.planned_until = [], [], float("-inf")

    def plan_strokes(self, beat: float, next_change: float | None) -> None:
        """Plan strokes for the rest of the bar, or up to the next expected chord."""
        end = beat + self.bar_beats - beat % self.bar_beats
        if next_change is not None and next_change > beat:
            end = min(end, float(ceil(next_change)))
        self.hand_strokes = list(self.strokes(beat, end, self.players.hands, SUSTAINED))
        self.bass_strokes = list(self.strokes(beat, end, self.players.basses, SUSTAINED_BASS))
        self.planned_until = end

    def strokes(
        self, beat: float, end: float, patterns: list[Pattern], held: int
    ) -> Iterator[Stroke]:
        """Yield strokes of the patterns; the rest of a counted beat gets a held one."""
        unit = self.players.unit
        counted = min(beat + -(beat % self.bar_beats) % unit, end)
        for start, stop, is_held in ((beat, counted, True), (counted, end, False)):
            if stop > start:
                chord = PlacedChord(self.symbol, start, stop - start)
                yield from self.players.strokes(chord, patterns, held, is_held)

    def due_strokes(self, strokes: list[Stroke], beat: float) -> list[Stroke]:
        """Return the strokes that begin before the next beat."""
        return [stroke for stroke in strokes if beat <= stroke.start < beat + 1.0]

    def hand_notes_of(self, strokes: Iterable[Stroke]) -> list[Note]:
        """Return the keys' notes of strokes."""
        return [note for each in strokes for note in self.players.hand_notes(each, self.pitches)]

    def bass_notes_of(self, strokes: Iterable[Stroke], next_bass: int | None) -> list[Note]:
        """Return the bass's notes of strokes."""
        notes = []
        for stroke in strokes:
            is_last = stroke.start >= self.planned_until - self.players.unit
            is_sure = is_last and next_bass is not None
            known = replace(stroke, degree=self.degree_of(stroke, is_sure))
            self.degree = known.degree
            notes.append(self.players.bass_note(known, self.pitches[0], self.symbol, next_bass))
        return notes

    def degree_of(self, stroke: Stroke, is_sure: bool) -> str:
        """Return the stroke's degree; a step towards an uncertain chord becomes a chord tone."""
        if stroke.degree != "to" or is_sure:
            return stroke.degree
        if stroke.length < MIN_WALKING * self.players.unit:
            return "root"
        return "third" if self.degree == "fifth" else "fifth"

    def next_bass(self, upcoming: tuple[ChordCandidate, ...]) -> int | None:
        """Return the bass pitch of the next chord if it is nearly certain where the strokes end."""
        first = upcoming[0] if upcoming else None
        if first is None or not self.pitches or not first.symbol.is_chord:
            return None
        is_next = first.beat is None or first.beat == self.planned_until
        if first.probability < SURE_PROBABILITY or not is_next:
            return None
        low = self.pitches[0]
        return min(bass_pitches(first.symbol), key=lambda pitch: (abs(pitch - low), pitch))


def same_triad(symbol: ChordSymbol, other: ChordSymbol) -> bool:
    """Return whether two chords have the same root, bass, third and fifth."""
    one, two = (
        (each.root_pc, each.bass_pc, [i for i in each.intervals if i.number in TRIAD_NUMBERS])
        for each in (symbol, other)
    )
    return one == two


def playing_style(style: str, swing: float | None) -> PlayingStyle:
    """Return the playing style of a chord style, with another swing where one is given.

    Raises:
        ParameterError: the style is unknown.
    """
    if style not in STYLES:
        raise ParameterError(f"--style is one of {', '.join(STYLES)}, not '{style}'")
    playing = PLAYING_STYLES[STYLES[STYLES.index(style)]]
    return playing if swing is None else replace(playing, swing=(swing, playing.swing[1]))


def fit_note(note: Note, beat: float, dynamics: float) -> Note:
    """Return the note with its velocity scaled, and its onset within a beat."""
    start = min(max(note.start_beats, beat), beat + LAST_TICK)
    loud = min(max(round(note.velocity * dynamics), VELOCITIES[0]), VELOCITIES[1])
    lasts = to_tick(max(note.start_beats + note.duration_beats - start, SHORTEST))
    return msgspec.structs.replace(note, start_beats=start, duration_beats=lasts, velocity=loud)


def sort_events(events: Iterable[BandEvent]) -> list[BandEvent]:
    """Return events by beat; simultaneous ones stay in their order."""
    return sorted(events, key=lambda event: event.beat)
