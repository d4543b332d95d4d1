"""The chord finder: features, best path, weights and training."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.models.chord_finder.config import NAME, array_shapes
from muse.models.chord_finder.inference import (
    ChordFinder,
    best_path,
    load_chord_finder,
    save_chord_finder,
)
from muse.tools.theory.chord_features import (
    BLOCKS,
    LONGEST,
    SCALARS,
    beat_edges,
    beat_phase,
    cells_of,
    segment_rows,
    segment_scalars,
)
from muse.tools.theory.chord_finding import NOT_KNOWN, finder
from muse.tools.theory.qualities import quality
from muse.tools.theory.sounding_notes import NoteArrays, from_rows

ROOT = Path(__file__).parent.parent

note_rows = st.lists(
    st.tuples(
        st.integers(0, 200).map(lambda tick: tick / 8),
        st.integers(0, 48).map(lambda tick: tick / 8),
        st.integers(30, 90),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@given(note_rows, st.integers(1, 11))
@settings(max_examples=30, deadline=None)
def test_transposed_notes_have_transposed_scores(
    rows: list[tuple[float, float, int, bool]], steps: int
) -> None:
    model = finder()
    kinds = len(model.config.kinds)
    edges = beat_edges(from_rows(rows))
    scores = scores_of(model, from_rows(rows), edges)
    higher = from_rows((start, length, pitch + steps, sung) for start, length, pitch, sung in rows)
    moved = scores_of(model, higher, edges)
    np.testing.assert_allclose(moved[..., -1], scores[..., -1])
    rolled = np.roll(scores[..., :-1], steps * kinds, axis=-1)
    np.testing.assert_allclose(moved[..., :-1], rolled, atol=1e-9)


def scores_of(model: ChordFinder, notes: NoteArrays, edges: np.ndarray) -> np.ndarray:
    cells = cells_of(notes, edges)
    return model.segment_scores(segment_rows(cells), segment_scalars(cells))


@given(note_rows)
@settings(max_examples=30, deadline=None)
def test_segments_sum_their_cells(rows: list[tuple[float, float, int, bool]]) -> None:
    """Compare with one long cell that is computed from the notes."""
    notes = from_rows(rows)
    cells = cells_of(notes, beat_edges(notes))
    made = segment_rows(cells)
    assert made.shape == (len(cells), LONGEST, len(BLOCKS), 12)
    for start in range(0, len(cells), 5):
        for length in range(1, min(LONGEST, len(cells) - start) + 1):
            inside = slice(start, start + length)
            row = made[start, length - 1]
            assert row[0] == pytest.approx(cells.accompaniment[inside].sum(axis=0))
            assert row[2] == pytest.approx(cells.bass[inside].sum(axis=0))
            assert row[3] == pytest.approx(cells.accompaniment[inside].max(axis=0))
            low = cells.lowest[inside].min()
            assert row[5].argmax() == (low % 12 if low < 128 else 0)


@pytest.mark.parametrize("phase", [0.0, 0.125, 0.25, 0.5, 0.9])
def test_the_beat_is_where_most_notes_begin(phase: float) -> None:
    rows = [(beat + phase, 1.0, 40, False) for beat in range(16)]
    rows += [(beat + phase + 0.5, 0.5, 64, False) for beat in range(16)]
    assert beat_phase(from_rows(rows)) == pytest.approx(phase, abs=1 / 96)


def test_no_other_path_has_a_higher_score() -> None:
    """Compare with every possible segmentation and naming."""
    rng = np.random.default_rng(5)
    cells, longest, classes = 5, 3, 3
    scores = rng.normal(size=(cells, longest, classes))
    follow = rng.normal(size=(classes, classes))

    def ways(start: int) -> list[list[tuple[int, int, int]]]:
        if start == cells:
            return [[]]
        return [
            [(start, length, label), *rest]
            for length in range(1, min(longest, cells - start) + 1)
            for label in range(classes)
            for rest in ways(start + length)
        ]

    def worth(way: list[tuple[int, int, int]]) -> float:
        held = sum(scores[start, length - 1, label] for start, length, label in way)
        return held + sum(follow[a[2], b[2]] for a, b in pairwise(way))

    assert best_path(scores, follow) == max(ways(0), key=worth)


def test_the_model_that_ships_fits_the_code() -> None:
    model = load_chord_finder()
    assert model.config.blocks == len(BLOCKS)
    assert model.config.scalars == len(SCALARS)
    assert model.config.longest == LONGEST
    assert model.config.strengths == NOT_KNOWN + 1
    assert all(quality(kind).name == kind for kind in model.config.kinds)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    model = load_chord_finder()
    save_chord_finder(model, tmp_path, {})
    again = load_chord_finder(tmp_path)
    assert all(
        np.array_equal(getattr(again, name), getattr(model, name))
        for name in array_shapes(model.config)
    )
    card = tmp_path / f"{NAME}.json"
    card.write_text(card.read_text().replace('"blocks": ', '"blocks": 1'))
    with pytest.raises(ValueError, match="other sizes"):
        load_chord_finder(tmp_path)
