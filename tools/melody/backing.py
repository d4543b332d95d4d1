"""What a melody is written over: bars, chords and key, on the grid of steps.

Conventions: steps are those of forms.melody_events, STEPS to a beat, from the song's start. Pitches
are MIDI numbers as they sound; a model hears them `up` semitones higher, in the common key.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from muse.tools.datasets.chord_songs import with_chords_and_keys
from muse.tools.datasets.harmony_columns import (
    HarmonyEvent,
    harmony_events,
    semitones_to_common,
    transpose_event,
)
from muse.tools.datasets.melody_events import STEPS, StepBar, step_bars
from muse.tools.datasets.melody_songs import MelodyContext, context_of, place_row, under
from muse.tools.melody.columns import harmony_ids, place_ids
from muse.tools.song.document import Chord, Meter, Song
from muse.tools.song.meter import pulse_beats
from muse.tools.theory.annotate import symbol_or_unknown

TRIAD = 3  # pitch classes, from the root up
HEARD_AHEAD = STEPS // 2  # steps: a note is heard over the chord that sounds this much after it


@dataclass(frozen=True)
class BackingChord:
    """A chord under the melody: steps, and its pitch classes; none where there is no chord.

    `triad` are those that a melody may end on: the triad.
    """

    start: int
    end: int
    tones: frozenset[int]
    triad: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Backing:
    """Bars and chords of a song.

    Attributes:
        bars: from the song's start until past the last chord.
        chords: as they sound.
        harmony: the same in the common key, as models hear them.
        context: key, metre and tempo, as models hear them.
        meter: of most of the song.
        up: semitones to the common key.
        end: steps; where the last chord ends.
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
        """Steps; where the first chord begins."""
        return self.chords[0].start

    def steps_of(self, bars: range) -> range:
        """The steps of bars that follow each other."""
        last = self.bars[bars.stop - 1]
        return range(self.bars[bars.start].start, last.start + last.length)

    def bar_at(self, step: int) -> int:
        """Number of the bar in which a step lies."""
        return place_row(step, self.bars)[0]

    def place(self, step: int, first_bar: int) -> dict[str, int]:
        """What a model is told of a place where a note begins; bars count from the first note's."""
        bar, position = place_row(step, self.bars)
        chord, bass, coming, coming_bass, until = under(step, self.harmony)
        here = harmony_ids((chord, bass), (coming, coming_bass), until, self.context.mode)
        return place_ids(bar - first_bar, position) | here

    def sounding(self, step: int) -> BackingChord:
        """The chord at a step; the nearest one where there is none."""
        place = bisect_right(self.chords, step, key=lambda chord: chord.start) - 1
        return self.chords[max(place, 0)]

    def tones(self, step: int) -> frozenset[int]:
        """Pitch classes of the chord that a note from this step on is heard over.

        That is the one half a beat later: what begins shortly before a change belongs to it.
        """
        return self.sounding(min(step + HEARD_AHEAD, self.end - 1)).tones

    def is_tone(self, step: int, pitch: int) -> bool:
        """Whether a note is in its chord; where there is no chord, every note is."""
        tones = self.tones(step)
        return not tones or pitch % 12 in tones

    def is_strong(self, step: int) -> bool:
        """Whether a step is a strong beat, as tools.symbolic.harmony counts them."""
        bar, position = place_row(step, self.bars)
        pulse = round(pulse_beats(self.meter) * STEPS)
        is_even = self.bars[bar].length // pulse % 2 == 0
        return position % (2 * pulse) == 0 if is_even else position == 0


def build_backing(song: Song, context: MelodyContext | None = None) -> Backing:
    """The backing of a song with chords; keys that it lacks are found.

    Args:
        song: as it is.
        context: to be heard as, in place of the song's own.
    """
    song = with_chords_and_keys(song)
    up = semitones_to_common(song)
    own = context_of(song)
    chords = list(sounding_chords(song.chords))
    bars = step_bars(song.meters, (chords[-1].end + 1) / STEPS)
    return Backing(
        bars=bars,
        chords=chords,
        harmony=[transpose_event(event, up) for event in harmony_events(song)],
        context=context or own,
        meter=Meter(0.0, own.numerator, own.denominator),
        up=up,
        end=chords[-1].end,
    )


def sounding_chords(chords: Sequence[Chord]) -> Iterator[BackingChord]:
    """The chords on the grid, in order, gaps between them as no chord."""
    ordered = sorted(chords, key=lambda chord: chord.start_beats)
    found = [sounding(chord) for chord in ordered]
    found = [chord for chord in found if chord.end > chord.start]
    for chord, following in pairwise(found):
        yield replace(chord, end=min(chord.end, following.start))
        if chord.end < following.start:
            yield BackingChord(chord.end, following.start, frozenset())
    yield found[-1]


def sounding(chord: Chord) -> BackingChord:
    """A chord on the grid."""
    start, end = chord.start_beats, chord.start_beats + chord.duration_beats
    tones = symbol_or_unknown(chord.symbol).pitch_classes
    return BackingChord(
        round(start * STEPS), round(end * STEPS), frozenset(tones), frozenset(tones[:TRIAD])
    )
