"""Input features of the chord finder: pitch classes and bass in each stretch of a few beats.

Conventions: time in beats (quarter notes); a cell is one beat of the meter; pitch classes 0 to 11
from C are always the last axis, so that a transposed song gives the same numbers, rolled.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.sounding_notes import NoteArrays

Array = NDArray[np.float64]
Number = TypeVar("Number", np.float64, np.int64)

SAMPLES = 8  # in each cell
LONGEST = 6  # cells of one segment; a longer chord is several segments
BLOCKS = (
    "accompaniment",
    "melody",
    "bass",
    "presence",
    "start",
    "lowest",
)  # rows of 12 per segment
SCALARS = ("one", "cells", "silence")  # evidence for no chord
PHASES = 48  # candidate positions of the beat
PHASE_WIDTH = 1.5  # standard deviation of onsets around a beat, in phases
LONG_CELLS = 2.0  # longest duration that counts in beat tracking, in cells
DEEP_PITCH, DEEP_WEIGHT = 48, 3.0  # notes below C3 have more weight in beat tracking
ON_GRID = 1.1  # factor in favor of the beats of the file
NO_PITCH = 128  # above every MIDI pitch: nothing sounds


@dataclass(frozen=True)
class Cells:
    """A song divided into beats.

    Attributes:
        edges: (cells + 1,) in beats.
        accompaniment: (cells, 12) share of the cell in which a pitch class sounds.
        melody: (cells, 12) the same for the melody.
        bass: (cells, 12) share of the cell in which it is the lowest.
        start: (cells, 12) 1 for the lowest pitch class in the first quarter of the cell.
        lowest: (cells,) lowest MIDI pitch; 128 if nothing sounds.
    """

    edges: Array
    accompaniment: Array
    melody: Array
    bass: Array
    start: Array
    lowest: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.edges) - 1


def beat_edges(notes: NoteArrays, cell_beats: float = 1.0) -> Array:
    """Return the edges of cells that cover all notes, aligned with the beat of the performance.

    Files recorded from a performance are often shifted against their own beats, so the phase of the
    beat is estimated from the onsets. Without notes there is one cell.
    """
    phase = beat_phase(notes, cell_beats)
    first = phase - cell_beats if phase > 0 else 0.0  # beat 0 is in the first cell
    count = max(int(np.ceil((notes.end_beats - first) / cell_beats - 0.5 / SAMPLES)), 1)
    return first + cell_beats * np.arange(count + 1, dtype=np.float64)


def beat_phase(notes: NoteArrays, cell_beats: float = 1.0) -> float:
    """Estimate the delay of the performed beats after those of the file: [0, cell_beats) beats."""
    if not len(notes):
        return 0.0
    weights = np.minimum((notes.end - notes.start) / cell_beats, LONG_CELLS)
    weights = weights * np.where(notes.pitch < DEEP_PITCH, DEEP_WEIGHT, 1.0)
    places = np.round(notes.start / cell_beats % 1 * PHASES).astype(int) % PHASES
    onsets = np.bincount(places, weights=weights, minlength=PHASES)
    dotted = round(4 * cell_beats) % 3 == 0
    expected = phase_kernel(3 if dotted else 2)
    fits = np.array([onsets @ np.roll(expected, shift) for shift in range(PHASES)])
    fits[0] *= ON_GRID
    return float(fits.argmax()) / PHASES * cell_beats


def phase_kernel(division: int) -> Array:
    """Return the expected onsets by phase, (PHASES,): most on the beat, fewer on its divisions."""
    distance = np.abs((np.arange(PHASES) + PHASES // 2) % PHASES - PHASES // 2)
    bump = np.exp(-0.5 * (distance / PHASE_WIDTH) ** 2)
    parts = [(1.0, 0)] + [(0.5, PHASES * i // division) for i in range(1, division)]
    if division == 2:
        parts += [(0.2, PHASES // 4), (0.2, 3 * PHASES // 4)]
    kernel: Array = np.sum([height * np.roll(bump, shift) for height, shift in parts], axis=0)
    return kernel


def cells_of(notes: NoteArrays, edges: Array) -> Cells:
    """Compute the features of each cell; see `Cells`."""
    accompaniment = piano_roll(notes, edges, ~notes.is_melody)
    melody = piano_roll(notes, edges, notes.is_melody)
    low = np.where(accompaniment.any(axis=-1), accompaniment.argmax(axis=-1), NO_PITCH)
    quarter = low[:, : SAMPLES // 4].min(axis=1)
    return Cells(
        edges=edges,
        accompaniment=fold_octaves(accompaniment).mean(axis=1),
        melody=fold_octaves(melody).mean(axis=1),
        bass=one_hot(low).mean(axis=1),
        start=one_hot(quarter),
        lowest=low.min(axis=1),
    )


def piano_roll(notes: NoteArrays, edges: Array, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether each pitch sounds in the middle of each sample, (cells, SAMPLES, 128)."""
    count = (len(edges) - 1) * SAMPLES
    width = (edges[-1] - edges[0]) / count

    def sample(beats: Array) -> NDArray[np.int64]:
        places: NDArray[np.int64] = np.round((beats - edges[0]) / width).astype(np.int64)
        return places.clip(0, count)

    changes = np.zeros((count + 1, NO_PITCH), np.int32)
    np.add.at(changes, (sample(notes.start[chosen]), notes.pitch[chosen]), 1)
    np.add.at(changes, (sample(notes.end[chosen]), notes.pitch[chosen]), -1)
    sounds = np.cumsum(changes, axis=0, dtype=np.int32)[:-1] > 0
    return sounds.reshape(-1, SAMPLES, NO_PITCH)


