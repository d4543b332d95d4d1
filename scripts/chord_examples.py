"""Annotated songs as examples for train_chord_finder.py.

Conventions: a cell is one annotated beat; a class is place * kinds + kind, the last one no chord.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from muse.models.chord_finder.config import ROOTS
from muse.models.chord_finder.net import SegmentBatch
from muse.tools.song.midi import load_song
from muse.tools.theory.chord_features import LONGEST, cells_of, segment_rows, segment_scalars
from muse.tools.theory.chord_finding import BAR_STRENGTHS, NOT_KNOWN, strengths_of
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.sounding_notes import Sounding, sounding_notes

KINDS = (
    *("maj", "min", "7", "maj7", "min7", "sus2", "sus4", "dim", "hdim7", "aug", "maj6", "min6"),
    *("dim7", "minmaj7", "7sus4"),
)
CHUNK = 64  # cells of one example


def label_of(text: str) -> int:
    """The class of an annotated chord."""
    symbol = parse_chord(text)
    if symbol.root_pc is None:
        return ROOTS * len(KINDS)
    return symbol.root_pc * len(KINDS) + KINDS.index(symbol.quality)


def chunks_of_song(folder: Path, one_track: bool) -> Iterator[SegmentBatch]:
    """A song of POP909 as examples."""
    song = load_song(folder / f"{folder.name}.mid")
    notes = sounding_notes(song)
    if one_track:
        notes = replace(notes, sung=np.zeros_like(notes.sung))
    at = song.tempo_map().beat_at
    marks = np.loadtxt(folder / "beat_midi.txt")
    beats = np.array([at(second) for second in marks[:, 0]])
    lines = (folder / "chord_midi.txt").read_text().splitlines()
    chords = [(at(float(a)), at(float(b)), label_of(c)) for a, b, c in map(str.split, lines)]
    edges = beats[0] + np.arange(round(beats[-1] - beats[0]) + 3)
    segments = [
        (start, length, label)
        for begin, end, label in chords
        for start, length in cut(round(begin - beats[0]), round(end - beats[0]), len(edges) - 1)
    ]
    downbeats = np.round(beats[marks[:, 2] > 0] - beats[0]).astype(int)
    yield from chunks(notes, edges, segments, bar_strengths(downbeats, len(edges) - 1))


def cut(begin: int, end: int, cells: int) -> Iterator[tuple[int, int]]:
    """A chord's cells as segments (start, length) that are not too long."""
    for start in range(begin, end, LONGEST):
        if start >= 0 and end <= cells:
            yield start, min(LONGEST, end - start)


def bar_strengths(downbeats: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How strong each cell is; not known where bars are not of four beats."""
    if len(downbeats) < 2 or np.median(np.diff(downbeats)) != 4:
        return np.full(count, NOT_KNOWN)
    return strengths_of(BAR_STRENGTHS[4], int(np.bincount(downbeats % 4).argmax()), count)


def chunks(
    notes: Sounding,
    edges: NDArray[np.float64],
    segments: Sequence[tuple[int, int, int]],
    strengths: NDArray[np.int64],
) -> Iterator[SegmentBatch]:
    """Runs of segments without a gap, as long as a chunk holds."""
    cells = cells_of(notes, edges)
    rows = segment_rows(cells).reshape(len(cells), LONGEST, -1)
    scalars = segment_scalars(cells)
    run: list[tuple[int, int, int]] = []
    for segment in [*sorted(segments), (-1, 0, 0)]:
        start, length, _ = segment
        if run and (start != sum(run[-1][:2]) or start + length - run[0][0] > CHUNK):
            inside = slice(run[0][0], sum(run[-1][:2]))
            yield chunk(rows[inside], scalars[inside], strengths[inside], run)
            run = []
        run.append(segment)


def chunk(
    rows: NDArray[np.float64],
    scalars: NDArray[np.float64],
    strengths: NDArray[np.int64],
    run: Sequence[tuple[int, int, int]],
) -> SegmentBatch:
    """One example, padded."""
    padding = CHUNK - len(rows)
    truth = np.full((CHUNK, 3), -1)
    truth[: len(run)] = [(start - run[0][0], length - 1, label) for start, length, label in run]
    wide = ((0, padding), (0, 0), (0, 0))
    return SegmentBatch(
        torch.tensor(np.pad(rows, wide), dtype=torch.float32),
        torch.tensor(np.pad(scalars, wide), dtype=torch.float32),
        torch.tensor(np.pad(strengths, (0, padding))),
        torch.tensor(truth),
        torch.tensor(len(rows)),
    )
