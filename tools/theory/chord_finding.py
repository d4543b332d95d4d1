"""Find the chords of a song from its notes.

The song is divided into beats. A segmental model trained on pop songs (models/chord_finder) scores
the pitch classes and the bass of each stretch of one to six beats, the position of chord changes in
the bar and the succession of chords, and the best path is returned.

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
from muse.tools.song.meter import bar_beats, first_meter, is_three_eighths, pulse_beats
from muse.tools.theory.chord_features import (
    Cells,
    beat_edges,
    cells_of,
    segment_rows,
    segment_scalars,
)
from muse.tools.theory.chord_naming import (
    DetectedChord,
    clipped,
    merged,
    named_chord,
    song_chord,
)
from muse.tools.theory.key_evidence import Harmony, harmony_of
from muse.tools.theory.key_finding import keys_of_notes
from muse.tools.theory.keys import Tonality, tonality_of
from muse.tools.theory.qualities import NO_CHORD
from muse.tools.theory.sounding_notes import NoteArrays, sounding_notes

log = logging.getLogger("muse")

# metrical strength of a beat, an index into the model's `strength`
DOWNBEAT, HALF_BAR, WEAK, NOT_KNOWN = range(4)
BAR_STRENGTHS: Final[dict[int, tuple[int, ...]]] = {  # by the number of cells in a bar
    1: (DOWNBEAT,),
    2: (DOWNBEAT, HALF_BAR),
    3: (DOWNBEAT, WEAK, WEAK),
    4: (DOWNBEAT, WEAK, HALF_BAR, WEAK),
}
SHORT_BARS: Final[dict[int, int]] = {1: 4, 2: 4}  # 1/4 and 2/4 are how exporters write 4/4
MOST_CELLS = 20_000  # of one song; no chords are found after them


def find_chords(song: Song, cell_beats: float | None = None) -> list[Chord]:
    """Find the chords of a song's notes, without drums, in order and without gaps.

    Args:
        song: any Song; its own chords are ignored.
        cell_beats: shortest duration of a chord in quarter notes, above 0; by default a beat of the
            first meter. Half of that finds changes off the beat, and takes more passing notes for
            chords.

    Returns:
        Chords from beat 0 to the end of the notes, with the probability of each name given its
        stretch and its neighbors, in [0, 1]. Symbols are in lead-sheet spelling, in the keys of the
        song, or in detected keys if it has none; a stretch without a chord is "N.C.". Empty without
        pitched notes.

    Raises:
        ParameterError: `cell_beats` is not above 0.
    """
    notes = sounding_notes(song)
    found = chords_of_notes(notes, first_meter(song), song.tempo_map().bpm_at(0.0), cell_beats)
    keys = song.keys or keys_of_notes(notes, harmonies=harmonies_of_chords(found))
    return [song_chord(chord, tonality_at(keys, chord.start_beats)) for chord in found]


def harmonies_of_chords(chords: Sequence[DetectedChord]) -> list[Harmony]:
    """Return the harmonies of detected chords, as evidence of their key."""
    return [
        harmony_of(chord.start_beats, chord.root_pc, chord.quality)
        for chord in chords
        if chord.root_pc is not None
    ]


def chords_of_notes(
    notes: NoteArrays, meter: Meter, bpm: float, cell_beats: float | None = None
) -> list[DetectedChord]:
    """Find the chords of notes as `find_chords` does.

    Args:
        notes: of one song.
        meter: of all bars.
        bpm: tempo in quarter notes per minute.
        cell_beats: as in `find_chords`.
    """
    if not len(notes):
        return []
    beat, bar_cells = beat_and_bar(meter, bpm)
    if cell_beats is None:
        cell_beats = beat
    elif cell_beats <= 0:
        raise ParameterError(f"a cell of {cell_beats} beats must be longer than 0")
    elif cell_beats != beat:
        bar_cells = 0  # metrical strengths are known for beats only
    edges = beat_edges(notes, cell_beats)[: MOST_CELLS + 1]
    if len(edges) > MOST_CELLS:
        log.warning("the song is very long; finding chords up to beat %.0f only", edges[-1])
    cells = cells_of(notes, edges)
    segments = best_segments(finder(), cells, bar_cells)
    chords = merged(detected_chord(cells, segment) for segment in segments)
    return clipped(chords, notes.end_beats if len(edges) <= MOST_CELLS else float(edges[-1]))


@cache
def finder() -> ChordFinder:
    """Load the chord finder that ships with muse."""
    return load_chord_finder()


def beat_and_bar(meter: Meter, bpm: float | None = None) -> tuple[float, int]:
    """Return the length of a beat in quarter notes and the number of beats in a bar.

    Args:
        meter: of the bar.
        bpm: tempo in quarter notes per minute, if known; 3/8 is one beat when fast, else three.
    """
    beat, bar = pulse_beats(meter, bpm), bar_beats(meter)
    if beat != 1.0:
        return beat, round(bar / beat)
    if is_three_eighths(meter):
        return bar / meter.numerator, meter.numerator
    beats = max(round(bar), 1)
    return 1.0, SHORT_BARS.get(beats, beats)


def best_segments(model: ChordFinder, cells: Cells, bar_cells: int) -> list[Segment]:
    """Find the best segmentation and names of the cells.

    A first pass ignores bars; a second one uses the bar lines that suit the changes of the first
    best.
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
    """Return the metrical strength of `count` cells if the bar begins at cell `shift`."""
    return np.array(pattern)[(np.arange(count) - shift) % len(pattern)]


def detected_chord(cells: Cells, segment: Segment) -> DetectedChord:
    """Convert a segment of the model to a chord."""
    span = slice(segment.start, segment.start + segment.length)
    kinds = finder().config.kinds
    if segment.label == finder().config.no_chord:
        return named_chord(cells, span, None, NO_CHORD, segment.probability)
    root_pc, kind = divmod(segment.label, len(kinds))
    return named_chord(cells, span, root_pc, kinds[kind], segment.probability)


def tonality_at(keys: Sequence[Key], beat: float) -> Tonality:
    """Return the key at a beat; the first key also holds before its own beat."""
    begun = [key for key in keys if key.beat <= beat]
    return tonality_of(begun[-1] if begun else keys[0])
