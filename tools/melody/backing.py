"""The backing of a melody: bars, chords and key, on the grid of steps.

Conventions: steps are those of datasets.melody_events, STEPS to a beat, from the song's start.
Pitches are MIDI numbers as they sound; models use the common key, `up` semitones higher.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from muse.tools.datasets.chord_songs import with_chords_and_keys
from muse.tools.datasets.harmony_columns import (
    HarmonyEvent,
    harmony_events,
    longest_key,
    semitones_to_common,
    transpose_event,
)
from muse.tools.datasets.melody_events import STEPS, StepBar, step_bars
from muse.tools.datasets.melody_songs import MelodyContext, chords_at, context_of, place_row
from muse.tools.melody.chord_rules import NO_RULES, ChordRules, rules_of
from muse.tools.melody.columns import harmony_ids, place_ids
from muse.tools.song.document import Chord, Meter, Song
from muse.tools.song.meter import pulse_beats
from muse.tools.theory.annotate import keys_at_chords, symbol_or_unknown
from muse.tools.theory.keys import scale_pcs, tonality_of

TRIAD = 3  # pitch classes of a triad, from the root up
CHORD_AHEAD = STEPS // 2  # steps: a note belongs to the chord this much later


@dataclass(frozen=True)
class BackingChord:
    """A chord under the melody.

    Attributes:
        start, end: steps.
        tones: pitch classes; empty without a chord.
        triad: pitch classes that a melody may end on.
        rules: which notes sound wrong over it.
    """

    start: int
    end: int
    tones: frozenset[int]
    triad: frozenset[int] = frozenset()
    rules: ChordRules = NO_RULES


@dataclass(frozen=True)
class Backing:
    """Bars and chords of a song.

    Attributes:
        bars: from the song's start until past the last chord.
        chords: in the song's key.
        harmony: the same chords in the common key, as model input.
        context: key, meter and tempo, as model input.
        meter: in force for most of the song.
        up: semitones from the song's key up to the common key.
        end: step at which the last chord ends.
    """

    bars: Sequence[StepBar]
    chords: Sequence[BackingChord]
    harmony: Sequence[HarmonyEvent]
    context: MelodyContext
    meter: Meter
    up: int
    end: int

    @property
    def start(self) -> int:
        """Step at which the first chord begins."""
        return self.chords[0].start

    def steps_of(self, bars: range) -> range:
        """Return the steps of consecutive bars."""
        last = self.bars[bars.stop - 1]
        return range(self.bars[bars.start].start, last.start + last.length)

    def bar_at(self, step: int) -> int:
        """Return the index of the bar at a step."""
        return place_row(step, self.bars)[0]

    def place(self, step: int, first_bar: int) -> dict[str, int]:
        """Return the input columns of position and harmony for a note that begins at a step.

        Args:
            step: from the song's start.
            first_bar: index of the first note's bar, from which bars are counted.
        """
        bar, position = place_row(step, self.bars)
        chord, bass, coming, coming_bass, until = chords_at(step, self.harmony)
        here = harmony_ids((chord, bass), (coming, coming_bass), until, self.context.mode)
        return place_ids(bar - first_bar, position) | here

    def chord_at(self, step: int) -> BackingChord:
        """Return the chord at a step; the nearest one if there is none."""
        index = bisect_right(self.chords, step, key=lambda chord: chord.start) - 1
        return self.chords[max(index, 0)]

    def tones(self, step: int) -> frozenset[int]:
        """Return the pitch classes of the chord that a note at a step belongs to.

        That is the chord half a beat later: a note shortly before a change anticipates it.
        """
        return self.chord_at(min(step + CHORD_AHEAD, self.end - 1)).tones

    def phrase_tones(self, step: int) -> frozenset[int]:
        """Return the pitch classes that a phrase may end on with a note that begins at a step.

        Where it begins shortly before a change, they belong to both chords, if these share any.
        """
        here, later = self.chord_at(step).tones, self.tones(step)
        return (here & later) or later

    def rules_at(self, step: int) -> ChordRules:
        """Return which notes sound wrong over the chord that a note at a step belongs to."""
        return self.chord_at(min(step + CHORD_AHEAD, self.end - 1)).rules

    def is_tone(self, step: int, pitch: int) -> bool:
        """Return whether a note is a chord tone; True without a chord."""
        tones = self.tones(step)
        return not tones or pitch % 12 in tones

    def is_strong(self, step: int) -> bool:
        """Return whether a step is a strong beat, as in evaluation.symbolic.harmony."""
        bar, position = place_row(step, self.bars)
        pulse = round(pulse_beats(self.meter) * STEPS)
        is_even = self.bars[bar].length // pulse % 2 == 0
        return position % (2 * pulse) == 0 if is_even else position == 0


def build_backing(song: Song, context: MelodyContext | None = None) -> Backing:
    """Build the backing of a song with chords; missing keys are detected.

    Args:
        song: any song with chords.
        context: key, meter and tempo as model input; by default those of the song.
    """
    song = with_chords_and_keys(song)
    longest = tonality_of(longest_key(song))
    up = semitones_to_common(song)
    song_context = context_of(song)
    keys = keys_at_chords(song.chords, song.keys)
    scales = [frozenset(scale_pcs(key or longest)) for key in keys]
    main = frozenset(scale_pcs(longest))
    rules = [rules_of(c, scale, main) for c, scale in zip(song.chords, scales, strict=True)]
    chords = list(backing_chords(song.chords, rules))
    bars = step_bars(song.meters, (chords[-1].end + 1) / STEPS)
    return Backing(
        bars=bars,
        chords=chords,
        harmony=[transpose_event(event, up) for event in harmony_events(song)],
        context=context or song_context,
        meter=Meter(0.0, song_context.numerator, song_context.denominator),
        up=up,
        end=chords[-1].end,
    )


def backing_chords(chords: Sequence[Chord], rules: Sequence[ChordRules]) -> Iterator[BackingChord]:
    """Yield the chords on the grid in order; gaps become chords without tones."""
    pairs = zip(chords, rules, strict=True)
    ordered = sorted(pairs, key=lambda pair: pair[0].start_beats)
    converted = [backing_chord(*pair) for pair in ordered]
    converted = [chord for chord in converted if chord.end > chord.start]
    for chord, following in pairwise(converted):
        yield replace(chord, end=min(chord.end, following.start))
        if chord.end < following.start:
            yield BackingChord(chord.end, following.start, frozenset())
    yield converted[-1]


def backing_chord(chord: Chord, rules: ChordRules) -> BackingChord:
    """Convert a chord to the grid."""
    start, end = chord.start_beats, chord.start_beats + chord.duration_beats
    tones = symbol_or_unknown(chord.symbol).pitch_classes
    return BackingChord(
        round(start * STEPS), round(end * STEPS), frozenset(tones), frozenset(tones[:TRIAD]), rules
    )