def fold_octaves(roll: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fold (..., 128) pitches to (..., 12) pitch classes."""
    padded = np.zeros((*roll.shape[:-1], 132), bool)
    padded[..., :NO_PITCH] = roll
    octaves = padded.reshape(*roll.shape[:-1], 11, 12)
    classes: NDArray[np.bool_] = np.logical_or.reduce(octaves, axis=-2)
    return classes


def one_hot(pitches: NDArray[np.int64]) -> Array:
    """Return the pitch class of each pitch as a one-hot vector, (..., 12); zeros for NO_PITCH."""
    table = np.vstack([np.tile(np.eye(12), (11, 1))[:NO_PITCH], np.zeros(12)])
    return table[pitches]


def segment_rows(cells: Cells) -> Array:
    """Return the pitch class features of each segment, by its first cell and its length.

    Returns:
        (cells, LONGEST, len(BLOCKS), 12): the first three blocks summed over the cells of the
        segment, their maximum share (presence), the bass at its start, and its lowest pitch.
        Segments that would go past the end are cut there.
    """
    summed = np.stack([cells.accompaniment, cells.melody, cells.bass], axis=1)
    sums = over_lengths(summed, np.add)
    presence = over_lengths(cells.accompaniment[:, None], np.maximum)
    start = np.repeat(cells.start[:, None, None], LONGEST, axis=1)
    lowest = one_hot(over_lengths(cells.lowest, np.minimum))[:, :, None]
    return np.concatenate([sums, presence, start, lowest], axis=2)


def segment_scalars(cells: Cells) -> Array:
    """Return (cells, LONGEST, len(SCALARS)): one, the length in cells, and the cells of silence."""
    silent = 1.0 - cells.bass.sum(axis=-1)
    lengths = np.tile(np.arange(1.0, LONGEST + 1), (len(cells), 1))
    return np.stack([np.ones_like(lengths), lengths, over_lengths(silent, np.add)], axis=-1)


def over_lengths(values: NDArray[Number], combine: np.ufunc) -> NDArray[Number]:
    """Combine values (cells, ...) over 1 to LONGEST cells from each on: (cells, LONGEST, ...)."""
    rows = [values]
    for length in range(1, LONGEST):
        longer = rows[-1].copy()
        longer[:-length] = combine(longer[:-length], values[length:])
        rows.append(longer)
    return np.stack(rows, axis=1)
