"""Recipes of the chord nets and of note-lstm, on charts that ship with muse."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from muse.tools.datasets.forms.build import in_common_key
from muse.tools.datasets.forms.notes import encode_notes
from muse.tools.datasets.vocabulary import SPECIALS, START_ID, UNKNOWN_ID, Vocabulary
from muse.tools.song.document import Key, Note, Song, Track
from muse.tools.training.recipes.note_lstm import windows_of, without_rare
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
    assert config["contexts"] == {"mode": 2}
    made = muse("chords", "--model", tmp_path / "weights" / "note-lstm", "--bars", 2, "--seed", 1)
    assert made.code == 0, made.err


def test_rare_tokens_are_unknown_and_songs_begin_with_the_start() -> None:
    vocabulary = Vocabulary.of("test", ["C4_1", "D4_1"])
    rows = [
        {"ids": [4, 5, 4], "split": "train", "mode": "minor", "song": "x"},
        {"ids": [5, 5], "split": "test", "mode": "major", "song": "y"},
    ]
    smaller, known = without_rare(rows, vocabulary, 2)
    assert known.tokens == (*SPECIALS, "C4_1")
    assert [row["ids"] for row in smaller] == [[4, UNKNOWN_ID, 4], [UNKNOWN_ID, UNKNOWN_ID]]
    windows = windows_of(smaller, 3)
    assert windows.arrays["chord"].tolist() == [
        [START_ID, 4, UNKNOWN_ID],
        [UNKNOWN_ID, 4, 0],
        [START_ID, UNKNOWN_ID, UNKNOWN_ID],
    ]
    assert windows.arrays["mode"].tolist() == [1, 1, 0]


def test_notes_are_trained_on_in_the_common_key() -> None:
    notes = [Note(0.0, 1.0, pitch, 80) for pitch in (63, 67, 70)]  # Eb major
    song = in_common_key(Song(keys=[Key(0.0, 3, "major")], tracks=[Track(notes=notes)]))
    assert encode_notes(song) == ["C4.E4.G4_1"]
    assert song.keys == [Key(0.0, 0, "major")]


def test_a_folder_without_songs(muse, tmp_path: Path) -> None:
    done = muse("train", "chord-lstm", "--data", tmp_path)
    assert done.code == 4
    assert len(done.err.splitlines()) == 1
