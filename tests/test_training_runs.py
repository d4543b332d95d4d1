"""Training runs: options, run folders, hashes, exported weights, estimates."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from muse.models.weight_files import config_from, load_weights
from muse.tools.errors import BadInputError, MissingPartError, ParameterError
from muse.tools.training import train as train_module
from muse.tools.training.estimate import rehearse
from muse.tools.training.fingerprint import data_hash, hash_of
from muse.tools.training.options import (
    command_of,
    first_process,
    parse_settings,
    resolve,
    resume_options,
    settings_of,
)
from muse.tools.training.recipe import Prepared
from muse.tools.training.registry import RECIPES, find_recipe
from muse.tools.training.run import Run
from muse.tools.training.run_folder import RunFolder, new_folder
from muse.tools.training.train import train
from muse.tools.weights import load_trained_weights
from tests.training_recipe import (
    IDS,
    NAME,
    Numbers,
    NumbersConfig,
    NumbersSettings,
    examples,
    write_songs,
)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_songs(tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def exported(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    out = tmp_path_factory.mktemp("out")
    given = {"data": str(songs), "out": str(out / "runs"), "seed": 5, "settings": {"width": "6"}}
    return train(NAME, given, export_to=out / "weights"), out / "weights" / "numbers.safetensors"


# -- the run's folder


def test_run_folder_is_complete(exported: tuple[Run, Path], songs: Path) -> None:
    run, _ = exported
    assert run.folder
    assert run.folder.name.startswith("run_20")
    found = {str(path.relative_to(run.folder)) for path in run.folder.rglob("*.*")}
    assert found == {
        "checkpoints/best.safetensors",
        "checkpoints/last.safetensors",
        "checkpoints/resume.pt",
        "plots/training_history.png",
        "plots/confusion_matrix.png",
        "stats/run_config.json",
        "stats/split.json",
        "stats/training_history.json",
        "stats/evaluation_results.json",
        "stats/metrics_summary.txt",
        "stats/training_summary.txt",
    }
    for picture in (run.folder / "plots").iterdir():
        assert picture.read_bytes().startswith(b"\x89PNG")
    facts = json.loads((run.folder / "stats/run_config.json").read_text())
    assert facts["options"]["seed"] == 5
    assert facts["config"] == {"ids": IDS, "width": 6, "dropout": 0.2}
    assert facts["data"]["split"]["train"] == {"songs": 12, "examples": 288, "tokens": 288}
    assert facts["command"] == f"muse train {NAME} --data {songs} --seed 5 --set width=6"
    assert {"python", "torch", "lightning", "numpy", "muse-toolbox"} == facts["versions"].keys()


def test_split_is_by_song(exported: tuple[Run, Path]) -> None:
    run, _ = exported
    assert run.folder
    split = json.loads((run.folder / "stats/split.json").read_text())
    everything = [name for side in split.values() for name in side]
    assert len(everything) == len(set(everything)) == 20


def test_results_include_baselines(exported: tuple[Run, Path]) -> None:
    run, _ = exported
    assert run.folder
    results = json.loads((run.folder / "stats/evaluation_results.json").read_text())
    assert results["test"]["top1"] > results["baselines"]["always the same"]["top1"]
    assert results["test"]["perplexity"] == pytest.approx(np.exp(results["test"]["loss"]))
    counts = np.array(results["confusion"]["counts"])
    assert counts.sum() == 48
    assert np.trace(counts) == round(results["test"]["top1"] * 48)
    text = (run.folder / "stats/metrics_summary.txt").read_text()
    assert "always the same" in text
    assert text == run.text


def test_two_runs_in_a_second(tmp_path: Path) -> None:
    now = datetime(2025, 3, 4, 5, 6, 7)
    names = [new_folder(tmp_path, {}, now).path.name for _ in range(3)]
    assert names == ["run_20250304_050607", "run_20250304_050607_2", "run_20250304_050607_3"]


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_json("x.json", {"a": [float("nan"), 1.0], "b": float("inf")})
    assert json.loads((tmp_path / "stats/x.json").read_text()) == {"a": [None, 1.0], "b": None}


# -- weights and their card


def test_exported_weights_load(exported: tuple[Run, Path]) -> None:
    run, path = exported
    assert run.summary
    vocabulary = hash_of(list(range(IDS)))
    for place in (path, path.with_suffix(".json"), str(path.with_suffix(""))):
        config, tensors, card = load_weights(place, vocabulary)
        assert config_from(NumbersConfig, config) == NumbersConfig(IDS, 6, 0.2)
        assert tensors["table.weight"].shape == (IDS, 6)
    assert card["licence"] == "MIT"
    assert card["data"] == [{"name": "numbers", "licence": "CC0", "songs": 20, "note": ""}]
    assert card["metrics"]["test"] == run.summary["results"]["test"]
    assert card["command"].startswith("muse train")
    assert card["ids"] == IDS
    assert card["parameters"] == sum(array.size for array in tensors.values())


def test_wrong_weights_are_refused(exported: tuple[Run, Path], tmp_path: Path) -> None:
    _, path = exported
    with pytest.raises(ValueError, match=r"numbers\.json: the net was trained with another"):
        load_weights(path, "0" * 64)
    config, _, card = load_weights(path)
    with pytest.raises(ValueError, match="does not fit NumbersConfig"):
        config_from(NumbersConfig, config | {"layers": 3})
    (tmp_path / "numbers.json").write_text(json.dumps(card))
    with pytest.raises(FileNotFoundError):
        load_weights(tmp_path / "numbers.json")
    (tmp_path / "numbers.safetensors").write_bytes(path.read_bytes() + b"?")
    with pytest.raises(ValueError, match=r"numbers\.safetensors: is damaged, or does not belong"):
        load_weights(tmp_path / "numbers")
    for text, reason in (("{", "is not JSON"), ("[1]", "has no config"), ("{}", "has no")):
        (tmp_path / "numbers.json").write_text(text)
        with pytest.raises(ValueError, match=reason):
            load_weights(tmp_path / "numbers")
    with pytest.raises(BadInputError, match="has no config"):
        load_trained_weights(tmp_path / "numbers")
    with pytest.raises(BadInputError, match=r"no-such-net: no such weights \(.*no-such-net\.json"):
        load_trained_weights("no-such-net")


# -- options


def test_priority_is_command_line_then_file_then_recipe(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("batch-size = 8\nlr = 0.5\nsettings = {width = 3, dropout = 0.0}\n")
    recipe = Numbers()
    options = resolve(recipe, {"lr": 0.25, "settings": {"width": "4"}}, file)
    assert (options.epochs, options.batch_size, options.lr) == (3, 8, 0.25)
    assert settings_of(recipe, options) == NumbersSettings(width=4, dropout=0.0)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("epoch = 3", ParameterError, "x.toml: there is no option epoch"),
        ("epochs = 0", ParameterError, "epochs must be 1 or more"),
        ("batch_size = 'big'", ParameterError, "batch-size must be a whole number"),
        ("precision = '64'", ParameterError, "precision must be one of 32, bf16, not '64'"),
        ("settings = 3", ParameterError, r"settings must be a table, \[settings\]"),
        ("settings = {depth = 3}", ParameterError, "no setting depth; there are: width, dropout"),
        ("settings = {width = 'x'}", ParameterError, "--set width must be a whole number"),
        ("= 3", BadInputError, "x.toml: is not TOML"),
    ],
)
def test_a_wrong_file_raises(
    tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(error, match=message):
        resolve(Numbers(), {}, file)


def test_settings_are_pairs() -> None:
    assert parse_settings(["a=1", "b=c=d", "e="]) == {"a": "1", "b": "c=d", "e": ""}
    with pytest.raises(ParameterError, match="--set takes NAME=VALUE, not width"):
        parse_settings(["width"])


def test_the_seed_is_random_except_for_several_processes() -> None:
    seeds = {resolve(Numbers(), {}).seed for _ in range(5)}
    assert len(seeds) == 5
    assert resolve(Numbers(), {"devices": 2}).seed == 0
    assert resolve(Numbers(), {"seed": 0}).seed == 0


def test_torchrun_sets_devices_and_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_process()
    environment = {
        "TORCHELASTIC_RUN_ID": "x",
        "LOCAL_WORLD_SIZE": "4",
        "WORLD_SIZE": "8",
        "RANK": "5",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    options = resolve(Numbers(), {})
    assert (options.devices, options.nodes, options.seed) == (4, 2, 0)
    assert not first_process()


def test_the_recorded_command_has_the_same_options() -> None:
    recipe = Numbers()
    given = {"data": "x", "seed": 1, "lr": 0.5, "settings": {"width": "4"}}
    words = command_of(recipe, resolve(recipe, given)).split()
    assert words[:3] == ["muse", "train", NAME]
    assert words[3:] == ["--data", "x", "--lr", "0.5", "--seed", "1", "--set", "width=4"]


def test_a_run_fixes_most_options() -> None:
    stored = {"data": "x", "seed": 1}
    assert resume_options(Numbers(), stored, {"data": "y"}).data == "y"
    with pytest.raises(ParameterError, match="--batch-size is fixed by the run"):
        resume_options(Numbers(), stored, {"batch_size": 3})


def test_recipes_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(find_recipe(NAME), Numbers)
    monkeypatch.setitem(RECIPES, "numbers", NAME)
    assert isinstance(find_recipe("numbers"), Numbers)
    assert command_of(Numbers(), resolve(Numbers(), {"seed": 1})) == "muse train numbers --seed 1"
    with pytest.raises(ParameterError, match=r"no recipe is called hans; there are: .*numbers"):
        find_recipe("hans")
    with pytest.raises(ParameterError, match=r"cannot load the recipe no\.where:X"):
        find_recipe("no.where:X")
    with pytest.raises(ParameterError, match="is not a recipe"):
        find_recipe("tests.training_recipe:NumbersNet")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_loads(name: str) -> None:
    assert find_recipe(name).name == name


# -- data


def prepared(songs: Path) -> Prepared:
    return Numbers().prepare(songs, NumbersSettings(), lambda _stage, _fraction: None)


def test_the_hash_changes_with_the_data(songs: Path) -> None:
    data = prepared(songs)
    before = data_hash(data)
    assert data_hash(prepared(songs)) == before
    swapped = replace(data, train=data.test, test=data.train)
    renamed = replace(data, test=replace(data.test, songs=("other",)))
    arrays: dict[str, Any] = {key: array.copy() for key, array in data.test.arrays.items()}
    arrays["after"][-1] += 1
    changed = replace(data, test=replace(data.test, arrays=arrays))
    assert len({before, *map(data_hash, (swapped, renamed, changed))}) == 4


def test_examples_with_their_own_count() -> None:
    assert len(examples({})) == 0
    assert len(replace(examples({}), count=4)) == 4


def test_a_run_is_resumed_with_the_same_data_only(
    exported: tuple[Run, Path], tmp_path: Path
) -> None:
    run, _ = exported
    other = write_songs(tmp_path / "other", songs=15)
    with pytest.raises(BadInputError, match=r"is not the data that .*run_.* was trained on"):
        train(NAME, {"data": str(other)}, resume=run.folder)


def test_too_little_data(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nowhere: no such file or folder"):
        train(NAME, {"data": str(tmp_path / "nowhere")})
    with pytest.raises(BadInputError, match=r"no \.txt file in it"):
        train(NAME, {"data": str(tmp_path)})
    few = write_songs(tmp_path / "few", songs=3)
    with pytest.raises(
        BadInputError, match=r"few: too little data .* the validation side is empty"
    ):
        train(NAME, {"data": str(few), "out": str(tmp_path / "runs")})
    assert not (tmp_path / "runs").exists()
    with pytest.raises(ParameterError, match="name them with --data"):
        train(NAME, {})


def test_resume_needs_the_folder_of_a_run(tmp_path: Path, exported: tuple[Run, Path]) -> None:
    with pytest.raises(BadInputError, match="is not the folder of a training run"):
        train(NAME, {}, resume=tmp_path)
    empty = new_folder(tmp_path, {"name": "numbers"})
    with pytest.raises(BadInputError, match="has no checkpoint yet"):
        train(NAME, {}, resume=empty.path)
    other = new_folder(tmp_path, {"name": "letters"})
    with pytest.raises(ParameterError, match="is a run of letters, not of numbers"):
        train(NAME, {}, resume=other.path)
    run, _ = exported
    with pytest.raises(ParameterError, match="leave it out with --resume"):
        train(NAME, {}, resume=run.folder, config=Path("x.toml"))


# -- before training


def test_estimate(songs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    estimate = rehearse(NAME, {"data": str(songs), "batch_size": 10})
    assert estimate["batches_per_epoch"] == 29
    assert estimate["parameters"] == 7 * 8 + 8 * 8 + 8 + 7
    assert estimate["split"]["test"]["songs"] == 2
    assert 0 < estimate["seconds_per_epoch"] < estimate["seconds_at_most"]
    assert list(tmp_path.iterdir()) == []


def test_missing_lightning_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_module.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingPartError, match=r"pip install '\.\[train\]'"):
        train(NAME, {})
