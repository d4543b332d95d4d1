"""The fits that ship with muse, each run for a few seconds on made-up data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from muse.models.chord_finder.inference import load_chord_finder
from muse.models.drum_net.inference import DrumInference
from muse.models.note_net.inference import NoteInference
from muse.models.weight_files import load_weights
from muse.tools.chords.ngram_model import NgramModel
from muse.tools.intervals.hypothesis_scoring import MEASURES
from muse.tools.training.recipes import drum_net, melody_realism, note_net
from muse.tools.training.registry import RECIPES, find_recipe
from muse.tools.training.studio import drum_shards
from tests.training_data import write_data, write_drum_kit

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "models" / "weights"

# fit: settings of a run of seconds
QUICK = {
    "chord-finder": ("songs=3", "epochs=1"),
    "chord-ngram": (),
    "interval-hypotheses": ("share=0.01",),
    "jam-mix": ("key_epochs=1", "epochs=1", "phrase_epochs=1", "songs=3", "jobs=1", "generated=2"),
    "jam-tempo": ("songs=3", "steps=0.002"),
    "melody-fit": (),
    "melody-realism": (),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("name", QUICK)
def test_a_fit_writes_weights_like_those_that_ship(
    name: str, data: Path, muse: Callable[..., Any], tmp_path: Path
) -> None:
    settings = [word for setting in QUICK[name] for word in ("--set", setting)]
    done = muse(
        *("train", name, "--data", data, "--out", tmp_path / "runs"),
        *("--export", tmp_path / "weights", *settings),
    )
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]
    made, shipped = load_weights(tmp_path / "weights" / name), load_weights(name)
    assert made.tensors.keys() == shipped.tensors.keys()
    assert made.config == shipped.config
    for key, array in shipped.tensors.items():
        assert made.tensors[key].dtype == array.dtype
        assert made.tensors[key].shape[1:] == array.shape[1:]
    assert set(shipped.card) - set(made.card) <= {"made"}
    assert shipped.card["command"].startswith(f"muse train {name}")
    if name == "chord-finder":
        assert load_chord_finder(tmp_path / "weights").config == load_chord_finder().config
    if name == "chord-ngram":
        assert NgramModel(made.tensors)


@pytest.fixture
def few_sounds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Render two takes with two small kits, one of them held out; return the folder of sounds."""
    for name in ("Small", "BJA_Pacific"):
        write_drum_kit(tmp_path / "sounds" / "hydrogen" / "data" / "drumkits", name)
    monkeypatch.setattr(drum_shards, "find_soundfonts", list)
    monkeypatch.setattr(drum_shards, "EXCERPTS", {side: [0] for side in drum_shards.EXCERPTS})
    monkeypatch.setattr(drum_shards, "STUDIO_PARTS", dict.fromkeys(drum_shards.EXCERPTS, 0))
    for module in (drum_shards, drum_net):
        monkeypatch.setattr(module, "SHARD_TAKES", 2)
    monkeypatch.setattr(drum_net, "CHECKPOINT_STEPS", 1)
    return tmp_path / "sounds"


@pytest.mark.needs_fluidsynth
def test_drum_net_renders_and_resumes_to_the_same_bytes(
    data: Path,
    muse: Callable[..., Any],
    tmp_path: Path,
    few_sounds: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"takes": 2, "held_out": 2, "steps": 2, "threads": 1, "bf16": "false"}
    settings |= {"system": few_sounds, "soundfonts": "TimGM6mb"}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    done = muse("train", "drum-net", "--data", data, "--out", tmp_path, *words)
    assert done.code == 0, done.err
    run = tmp_path / "drum-net"
    card = json.loads((run / "drum-net.json").read_text())
    assert set(card["thresholds"]) == set(card["outputs"])
    whole = (run / "drum-net.onnx").read_bytes()
    assert DrumInference(threads=1, weights=run / "drum-net.onnx")
    loss_of, calls = drum_net.loss_of, iter(range(2))

    def stopping(*arguments: Any, **options: Any) -> Any:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return loss_of(*arguments, **options)

    monkeypatch.setattr(drum_net, "loss_of", stopping)
    assert muse("train", "drum-net", "--data", data, "--out", tmp_path, *words).code == 130
    monkeypatch.setattr(drum_net, "loss_of", loss_of)
    assert muse("train", "drum-net", "--resume", run).code == 0
    assert (run / "drum-net.onnx").read_bytes() == whole


@pytest.mark.needs_fluidsynth
def test_note_net_resumes_to_the_same_bytes(
    data: Path, muse: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(note_net, "CHECKPOINT_STEPS", 1)
    words = ("--set", "mixes=1", "--set", "steps=2", "--set", "soundfonts=TimGM6mb")
    done = muse("train", "note-net", "--data", data, "--out", tmp_path, *words)
    assert done.code == 0, done.err
    run = tmp_path / "note-net"
    weights = run / "note-net.onnx"
    assert set(json.loads(done.out)["metrics"]) == {"on", "true stems", "mix"}
    assert NoteInference(weights=weights)
    whole = weights.read_bytes()
    loss_of, calls = note_net.loss_of, iter(range(2))

    def stopping(*arguments: Any) -> Any:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return loss_of(*arguments)

    monkeypatch.setattr(note_net, "loss_of", stopping)
    stopped = muse("train", "note-net", "--data", data, "--out", tmp_path, *words)
    assert stopped.code == 130
    assert f"resume with: muse train note-net --resume {run}" in stopped.err
    monkeypatch.setattr(note_net, "loss_of", loss_of)
    assert muse("train", "note-net", "--resume", run).code == 0
    assert weights.read_bytes() == whole


def test_a_missing_soundfont_is_named_with_its_command(
    data: Path, muse: Callable[..., Any], tmp_path: Path
) -> None:
    words = ("--set", "soundfonts=FluidR3_GM", "--out", tmp_path)
    done = muse("train", "drum-net", "--data", data, *words)
    assert done.code == 3
    assert "no soundfont FluidR3_GM.sf2 found; run: apt-get install fluid-soundfont-gm" in done.err


def test_a_missing_norm_is_not_a_number() -> None:
    table = {bars: {"leaps": (0.5, 0.25)} for bars in melody_realism.LENGTHS}
    arrays = melody_realism.arrays_of(table)
    place = melody_realism.FIGURES.index("leaps")
    assert arrays["mean"][:, place].tolist() == [0.5] * 5
    assert np.isnan(np.delete(arrays["deviation"], place, axis=1)).all()


def test_every_measure_is_fitted() -> None:
    assert load_weights("interval-hypotheses").config["measures"] == list(MEASURES)


def test_every_shipped_weight_has_a_recipe_and_its_command() -> None:
    for path in SHIPPED.glob("*.json"):
        card = json.loads(path.read_text())
        if "source" not in card:  # of others
            assert path.stem in RECIPES
            assert card["command"].startswith(f"muse train {path.stem} ")
            assert card["what"] == find_recipe(path.stem).what
