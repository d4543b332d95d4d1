"""Keys and bass that play the decided chords, one step (grid.py) at a time.

They play the patterns of their style as `muse chords` does, but know a chord only from the step on
which it is decided: a pattern is planned for the rest of the bar, and dropped when another chord
comes. Nothing is anticipated, except that the bass may step towards a next chord that is nearly
certain. Meters with uneven steps, such as 7/8, have patterns for each group of eighths.

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
from muse.tools.chords.style import PLAYING_STYLES, GroupPlace, Pattern, PlayingStyle
from muse.tools.datasets.chord_events import STYLES, Style
from muse.tools.errors import ParameterError
from muse.tools.jam.band.lines import Line, program_event
from muse.tools.jam.events import BandEvent, BandPart, ChordCandidate, Decision
from muse.tools.jam.grid import Step, StepGrid
from muse.tools.jam.section_styles import StylePlan
from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Note
from muse.tools.song.meter import TOUCH
from muse.tools.theory.chords import NONE, ChordSymbol, parse_chord, sound_of
from muse.tools.theory.keys import C_MAJOR, Tonality, scale_pcs
from muse.tools.theory.voicing import bass_pitches, find_style, voice

RNG_STREAM = 7  # separates the band's random numbers from others of the same seed
SURE_PROBABILITY = 0.5  # probability from which the bass steps towards the next chord
MIN_WALKING = 0.6  # counted beats; shorter bass notes stay on the root
LAST_TICK = 1 / DEFAULT_TICKS_PER_BEAT  # quarter notes: the latest onset before the next step
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
        grid: StepGrid,
        styles: StylePlan,
        *,
        bpm_at: Callable[[], float],
        voicing: str | None = None,
        swing: float | None = None,
        seed: int = 0,
    ) -> None:
        """Set up the players.

        Args:
            grid: the bars.
            styles: the style on each beat, names of datasets.chord_events.STYLES.
            bpm_at: returns the current tempo, in quarter notes per minute.
            voicing: a style of theory.voicing; None for that of each style.
            swing: percent of a pair of eighths that the first one lasts; None for the style's own.
            seed: of the players' variation; the same calls then give the same bytes.

        Raises:
            ParameterError: the style or voicing is unknown.
        """
        self.grid, self.styles, self.bpm_at = grid, styles, bpm_at
        self.playings = {style: playing_style(style, swing, voicing) for style in styles.styles}
        for playing in self.playings.values():
            find_style(playing.voicing)
        self.rng = np.random.default_rng([seed, RNG_STREAM])
        self.players_by_kind: dict[tuple[str, float], Players] = {}
        self.players = self.players_at(grid.step(0))
        self.keys, self.bass = Line("keys"), Line("bass", is_single=True)
        self.hand_strokes: list[Stroke] = []
        self.bass_strokes: list[Stroke] = []
        self.symbol = NONE
        self.pitches: tuple[int, ...] = ()  # of the chord, bass first; none in silence
        self.previous_pitches: tuple[int, ...] = ()  # kept during silence
        self.planned_until = float("-inf")  # end of the planned strokes
        self.degree = "root"  # of the last bass note
        self.programs: dict[BandPart, int] = {}
        for symbol in WARM_UP:
            self.voice_chord(parse_chord(symbol), C_MAJOR)

    @property
    def voicing(self) -> str:
        """The style of voicing."""
        return self.players.playing.voicing

    @property
    def highest(self) -> int:
        """Highest pitch of the keys."""
        return min(find_style(self.voicing).high, MAX_PITCH)

    def style_at(self, beat: float) -> Style:
        """Return the style on a beat."""
        return STYLES[STYLES.index(self.styles.at(beat))]

    def step(
        self, decision: Decision, dynamics: float = 1.0, next_change: float | None = None
    ) -> list[BandEvent]:
        """Return what is due from the decision's step on, up to the next step.

        Args:
            decision: of this step; call once a step, in order.
            dynamics: factor for velocities.
            next_change: the beat on which another chord is expected; None takes the chord to last
                to the end of the bar.

        Returns:
            messages by beat; programs come first where they change.
        """
        step = self.grid.step_of(decision.beat)
        events = self.enter_step(step, decision)
        if self.pitches and step.beat >= self.planned_until - TOUCH:
            self.plan_strokes(step, next_change)
        next_bass = self.next_bass(decision.upcoming)
        hand = self.hand_notes_of(due_strokes(self.hand_strokes, step))
        low = self.bass_notes_of(due_strokes(self.bass_strokes, step), next_bass)
        for line, notes in ((self.keys, hand), (self.bass, low)):
            fitting = [fit_note(note, step.beat, step.length, dynamics) for note in notes]
            events += line.play(fitting, step.end)
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
        step = self.grid.step_of(decision.beat)
        beat, events = step.beat, self.enter_step(step, decision)
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
                fitting = [fit_note(note, beat, step.length, dynamics) for note in each]
                events += line.play(fitting, beat + SHORTEST)
        return sort_events([*events, *self.stop(beat + beats)])

    def players_at(self, step: Step) -> Players:
        """Return the players of the style and meter of a step; a new pair the first time."""
        style = self.style_at(step.beat)
        unit = 4.0 / step.meter.denominator if step.is_uneven else step.grouped.step_beats[0]
        if (style, unit) not in self.players_by_kind:
            self.players_by_kind[style, unit] = Players(
                self.playings[style], step.meter, C_MAJOR, self.bpm_at(), self.rng, unit
            )
        return self.players_by_kind[style, unit]

    def enter_step(self, step: Step, decision: Decision) -> list[BandEvent]:
        """Update style, meter, tempo, key and chord; return programs and note-offs."""
        players = self.players_at(step)
        events = []
        if players is not self.players:
            self.players = players
            events = self.stop(step.beat)
        players.origin = step.bar_end - sum(step.bar_steps)
        return [*events, *self.select_programs(step.beat), *self.change_chord(decision)]

    def select_programs(self, beat: float) -> Iterator[BandEvent]:
        """Yield the programs of both parts where they change."""
        playing = self.players.playing
        wanted: dict[BandPart, int] = {"keys": playing.keys_program, "bass": playing.bass_program}
        for part, program in wanted.items():
            if self.programs.get(part) != program:
                self.programs[part] = program
                yield program_event(beat, part, program)

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

    def plan_strokes(self, step: Step, next_change: float | None) -> None:
        """Plan strokes for the rest of the bar, or up to the next expected chord."""
        end = step.bar_end
        if next_change is not None and next_change > step.beat:
            last = self.grid.step(ceil(self.grid.position_at(next_change) - TOUCH))
            end = min(end, last.beat)
        hands, basses = self.players.hands, self.players.basses
        self.hand_strokes = list(self.strokes(step, end, hands, SUSTAINED))
        self.bass_strokes = list(self.strokes(step, end, basses, SUSTAINED_BASS))
        self.planned_until = end

    def strokes(
        self, step: Step, end: float, patterns: list[Pattern], held: int
    ) -> Iterator[Stroke]:
        """Yield strokes of the patterns, or those of each group in an uneven meter."""
        if not step.is_uneven:
            chord = PlacedChord(self.symbol, step.beat, end - step.beat)
            yield from self.players.strokes(chord, patterns, held, is_last=False)
            return
        cells = self.players.playing.hand_groups
        if patterns is self.players.basses:
            cells = self.players.playing.bass_groups
        place: GroupPlace = "first"  # also where a chord begins inside the bar
        while step.beat < end - TOUCH:
            units = round(step.length / self.players.unit)
            yield from self.players.group_strokes(cells, step.beat, units, place)
            step = self.grid.step(step.number + 1)
            place = group_place(step)

    def hand_notes_of(self, strokes: Iterable[Stroke]) -> list[Note]:
        """Return the keys' notes of strokes."""
        return [note for each in strokes for note in self.players.hand_notes(each, self.pitches)]

    def bass_notes_of(self, strokes: Iterable[Stroke], next_bass: int | None) -> list[Note]:
        """Return the bass's notes of strokes."""
        notes = []
        for stroke in strokes:
            is_last = stroke.start >= self.planned_until - self.players.unit - TOUCH
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


