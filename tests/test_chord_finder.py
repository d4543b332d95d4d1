"""The chord finder: features, best path, weights and training."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.models.chord_finder.config import NAME, ChordFinderConfig, array_shapes
from muse.models.chord_finder.inference import (
    ChordFinder,
    best_path,
    load_chord_finder,
    save_chord_finder,
)
from muse.models.chord_finder.net import ChordFinderNet, SegmentBatch, log_partition, path_score
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
def test_transposing_notes_transposes_scores(
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
def test_segment_features_combine_those_of_the_cells(
    rows: list[tuple[float, float, int, bool]],
) -> None:
    """Compared with the sums and extremes over the cells of each segment."""
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


def all_paths(cells: int, longest: int, classes: int) -> Iterator[list[tuple[int, int, int]]]:
    """Yield every segmentation as (start, length, class)."""
    if cells == 0:
        yield []
        return
    for length in range(1, min(longest, cells) + 1):
        for before in all_paths(cells - length, longest, classes):
            for label in range(classes):
                yield [*before, (cells - length, length, label)]


def score_path(scores: np.ndarray, follow: np.ndarray, path: list[tuple[int, int, int]]) -> float:
    """Return the score of a segmentation."""
    segments = sum(scores[start, length - 1, label] for start, length, label in path)
    return float(segments + sum(follow[a[2], b[2]] for a, b in pairwise(path)))


def test_best_path_has_the_highest_score_of_all() -> None:
    rng = np.random.default_rng(5)
    cells, longest, classes = 5, 3, 3
    scores = rng.normal(size=(cells, longest, classes))
    follow = rng.normal(size=(classes, classes))
    paths = all_paths(cells, longest, classes)
    best = max(paths, key=lambda path: score_path(scores, follow, path))
    assert best_path(scores, follow) == best


def random_models(config: ChordFinderConfig) -> tuple[ChordFinder, ChordFinderNet]:
    """Make the same model with random weights in numpy and in torch."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape) for name, shape in array_shapes(config).items()}
    net = ChordFinderNet(config, torch.from_numpy(arrays["content"])).double()
    net.load_state_dict(
        {f"arrays.{name}": torch.from_numpy(array) for name, array in arrays.items()}
        | {"steps": net.steps}
    )
    return ChordFinder(config, **arrays), net


def test_numpy_matches_torch() -> None:
    config = ChordFinderConfig(("maj", "min"), blocks=2, scalars=3, longest=3, strengths=4)
    model, net = random_models(config)
    rng = np.random.default_rng(1)
    cells = 6
    rows = rng.normal(size=(cells, config.longest, config.blocks, 12))
    scalars = rng.normal(size=(cells, config.longest, config.scalars))
    strengths = rng.integers(config.strengths, size=cells)
    actual = model.segment_scores(rows, scalars) + model.strength[strengths][:, None, None]
    with torch.no_grad():
        expected = net.scores(
            torch.from_numpy(rows.reshape(1, cells, config.longest, -1)),
            torch.from_numpy(scalars[None]),
            torch.from_numpy(strengths[None]),
        )[0].numpy()
        follow = net.transitions().numpy()
    inside = np.isfinite(actual)
    past_the_end = np.arange(cells)[:, None] + np.arange(1, config.longest + 1) > cells
    np.testing.assert_array_equal(inside.all(axis=-1), ~past_the_end)
    np.testing.assert_allclose(actual[inside], expected[inside], atol=1e-9)
    np.testing.assert_allclose(model.transitions(), follow, atol=1e-12)


def test_likelihood_sums_over_all_segmentations() -> None:
    config = ChordFinderConfig(("maj",), blocks=1, scalars=1, longest=2, strengths=2)
    model, net = random_models(config)
    rng = np.random.default_rng(2)
    cells, classes = 3, config.no_chord + 1
    rows, scalars = rng.normal(size=(cells, 2, 1, 12)), rng.normal(size=(cells, 2, 1))
    strengths = np.array([0, 1, 0])
    scores = model.segment_scores(rows, scalars) + model.strength[strengths][:, None, None]
    follow = model.transitions()
    totals = [score_path(scores, follow, path) for path in all_paths(cells, 2, classes)]
    best = best_path(scores, follow)
    truth = [[start, length - 1, label] for start, length, label in best]
    truth += [[-1, -1, -1]] * (cells - len(truth))
    batch = SegmentBatch(
        torch.from_numpy(rows.reshape(1, cells, 2, -1)),
        torch.from_numpy(scalars[None]),
        torch.from_numpy(strengths[None]),
        torch.tensor([truth]),
        torch.tensor([cells]),
    )
    with torch.no_grad():
        by_net = net.scores(batch.rows, batch.scalars, batch.strengths)
        total = float(log_partition(by_net, net.transitions(), batch.cells))
        path = float(path_score(by_net, net.transitions(), batch.truth))
        loss = float(net(batch))
    assert total == pytest.approx(np.logaddexp.reduce(totals))
    assert path == pytest.approx(max(totals))
    assert loss == pytest.approx(total - path)


def test_sizes_of_the_shipped_model() -> None:
    model = load_chord_finder()
    assert model.config.blocks == len(BLOCKS)
    assert model.config.scalars == len(SCALARS)
    assert model.config.longest == LONGEST
    assert model.config.strengths == NOT_KNOWN + 1
    assert all(quality(kind).name == kind for kind in model.config.kinds)


def test_card_and_weights_that_do_not_match_are_refused(tmp_path: Path) -> None:
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
