"""Recipes of the chord nets and of note-lstm, on charts that ship with muse."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from muse.tools.weights import load_trained_weights

ROOT = Path(__file__).parent.parent
CHARTS = ROOT / "examples" / "neo_soul.txt"
SMALL = ("--set", "width=16", "--set", "layers=1", "--epochs", 1, "--batch-size", 32, "--seed", 1)


@pytest.mark.parametrize("name", ["chord-transformer", "chord-lstm"])
def test_chord_net_is_trained_scored_and_exported(name: str, muse, tmp_path: Path) -> None:
    done = muse(
        *("train", name, "--data", CHARTS, "--out", tmp_path / "runs", "--device", "cpu"),
        *("--export", tmp_path / "weights", *SMALL),
    )
    assert done.code == 0, done.err
    results = json.loads(done.out)["results"]
    assert set(results["baselines"]) == {"unigram", "trigram", "adaptive"}
    assert 1.0 < results["test"]["perplexity"] < 557  # better than chance
    assert results["net"]["all"]["chords"] == results["baselines"]["adaptive"]["chords"]
    _, _, card = load_trained_weights(tmp_path / "weights" / name)
    assert card["split_seed"] == 0
    assert card["data"][0]["songs"] == 144
    made = muse("chords", "--model", tmp_path / "weights" / f"{name}.safetensors", "--bars", 4)
    assert made.code == 0, made.err


def test_note_net_is_trained_on_a_folder_of_midi(muse, tmp_path: Path) -> None:
    script = ROOT / "examples" / "render_neo_soul.py"
    subprocess.run([sys.executable, script, tmp_path / "midi", "--takes", "1"], check=True)
    done = muse(
        *("train", "note-lstm", "--data", tmp_path / "midi", "--out", tmp_path / "runs"),
        *("--export", tmp_path / "weights", "--device", "cpu", *SMALL),
    )
    assert done.code == 0, done.err
    results = json.loads(done.out)["results"]
    assert results["test"]["perplexity"] > 1.0
    assert results["baselines"]["unigram"]["perplexity"] > 1.0
    config, _, card = load_trained_weights(tmp_path / "weights" / "note-lstm")
    assert config["columns"]["chord"] == len(card["tokens"])


def test_a_folder_without_songs(muse, tmp_path: Path) -> None:
    done = muse("train", "chord-lstm", "--data", tmp_path)
    assert done.code == 4
    assert len(done.err.splitlines()) == 1
