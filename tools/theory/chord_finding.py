"""The chords of notes: a chord chart for a song that has none.

The song is cut into beats; a segmental model (muse.models.chord_finder.inference) that was trained
on pop songs weighs who sounds and what lies lowest in each stretch of one to six beats, where in
the bar chords change, and which follow which, and takes the best way through.

Conventions: time in beats (quarter notes), pitch classes 0 to 11 from C.
"""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_finder.inference import ChordFinder, Segment, load_chord_finder
from muse.tools.errors import ParameterError
from muse.tools.song.document import Chord, Key, Meter, Song
from muse.tools.song.meter import bar_beats, first_meter, is_same_signature, pulse_beats
from muse.tools.theory.chord_features import (
    Cells,
    beat_edges,
    cells_of,
    segment_rows,
    segment_scalars,
)
from muse.tools.theory.chord_naming import (
    HeardChord,
    clipped,
    merged,
    named_chord,
    song_chord,
)
from muse.tools.theory.key_finding import keys_of_notes
from muse.tools.theory.keys import Tonality, tonality_of
from muse.tools.theory.qualities import NO_CHORD
from muse.tools.theory.sounding_notes import Sounding, sounding_notes

log = logging.getLogger("muse")

# how strong a beat of the bar is: the numbers that the model's `strength` is read by
DOWNBEAT, HALF_BAR, WEAK, NOT_KNOWN = range(4)
BAR_STRENGTHS: Final[dict[int, tuple[int, ...]]] = {  # by the cells of a bar
    1: (DOWNBEAT,),
    2: (DOWNBEAT, HALF_BAR),
    3: (DOWNBEAT, WEAK, WEAK),
    4: (DOWNBEAT, WEAK, HALF_BAR, WEAK),
}
SHORT_BARS: Final[dict[int, int]] = {1: 4, 2: 4}  # 1/4 and 2/4 are how exporters write 4/4
THREE_EIGHTHS: Final = Meter(0.0, 3, 8)
MOST_CELLS = 20_000  # of one song; what comes after them is left without chords


def find_chords(song: Song, cell_beats: float | None = None) -> list[Chord]:
    """The chords of a song's notes, drums left out, in order and without gaps.

    Args:
        song: any Song; what it says of its chords is not looked at.
        cell_beats: quarter notes of the shortest chord, above 0; by itself a beat of the first
            meter. Half of that finds changes off the beat, and takes more passing notes for chords.

    Returns:
        Chords from beat 0 to the end of the notes, with probabilities in [0, 1]: how likely the
        name is, the stretch and its neighbours given. Symbols are in lead-sheet spelling, in the
        song's keys or, without any, in keys that are found; a stretch without a chord is "N.C.".
        Empty without pitched notes.

    Raises:
        ParameterError: `cell_beats` is not above 0.
    """
    notes = sounding_notes(song)
    heard = chords_of_notes(notes, first_meter(song), song.tempo_map().bpm_at(0.0), cell_beats)
    keys = song.keys or keys_of_notes(notes)
    return [song_chord(chord, key_at(keys, chord.start_beats)) for chord in heard]


def chords_of_notes(
    notes: Sounding, meter: Meter, bpm: float, cell_beats: float | None = None
) -> list[HeardChord]:
    """Find the chords of notes as `find_chords` does.

    Args:
        notes: of one song.
        meter: of all bars.
        bpm: tempo in quarter notes a minute.
        cell_beats: as in `find_chords`.
    """
    if not len(notes):
        return []
    beat, bar_cells = beat_and_bar(meter, bpm)
    if cell_beats is None:
        cell_beats = beat
    elif cell_beats <= 0:
        raise ParameterError(f"a cell of {cell_beats} beats: it must be longer than 0")
    elif cell_beats != beat:
        bar_cells = 0  # the strengths of a bar's places are those of beats
    edges = beat_edges(notes, cell_beats)[: MOST_CELLS + 1]
    if len(edges) > MOST_CELLS:
        log.warning("the song is very long: chords are looked for up to beat %.0f", edges[-1])
    cells = cells_of(notes, edges)
    segments = best_segments(finder(), cells, bar_cells)
    chords = merged(heard_chord(cells, segment) for segment in segments)
    return clipped(chords, notes.end_beats if len(edges) <= MOST_CELLS else float(edges[-1]))


@cache
def finder() -> ChordFinder:
    """The model that ships with muse."""
    return load_chord_finder()


def beat_and_bar(meter: Meter, bpm: float | None = None) -> tuple[float, int]:
    """Return the length of a beat in quarter notes and the number of beats in a bar.

    Args:
        meter: of the bar.
        bpm: tempo in quarter notes a minute, if known; 3/8 is one beat when fast, else three.
    """
    beat, bar = pulse_beats(meter, bpm), bar_beats(meter)
    if beat != 1.0:
        return beat, round(bar / beat)
    if is_same_signature(meter, THREE_EIGHTHS):
        return bar / meter.numerator, meter.numerator
    beats = max(round(bar), 1)
    return 1.0, SHORT_BARS.get(beats, beats)


def best_segments(model: ChordFinder, cells: Cells, bar_cells: int) -> list[Segment]:
    """The best way to cut and name the cells.

    A first pass knows of no bars; the bar lines that suit its changes best are then believed.
    """
    scores = model.segment_scores(segment_rows(cells), segment_scalars(cells))
    unknown = np.full(len(cells), NOT_KNOWN)
    first = model.best_segments(scores, unknown)
    pattern = BAR_STRENGTHS.get(bar_cells)
    if pattern is None:
        return first
    starts = np.array([segment.start for segment in first])
    bars = [strengths_of(pattern, shift, len(cells)) for shift in range(len(pattern))]
    fits = [model.strength[bar[starts]].sum() for bar in bars]
    return model.best_segments(scores, bars[int(np.argmax(fits))])


def strengths_of(pattern: tuple[int, ...], shift: int, count: int) -> NDArray[np.int64]:
    """How strong each of `count` cells is when the bar begins at cell `shift`."""
    return np.array(pattern)[(np.arange(count) - shift) % len(pattern)]


def heard_chord(cells: Cells, segment: Segment) -> HeardChord:
    """What a segment of the model means."""
    span = slice(segment.start, segment.start + segment.length)
    kinds = finder().config.kinds
    if segment.label == finder().config.no_chord:
        return named_chord(cells, span, None, NO_CHORD, segment.probability)
    root_pc, kind = divmod(segment.label, len(kinds))
    return named_chord(cells, span, root_pc, kinds[kind], segment.probability)


def key_at(keys: Sequence[Key], beat: float) -> Tonality:
    """The key in force at a beat; the first one before it begins."""
    begun = [key for key in keys if key.beat <= beat]
    return tonality_of(begun[-1] if begun else keys[0])