def due_strokes(strokes: list[Stroke], step: Step) -> list[Stroke]:
    """Return the strokes that begin within a step."""
    return [stroke for stroke in strokes if step.beat - TOUCH <= stroke.start < step.end - TOUCH]


def group_place(step: Step) -> GroupPlace:
    """Return the place of a group in its bar: the first, the last, or another."""
    if step.is_bar_line:
        return "first"
    return "last" if step.place == len(step.bar_steps) - 1 else "other"


def playing_style(style: str, swing: float | None, voicing: str | None) -> PlayingStyle:
    """Return the playing style of a chord style, with another swing or voicing where one is given.

    Raises:
        ParameterError: the style is unknown.
    """
    if style not in STYLES:
        raise ParameterError(f"--style is one of {', '.join(STYLES)}, not '{style}'")
    playing = PLAYING_STYLES[STYLES[STYLES.index(style)]]
    if swing is not None:
        playing = replace(playing, swing=(swing, playing.swing[1]))
    return playing if voicing is None else replace(playing, voicing=voicing)


def fit_note(note: Note, beat: float, length: float, dynamics: float) -> Note:
    """Return the note with its velocity scaled, and its onset within a step."""
    start = min(max(note.start_beats, beat), beat + length - LAST_TICK)
    loud = min(max(round(note.velocity * dynamics), VELOCITIES[0]), VELOCITIES[1])
    lasts = to_tick(max(note.start_beats + note.duration_beats - start, SHORTEST))
    return msgspec.structs.replace(note, start_beats=start, duration_beats=lasts, velocity=loud)


def sort_events(events: Iterable[BandEvent]) -> list[BandEvent]:
    """Return events by beat; simultaneous ones stay in their order."""
    return sorted(events, key=lambda event: event.beat)
