"""Which chord to play on each beat: ear and brain together, and how long to hold on to a chord.

A plain deterministic object: it knows neither clocks nor threads. It is asked for a Decision just
before each beat, and for the Thought, the brain's share of the next one, just after.

Conventions: beats are quarter notes from the first bar line. A change of chord must be likelier
than the chord that sounds by a factor, the more the weaker the beat.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.constraints import id_of
from muse.tools.chords.model import ChordModel
from muse.tools.chords.style import played_symbol
from muse.tools.datasets.chord_events import STYLES, Context, Style, symbol_of_id
from muse.tools.errors import ParameterError
from muse.tools.jam.events import Choice, Decision, Plan, Thought
from muse.tools.jam.harmony.beat_features import (
    KINDS,
    PLACES,
    SILENT_SLOT,
    SLOTS,
    TRIADS,
    listened,
    moved_home,
    place_of,
    symbol_of_triad,
)
from muse.tools.jam.harmony.chord_predictor import TRIAD_OF_ID, Brain, Outlook
from muse.tools.jam.harmony.expert_mix import Merged, Mix
from muse.tools.jam.harmony.key_parameters import home_of
from muse.tools.jam.harmony.key_tracker import KeyEar
from muse.tools.jam.harmony.melody_listener import Ear
from muse.tools.jam.harmony.parameters import MixTables, load_tables
from muse.tools.jam.solo import Solo
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality

Floats = NDArray[np.float64]

# by place, how much likelier another chord must be: this costs a tenth of a point of agreement with
# songs, and takes away half of the changes on weak beats, of which songs have few
CHANGE_FACTORS = (1.0, 1.0, 2.0)
PAST_BEATS = 64  # chords that the brain looks back on, and up to as many more
MOST_MISSED = 64  # beats that are caught up with at once
MOST_HEARD = 64  # notes of a beat that are looked at
SHOWN = 3  # chords of ear and of brain that a Decision tells
assert len(CHANGE_FACTORS) == PLACES


class Harmonist:
    """Hears a solo and decides the chords under it."""

    def __init__(
        self,
        meter: Meter,
        *,
        key: Tonality | None,
        style: str,
        model: ChordModel,
        mix: float | None = None,
        ahead: int = 4,
        seed: int = 0,
        tables: MixTables | None = None,
    ) -> None:
        """Sit down.

        Args:
            meter: of all bars.
            key: the player's; None where it is to be heard.
            style: a name of chords.events.STYLES.
            model: the brain.
            mix: share of the ear, 0 to 1; None for what was learnt.
            ahead: chords to plan.
            seed: of what is drawn while nothing was heard.
            tables: what was learnt; None for what ships with muse.

        Raises:
            ParameterError: no such style, or no such mix.
        """
        if style not in STYLES:
            raise ParameterError(f"--style is one of {', '.join(STYLES)}, not '{style}'")
        self.meter = meter
        self.style: Style = STYLES[STYLES.index(style)]
        self.tables = tables or load_tables()
        self.keys = KeyEar(self.tables, key)
        self.ear = Ear(self.tables)
        self.ear.listen_in(home_of(self.keys.heard.tonality))
        self.brain = Brain(model, ahead)
        self.mix = Mix(self.tables, mix)
        self.seed = seed
        self.next_beat: int | None = None  # the first that was not heard to its end
        self.chords: list[int] = []  # ids by beat, the first on a bar line
        self.symbol: ChordSymbol | None = None
        self.begins = np.full(SLOTS, SILENT_SLOT)  # of the beat that was decided last

    def thought(self, beat: float, solo: Solo) -> Thought:
        """The brain's work for the decision at a beat; what it needs is taken now.

        Args:
            beat: of the decision.
            solo: what was played; the brain does not look at it.
        """
        chords = tuple(self.chords)
        key = self.keys.heard.tonality
        context = self.context(key)

        def think() -> Plan:
            outlook = self.brain.outlook(chords, context, beat, key.tonic)
            return Plan(beat, outlook, outlook.coming)

        return think

    def decide(self, beat: float, solo: Solo, plan: Plan | None) -> Decision:
        """The chord from a beat on.

        Args:
            beat: a whole number, in order.
            solo: what was played so far.
            plan: the brain's; None, or one for another beat, is late.
        """
        number = round(beat)
        self.catch_up(number, solo)
        heard = self.keys.heard
        outlook = outlook_of(plan, beat)
        merged = self.merged(number, solo, outlook)
        triad = self.chosen(merged, number)
        symbol = self.worded(triad, outlook, heard.tonality)
        changes = symbol != self.symbol
        self.symbol = symbol
        self.remember(number, symbol)
        return Decision(
            float(beat),
            symbol,
            float(merged.triads[triad]),
            changes,
            merged.who,
            outlook is None,
            heard,
            self.shown(merged.ear, heard.tonality),
            () if merged.brain is None else self.shown(merged.brain, heard.tonality),
            outlook.coming if outlook else (),
        )

    def merged(self, number: int, solo: Solo, outlook: Outlook | None) -> Merged:
        """What ear and brain say of a beat that begins."""
        self.ear.listen_in(home_of(self.keys.heard.tonality))
        place = place_of(number, self.meter)
        sound = listened(solo.since(float(number))[-MOST_HEARD:], number, place)
        self.begins = sound.slots
        brain = moved_home(outlook.triads, self.ear.home) if outlook else None
        return self.mix.merged(self.ear.expect(sound, place), brain, place, self.keys.has_heard)

    def catch_up(self, number: int, solo: Solo) -> None:
        """Hear all beats before this one to their ends."""
        if self.next_beat is None:
            self.next_beat = number
        for beat in range(max(self.next_beat, number - MOST_MISSED), number):
            place = place_of(beat, self.meter)
            sound = listened(solo.since(float(beat))[-MOST_HEARD:], beat, place)
            self.keys.hear(sound)
            self.ear.listen_in(home_of(self.keys.heard.tonality))
            self.ear.hear(sound, place)
        self.next_beat = max(self.next_beat, number)

    def chosen(self, merged: Merged, number: int) -> int:
        """The triad to play: the likeliest, unless the one that sounds is nearly as likely."""
        if not self.keys.has_heard:
            return self.drawn(merged.triads, number)
        best = int(merged.triads.argmax())
        now = self.triad_now()
        if now is None:
            return best
        factor = CHANGE_FACTORS[place_of(number, self.meter)]
        holds = merged.triads[best] <= factor * merged.triads[now]
        return now if holds else best

    def drawn(self, triads: Floats, number: int) -> int:
        """A triad by its odds, while there is no solo; the beat and the seed decide."""
        rng = np.random.default_rng((self.seed, number % 2**32))
        return int(rng.choice(len(triads), p=triads / triads.sum()))

    def triad_now(self) -> int | None:
        """The triad that sounds, in the key that the ear listens in."""
        if self.symbol is None:
            return None
        triad = int(TRIAD_OF_ID[id_of(self.symbol)])
        return (triad - self.ear.home * len(KINDS)) % TRIADS

    def worded(self, triad: int, outlook: Outlook | None, key: Tonality) -> ChordSymbol:
        """The chord that is played upon a triad; one that goes on stays as it is."""
        if self.symbol is not None and triad == self.triad_now():
            return self.symbol
        absolute = (triad + self.ear.home * len(KINDS)) % TRIADS
        number = outlook.id_of(absolute) if outlook else None
        if number is None:
            plain = symbol_of_triad(triad, self.ear.home, key.tonic)
        else:
            plain = symbol_of_id(number, 0, key.tonic)
        return played_symbol(plain, key, self.style)

    def remember(self, number: int, symbol: ChordSymbol) -> None:
        """Keep the chord for the brain, whose window begins on a bar line."""
        bar = max(round(bar_beats(self.meter)), 1)
        if not self.chords and number % bar:
            return
        self.chords.append(id_of(symbol))
        if len(self.chords) >= 2 * PAST_BEATS:
            self.chords = self.chords[PAST_BEATS // bar * bar :]

    def shown(self, triads: Floats, key: Tonality) -> tuple[Choice, ...]:
        """The likeliest of a distribution."""
        best = triads.argsort(kind="stable")[::-1][:SHOWN]
        return tuple(
            Choice(symbol_of_triad(int(triad), self.ear.home, key.tonic), float(triads[triad]))
            for triad in best
        )

    def context(self, key: Tonality) -> Context:
        """What the brain is told of the piece."""
        return Context(
            key.tonic_pc, key.mode, self.style, self.meter.numerator, self.meter.denominator
        )


def outlook_of(plan: Plan | None, beat: float) -> Outlook | None:
    """What the brain made of a beat; None where it is late, or thought of another beat."""
    if plan is None or plan.for_beat != beat or not isinstance(plan.given, Outlook):
        return None
    return plan.given
