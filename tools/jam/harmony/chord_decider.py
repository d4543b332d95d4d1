"""Decides the chord on each beat, from the melody listener and the chord model together.

A deterministic object without clocks or threads. Its driver asks for a ForecastTask (the chord
model's work for the next beat, which may run in another thread) right after a beat, and for a
Decision just before the next one.

Without a given key there is no chord until the player's first note.

Conventions: beats are quarter notes from the first bar line. A new chord must be more likely than
the current one by a factor, which is larger on weak beats.
"""

from dataclasses import replace
from math import floor

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.constraints import symbol_id
from muse.tools.chords.model import ChordModel
from muse.tools.chords.style import played_symbol
from muse.tools.datasets.chord_events import STYLES, Context, Style, symbol_of_id
from muse.tools.errors import ParameterError
from muse.tools.jam.events import ChordCandidate, ChordForecast, Decision, ForecastTask
from muse.tools.jam.harmony.beat_features import (
    KINDS,
    POSITIONS,
    SILENT_SLOT,
    SLOTS,
    TRIADS,
    BeatFeatures,
    extract_beat_features,
    metrical_position,
    shift_home,
    symbol_of_triad,
)
from muse.tools.jam.harmony.blues_form import BluesForm
from muse.tools.jam.harmony.chord_color import ChordColor, choose_color, colors_of, near_pcs
from muse.tools.jam.harmony.chord_predictor import TRIAD_OF_ID, ChordPrediction, ChordPredictor
from muse.tools.jam.harmony.expert_mix import ExpertMix, MixResult
from muse.tools.jam.harmony.key_parameters import home_of
from muse.tools.jam.harmony.key_tracker import KeyTracker
from muse.tools.jam.harmony.melody_listener import MelodyListener
from muse.tools.jam.harmony.parameters import HarmonyParameters, load_harmony_parameters
from muse.tools.jam.solo import Solo
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import NONE, ChordSymbol, plainly_spelled
from muse.tools.theory.keys import Tonality

Floats = NDArray[np.float64]

# by metrical position, how much more likely a new chord must be: halves the chord changes on weak
# beats, which are rare in songs, for 0.1 percentage points less agreement with their chords
CHANGE_FACTORS = (1.0, 1.0, 2.0)
BLUES_PROBABILITY = 0.5  # from which the chords are those of a blues
CONTEXT_BEATS = 64  # past beats that the chord model reads at least; at most twice as many
MAX_MISSED_BEATS = 64  # beats that `catch_up` processes at once
MAX_NOTES = 64  # of one beat, the latest
SHOWN_CANDIDATES = 3  # of each model in a Decision
assert len(CHANGE_FACTORS) == POSITIONS


