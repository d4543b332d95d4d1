"""The recipe of melody-xl: training, scores and export."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from muse.models.melody_xl.inference import MelodyInference
from muse.models.melody_xl.net import MelodyXL
from muse.tools.datasets.melody_data import read_melody_data
from muse.tools.datasets.melody_songs import melody_song
from muse.tools.errors import BadInputError
from muse.tools.evaluation.melody import EVERYTHING, evaluate
from muse.tools.melody.columns import HARMONY_SIZES, song_columns
from muse.tools.melody.net_model import start_prediction
from muse.tools.melody.ngram_model import PARTS
from muse.tools.melody.torch_predictor import load_melody_net, net_scores
from muse.tools.song.document import song_to_json
from muse.tools.training.recipes.melody_xl import MelodySettings, MelodyXLRecipe
from tests.test_datasets_melody_data import tune

SONGS = 30
SMALL = ("--set", "width=16", "--set", "layers=1", "--set", "segment=16", "--batch-size", 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    songs = tmp_path / "songs"
    songs.mkdir()
    for seed in range(SONGS):
        (songs / f"{seed}.json").write_bytes(song_to_json(tune(seed, 16, seed % 12, 8)))
    return songs


def test_the_net_is_trained_scored_and_exported(
    folder: Path, muse: Callable[..., Any], tmp_path: Path
) -> None:
    done = muse(
        *("train", "melody-xl", "--data", folder, "--out", tmp_path / "runs", "--device", "cpu"),
        *("--export", tmp_path / "weights", "--epochs", 2, "--seed", 1, *SMALL),
    )
    assert done.code == 0, done.err
    results = json.loads(done.out)["results"]
    assert set(results["baselines"]) == {"ngram", "adaptive"}
    assert results["net"][EVERYTHING]["notes"] == results["baselines"]["ngram"]["notes"]
    for name in ("note_nll", "pitch_accuracy", "advance_nll"):
        assert results["test"][name] == pytest.approx(results["net"][EVERYTHING][name], abs=1e-3)
    net, card = load_melody_net(str(tmp_path / "weights" / "melody-xl"))
    assert card["split_seed"] == 0
    data = read_melody_data([folder])
    again = evaluate(net_scores(net), data.sides(0)["test"])[EVERYTHING]
    assert again.note_nll == pytest.approx(results["net"][EVERYTHING]["note_nll"], abs=1e-4)


def losses_of(folder: Path, settings: MelodySettings, steps: int) -> list[float]:
    torch.manual_seed(0)
    recipe = MelodyXLRecipe()
    prepared = recipe.prepare(folder, settings, lambda _stage, _fraction: None)
    net = recipe.build(recipe.config(prepared, settings))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        batch = recipe.batch(prepared.train, np.arange(8), np.random.default_rng(0))
        loss = recipe.outcome(net, batch).loss
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize(
    "parts", [{}, {"chords": False}, {"memory": 0}, {"copying": False}], ids=str
)
def test_the_loss_falls_with_each_part_left_out(folder: Path, parts: dict[str, int]) -> None:
    settings = MelodySettings(width=16, layers=1, segment=16, dropout=0.0, **parts)  # type: ignore[arg-type]
    losses = losses_of(folder, settings, 12)
    assert losses[-1] < 0.7 * losses[0]


def test_training_without_chords(folder: Path) -> None:
    recipe, settings = MelodyXLRecipe(), MelodySettings(width=16, layers=1, chords=False)
    prepared = recipe.prepare(folder, settings, lambda _stage, _fraction: None)
    net = recipe.build(recipe.config(prepared, settings))
    assert isinstance(net, MelodyXL)
    assert not any("chord" in name or "root" in name for name, _ in net.named_parameters())
    batch = dict(recipe.batch(prepared.test, np.arange(1), None))
    loss = recipe.outcome(net.eval(), batch).loss
    batch["chord"], batch["root"] = batch["chord"] + 1, batch["root"] * 0
    assert torch.equal(recipe.outcome(net, batch).loss, loss)


def test_step_by_step_inference_equals_the_scores() -> None:
    torch.manual_seed(0)
    recipe = MelodyXLRecipe()
    net = recipe.build(recipe.config(None, MelodySettings(width=16, layers=2, segment=16)))  # type: ignore[arg-type]
    assert isinstance(net, MelodyXL)
    song = melody_song("a", tune())
    scores = net_scores(net)(song)
    rows = song_columns(song)
    ids = {name: column.tolist() for name, column in rows.ids.items()}
    reader = MelodyInference(net.config, {name: w.numpy() for name, w in net.state_dict().items()})
    prediction = start_prediction(reader, song.context, place_of(ids, 0))
    for i in range(len(song) - 1):
        pitch, advance, duration = (ids[name][i + 1] for name in PARTS)
        probabilities = (
            prediction.pitches()[pitch],
            prediction.advances(pitch)[advance],
            prediction.durations(pitch, advance)[duration],
        )
        expected = [scores[part][0][i] for part in PARTS]
        assert np.allclose(-np.log(probabilities), expected, atol=1e-4)
        note = {name: ids[name][i + 1] for name in (*PARTS, "interval")}
        prediction = prediction.after(note, place_of(ids, i + 1), int(rows.bars[i + 1]))


def place_of(ids: dict[str, list[int]], row: int) -> dict[str, int]:
    return {name: ids[name][row] for name in ("place", "phrase", *HARMONY_SIZES)}


def test_data_without_melodies(folder: Path, muse: Callable[..., Any], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = muse("train", "melody-xl", "--data", empty)
    assert done.code == 4
    assert len(done.err.splitlines()) == 1
    with pytest.raises(BadInputError, match="nowhere"):
        MelodyXLRecipe().prepare(folder, MelodySettings(corpora="nowhere"), lambda _s, _f: None)
