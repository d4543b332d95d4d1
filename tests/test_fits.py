"""Fits: models that `muse train` makes in one pass, and the run around them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from muse.models.weight_files import load_weights
from muse.tools.errors import BadInputError, MissingPartError, ParameterError
from muse.tools.training.data_folder import collections_in, find_collection
from muse.tools.training.estimate import rehearse
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.train import train

NAME = "tests.test_fits:Sum"


@dataclass(frozen=True)
class SumSettings:
    scale: float = 1.0


class Sum(Fit):
    name, what, task = "sum", "the sum of some numbers", "tests"
    settings = SumSettings
    collections = ("numbers",)
    cache = ".npz"
    is_resumable = True

    def fit(self, job: FitJob) -> Fitted:
        files = sorted(job.collection("numbers").glob("*.txt"))
        total = job.settings.scale * sum(float(file.read_text()) for file in files) + job.seed
        kept = job.folder / "kept.txt"
        if job.is_resumed:
            total += float(kept.read_text())
        kept.write_text("1000")
        return Fitted({"total": np.array([total])}, {"files": len(files)}, [], {"total": total})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "numbers"
    folder.mkdir(parents=True)
    for number in range(4):
        (folder / f"{number}.txt").write_text(str(number))
    return folder.parent


def test_files_card_and_summary(data: Path, muse: Callable[..., Any], tmp_path: Path) -> None:
    done = muse(
        *("train", NAME, "--data", data, "--set", "scale=2", "--seed", 5),
        *("--out", tmp_path / "runs", "--export", tmp_path / "weights"),
    )
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["format"] == "muse.fit/1"
    assert summary["metrics"] == {"total": 17.0}
    for folder in (tmp_path / "weights", tmp_path / "runs" / "sum"):
        config, arrays, card = load_weights(folder / "sum")
        assert (config, arrays["total"].tolist()) == ({"files": 4}, [17.0])
    assert card["command"] == f"muse train {NAME} --data DATA --seed 5 --set scale=2"
    assert (card["task"], card["licence"], card["parameters"]) == ("tests", "MIT", 1)
    assert summary["exported"] == [
        str(tmp_path / "weights" / f"sum.{end}") for end in ("safetensors", "json")
    ]


def test_a_resumed_run_has_the_options_it_began_with(data: Path, tmp_path: Path) -> None:
    given = {"data": str(data), "seed": 5, "out": str(tmp_path)}
    first = train(NAME, given)
    again = train(NAME, {}, resume=first.folder)
    assert first.summary and again.summary
    assert again.summary["metrics"]["total"] == first.summary["metrics"]["total"] + 1000
    with pytest.raises(ParameterError, match="--seed is fixed by the run; --resume allows --data"):
        train(NAME, {"seed": 6}, resume=first.folder)
    with pytest.raises(BadInputError, match="is not the folder of a fit"):
        train(NAME, {}, resume=data)
    with pytest.raises(ParameterError, match="keeps no checkpoints"):
        train("chord-ngram", {}, resume=first.folder)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--epochs", 3), 2, "sum takes no --epochs; settings for --set: scale"),
        (("--batch-size", 3), 2, "sum takes no --batch-size"),
        (("--set", "depth=3"), 2, "sum has no setting depth; there are: scale"),
        (("--set", "scale=x"), 2, "--set scale must be a number"),
        ((), 2, "sum learns from numbers; name the folder that holds them with --data"),
        (("--data", "nowhere"), 4, "nowhere: no such file or folder"),
        (("--data", "."), 4, ".: no numbers in it; --data names the folder of the collections"),
    ],
)
def test_mistakes_are_one_line(
    muse: Callable[..., Any], words: tuple[object, ...], code: int, message: str
) -> None:
    done = muse("train", NAME, *words)
    assert (done.code, done.out) == (code, b"")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_dry_run_reads_and_writes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    estimate = rehearse(NAME, {"data": str(data), "settings": {"scale": "3"}})
    assert estimate["reads"] == [str(data / "numbers")]
    assert estimate["settings"] == {"scale": 3.0}
    assert estimate["folder"] == "runs/sum"
    assert not (tmp_path / "runs").exists()


def test_a_missing_module_is_named_with_its_command(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sum, "modules", ("no_such_module",))
    with pytest.raises(MissingPartError, match=r"no_such_module is not installed; .*\[train\]"):
        train(NAME, {"data": str(data)})


def test_a_fit_needs_no_lightning(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert train(NAME, {"data": str(data), "out": str(tmp_path)}).summary


def test_collections_are_found_by_name(data: Path, tmp_path: Path) -> None:
    numbers = data / "numbers"
    assert find_collection(data, "numbers") == find_collection(numbers, "numbers") == numbers
    assert collections_in(data, ("letters", "numbers")) == [numbers]
    assert collections_in(numbers, ("letters", "numbers")) == [numbers]
    charts = tmp_path / "neo_soul.txt"
    charts.touch()
    assert find_collection(tmp_path, charts.name) == charts
    assert find_collection(data, charts.name).name == charts.name