class ChordDecider:
    """Chord decisions under a solo, one a beat."""

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
        parameters: HarmonyParameters | None = None,
    ) -> None:
        """Set up the key tracker, the melody listener and the chord predictor.

        Args:
            meter: of all bars.
            key: the player's key; None detects it.
            style: a name of datasets.chord_events.STYLES.
            model: the chord model.
            mix: weight of the melody, 0 to 1; None uses the fitted mix.
            ahead: number of upcoming chords to predict.
            seed: for chords that are sampled before the player starts.
            parameters: fitted parameters; None loads those that ship with muse.

        Raises:
            ParameterError: the style is unknown, or the mix outside 0 to 1.
        """
        if style not in STYLES:
            raise ParameterError(f"--style must be one of {', '.join(STYLES)}, not '{style}'")
        self.meter = meter
        self.style: Style = STYLES[STYLES.index(style)]
        self.parameters = parameters or load_harmony_parameters()
        self.key_tracker = KeyTracker(self.parameters, key)
        self.listener = MelodyListener(self.parameters)
        self.listener.set_home(home_of(self.key_tracker.key.tonality))
        self.predictor = ChordPredictor(model, ahead)
        self.mix = ExpertMix(self.parameters, mix)
        self.blues_form = BluesForm()
        self.color = ChordColor()
        self.seed = seed
        self.waits_for_player = key is None
        self.avoided: frozenset[int] = frozenset()  # pitch classes that clash with the melody
        self.next_beat: int | None = None  # the first that is not complete
        self.chords: list[int] = []  # ids by beat, the first on a bar line
        self.symbol: ChordSymbol | None = None
        self.usual = NONE  # the current chord in the usual color of the style
        self.slots = np.full(SLOTS, SILENT_SLOT)  # of the beat that was decided last

    def forecast_task(self, beat: float) -> ForecastTask:
        """Return the chord model's work for the decision at a beat, on a snapshot of the chords."""
        chords = tuple(self.chords)
        key = self.key_tracker.key.tonality
        context = self.context(key)

        def predict() -> ChordForecast:
            prediction = self.predictor.predict(chords, context, beat, key.tonic)
            return ChordForecast(beat, prediction, prediction.upcoming)

        return predict

    def decide(self, beat: float, solo: Solo, forecast: ChordForecast | None) -> Decision:
        """Decide the chord from a beat on.

        Args:
            beat: a whole number, in ascending order.
            solo: what was played so far.
            forecast: from the chord model; None, or one for another beat, counts as late.
        """
        number = round(beat)
        self.catch_up(number, solo)
        features = self.features_of(number, solo)
        key = self.key_tracker.key_with(features)
        prediction = prediction_for(forecast, beat)
        is_late = prediction is None
        if self.waits_for_player and not self.key_tracker.has_notes:
            prediction = None  # it is for C major
        result = self.combine(number, features, prediction, key.tonality)
        if self.waits_for_player and not self.has_notes(features):
            symbol, probability = NONE, 1.0
        else:
            triad = self.choose_triad(result.triads, number, features)
            symbol = self.choose_symbol(triad, prediction, key.tonality, features)
            probability = float(result.triads[triad])
        changes = symbol != self.symbol
        self.symbol = symbol
        self.append_chord(number)
        return Decision(
            beat=float(beat),
            symbol=symbol,
            probability=probability,
            changes=changes,
            decided_by=result.decided_by,
            late=is_late,
            key=key,
            melody_candidates=self.top_candidates(result.melody, key.tonality),
            model_candidates=self.top_candidates(result.chord_model, key.tonality),
            upcoming=upcoming_in(key.tonality, prediction),
            avoided=self.avoided,
        )

    def has_notes(self, features: BeatFeatures) -> bool:
        """Return whether the player has played, up to the beat with these features."""
        return self.key_tracker.has_notes or bool(features.segments.any())

    def combine(
        self,
        number: int,
        features: BeatFeatures,
        prediction: ChordPrediction | None,
        key: Tonality,
    ) -> MixResult:
        """Combine what melody and chord model predict for the beat that begins.

        In a blues, its form counts as far as it explains the melody.
        """
        self.listener.set_home(home_of(key))
        position = metrical_position(number, self.meter)
        self.slots = features.slots
        melody = self.listener.predict(features, position)
        model = shift_home(prediction.triads, self.listener.home) if prediction else None
        result = self.mix.combine(melody, model, position, self.has_notes(features))
        blues = self.key_tracker.blues_probability * self.blues_form.probability(key.tonic_pc)
        if not blues or self.mix.constant is not None:
            return result
        form = self.blues_form.predict(features, position, key.tonic_pc)
        return replace(result, triads=(1 - blues) * result.triads + blues * form)

    def features_of(self, beat: int, solo: Solo) -> BeatFeatures:
        """Return the features of a beat, from the notes known by now."""
        notes = solo.since(float(beat))[-MAX_NOTES:]
        return extract_beat_features(notes, beat, metrical_position(beat, self.meter))

    def catch_up(self, number: int, solo: Solo) -> None:
        """Add all complete beats before this one to the key tracker and the listener."""
        if self.next_beat is None:
            self.next_beat = min([number, *(floor(n.start_beat) for n in solo.since(-np.inf))])
        for beat in range(max(self.next_beat, number - MAX_MISSED_BEATS), number):
            features, position = self.features_of(beat, solo), metrical_position(beat, self.meter)
            self.key_tracker.add_beat(features)
            self.listener.set_home(home_of(self.key_tracker.key.tonality))
            self.listener.add_beat(features, position)
            self.blues_form.add_beat(features, position)
            if self.symbol is not None:
                self.color.add_beat(features, self.symbol)
        self.next_beat = max(self.next_beat, number)

    def choose_triad(self, triads: Floats, number: int, features: BeatFeatures) -> int:
        """Return the likeliest triad, unless the current one is nearly as likely."""
        if not self.has_notes(features):
            return self.sample_triad(triads, number)
        best = int(triads.argmax())
        current = self.current_triad()
        if current is None:
            return best
        factor = CHANGE_FACTORS[metrical_position(number, self.meter)]
        return current if triads[best] <= factor * triads[current] else best

    def sample_triad(self, triads: Floats, number: int) -> int:
        """Sample a triad, before the player starts; depends on beat and seed only."""
        rng = np.random.default_rng((self.seed, number % 2**32))
        return int(rng.choice(len(triads), p=triads / triads.sum()))

    def current_triad(self) -> int | None:
        """Return the triad that sounds now, relative to the listener's home."""
        if self.symbol is None or not self.symbol.is_chord:
            return None
        triad = int(TRIAD_OF_ID[symbol_id(self.symbol)])
        return (triad - self.listener.home * len(KINDS)) % TRIADS

    def choose_symbol(
        self,
        triad: int,
        prediction: ChordPrediction | None,
        key: Tonality,
        features: BeatFeatures,
    ) -> ChordSymbol:
        """Return the chord symbol to play for a triad, in a color that goes with the melody.

        The current chord stays unless a held note clashes with its color.
        """
        held = np.flatnonzero(features.on_beat.sum(axis=0)).tolist()
        near = near_pcs(held)
        is_same = self.symbol is not None and triad == self.current_triad()
        symbol = (
            self.symbol if self.symbol and is_same else self.usual_symbol(triad, prediction, key)
        )
        expected = frozenset[int]() if self.is_blues else self.color.avoided_pcs(symbol, key)
        self.avoided = near | (expected - set(held))
        if is_same and not colors_of(symbol) & near:
            return symbol
        return choose_color(symbol, self.avoided, held)

    @property
    def is_blues(self) -> bool:
        """Whether the key is a blues, whose major chords are dominant sevenths in any style."""
        return self.key_tracker.blues_probability > BLUES_PROBABILITY

    def usual_symbol(
        self, triad: int, prediction: ChordPrediction | None, key: Tonality
    ) -> ChordSymbol:
        """Return the chord of a triad in the style.

        The chord model's likeliest chord on that triad is used where there is one, else the plain
        triad; then extensions of the style are added, or in a blues the seventh.
        """
        absolute = (triad + self.listener.home * len(KINDS)) % TRIADS
        number = prediction.likeliest_id(absolute) if prediction else None
        if number is None:
            plain = symbol_of_triad(triad, self.listener.home, key.tonic)
        else:
            plain = symbol_of_id(number, 0, key.tonic)
        plain = plainly_spelled(plain, key)
        if self.is_blues and triad % len(KINDS) == KINDS.index("maj"):
            return replace(plain, quality="7")
        return played_symbol(plain, key, self.style)

    def append_chord(self, number: int) -> None:
        """Store the chord as context for the chord model; the context starts on a bar line.

        The context has the usual colors, which the chord model was trained on.
        """
        bar = max(round(bar_beats(self.meter)), 1)
        if not self.chords and (number % bar or not self.usual.is_chord):
            return
        self.chords.append(symbol_id(self.usual))
        if len(self.chords) >= 2 * CONTEXT_BEATS:
            self.chords = self.chords[CONTEXT_BEATS // bar * bar :]

    def top_candidates(self, triads: Floats | None, key: Tonality) -> tuple[ChordCandidate, ...]:
        """Return the likeliest triads of a distribution as chords; none for None."""
        if triads is None:
            return ()
        best = triads.argsort(kind="stable")[::-1][:SHOWN_CANDIDATES].tolist()
        home = self.listener.home
        found = (symbol_of_triad(triad, home, key.tonic) for triad in best)
        symbols = [plainly_spelled(symbol, key) for symbol in found]
        return tuple(map(ChordCandidate, symbols, map(float, triads[best])))

    def context(self, key: Tonality) -> Context:
        """Return the conditions that the chord model is given."""
        return Context(
            key.tonic_pc, key.mode, self.style, self.meter.numerator, self.meter.denominator
        )


def upcoming_in(key: Tonality, prediction: ChordPrediction | None) -> tuple[ChordCandidate, ...]:
    """Return the likely next chords as a key spells them; none without a prediction."""
    chords = prediction.upcoming if prediction else ()
    return tuple(replace(each, symbol=plainly_spelled(each.symbol, key)) for each in chords)


def prediction_for(forecast: ChordForecast | None, beat: float) -> ChordPrediction | None:
    """Return the prediction in a forecast; None where it is missing or for another beat."""
    if forecast is None or forecast.beat != beat:
        return None
    prediction = forecast.prediction
    return prediction if isinstance(prediction, ChordPrediction) else None
