"""Passages of annotated songs as examples for chord-finder.

Conventions: a cell is one annotated beat; classes are those of models/chord_finder/config.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from muse.models.chord_finder.config import ROOTS
from muse.models.chord_finder.net import SegmentBatch
from muse.tools.datasets.pop909 import BEATS, CHORDS
from muse.tools.song.midi import load_song
from muse.tools.theory.chord_features import LONGEST, cells_of, segment_rows, segment_scalars
from muse.tools.theory.chord_finding import BAR_STRENGTHS, NOT_KNOWN, strengths_of
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.sounding_notes import NoteArrays, sounding_notes

KINDS = (
    *("maj", "min", "7", "maj7", "min7", "sus2", "sus4", "dim", "hdim7", "aug", "maj6", "min6"),
    *("dim7", "minmaj7", "7sus4"),
)
CELLS = 64  # of an example, at most

Segment = tuple[int, int, int]  # start, length, class


def chord_class(label: str) -> int:
    """Return the class of an annotated chord."""
    symbol = parse_chord(label)
    if symbol.root_pc is None:
        return ROOTS * len(KINDS)
    return symbol.root_pc * len(KINDS) + KINDS.index(symbol.quality)


def song_examples(folder: Path, unmarked_melody: bool) -> Iterator[SegmentBatch]:
    """Yield the examples of a song of POP909, each without a batch axis.

    Args:
        folder: of the song.
        unmarked_melody: whether to treat the melody as part of the accompaniment.
    """
    song = load_song(folder / f"{folder.name}.mid")
    notes = sounding_notes(song)
    if unmarked_melody:
        notes = replace(notes, is_melody=np.zeros_like(notes.is_melody))
    at = song.tempo_map().beat_at
    marks = np.loadtxt(folder / BEATS)
    beats = np.array([at(second) for second in marks[:, 0]])
    lines = (folder / CHORDS).read_text().splitlines()
    chords = [(at(float(a)), at(float(b)), chord_class(c)) for a, b, c in map(str.split, lines)]
    edges = beats[0] + np.arange(round(beats[-1] - beats[0]) + 3)
    segments = [
        (start, length, label)
        for begin, end, label in chords
        for start, length in split_chord(
            round(begin - beats[0]), round(end - beats[0]), len(edges) - 1
        )
    ]
    downbeats = np.round(beats[marks[:, 2] > 0] - beats[0]).astype(int)
    yield from passages(notes, edges, segments, bar_strengths(downbeats, len(edges) - 1))


def split_chord(begin: int, end: int, cells: int) -> Iterator[tuple[int, int]]:
    """Yield a chord as segments (start, length) of at most LONGEST cells, inside the song."""
    for start in range(begin, end, LONGEST):
        if start >= 0 and end <= cells:
            yield start, min(LONGEST, end - start)


def bar_strengths(downbeats: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the metrical strength of each cell; NOT_KNOWN unless most bars have four beats."""
    if len(downbeats) < 2 or np.median(np.diff(downbeats)) != 4:
        return np.full(count, NOT_KNOWN)
    return strengths_of(BAR_STRENGTHS[4], int(np.bincount(downbeats % 4).argmax()), count)


def passages(
    notes: NoteArrays,
    edges: NDArray[np.float64],
    segments: Sequence[Segment],
    strengths: NDArray[np.int64],
) -> Iterator[SegmentBatch]:
    """Yield runs of segments without a gap between them, as long as an example holds."""
    cells = cells_of(notes, edges)
    rows = segment_rows(cells).reshape(len(cells), LONGEST, -1)
    scalars = segment_scalars(cells)
    run: list[Segment] = []
    for segment in [*sorted(segments), (-1, 0, 0)]:  # the last one ends the last run
        start, length, _ = segment
        if run and (start != sum(run[-1][:2]) or start + length - run[0][0] > CELLS):
            inside = slice(run[0][0], sum(run[-1][:2]))
            yield padded_example(rows[inside], scalars[inside], strengths[inside], run)
            run = []
        run.append(segment)


def padded_example(
    rows: NDArray[np.float64],
    scalars: NDArray[np.float64],
    strengths: NDArray[np.int64],
    run: Sequence[Segment],
) -> SegmentBatch:
    """Return one example, padded to CELLS cells."""
    padding = CELLS - len(rows)
    truth = np.full((CELLS, 3), -1)
    truth[: len(run)] = [(start - run[0][0], length - 1, label) for start, length, label in run]
    pads = ((0, padding), (0, 0), (0, 0))
    return SegmentBatch(
        torch.tensor(np.pad(rows, pads), dtype=torch.float32),
        torch.tensor(np.pad(scalars, pads), dtype=torch.float32),
        torch.tensor(np.pad(strengths, (0, padding))),
        torch.tensor(truth),
        torch.tensor(len(rows)),
    )
