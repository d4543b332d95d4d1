"""`muse train intervals`: spectrograms, splits, the training run and its files."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.models.interval_cnn.config import IntervalCnnConfig
from muse.models.interval_cnn.net import IntervalCnn
from muse.tools.audio.mel import (
    BANDS,
    HIGHEST_HZ,
    HOPS_PER_WINDOW,
    LOWEST_HZ,
    log_mel,
    mel_filterbank,
    power_spectra,
    window_frames,
)
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.data_set import generate_folder, read_index, read_labels
from muse.tools.progress import silent
from muse.tools.training.estimate import rehearse
from muse.tools.training.fingerprint import data_hash
from muse.tools.training.recipe import SIDES
from muse.tools.training.recipes import intervals as recipes
from muse.tools.training.recipes.interval_clips import split
from muse.tools.training.recipes.intervals import IntervalSettings, IntervalsRecipe
from muse.tools.training.run import Run
from muse.tools.training.run_folder import RunFolder
from muse.tools.training.train import train
from muse.tools.weights import load_trained_weights

RATE = 44_100
# four intervals over a few pitches, learned within seconds
TINY = ClipSettings(
    sample_rate=8_000,
    clip_s=1.0,
    intervals=(1, 4, 7, 12),
    lowest_hz=220.0,
    highest_hz=600.0,
)
CLIPS, EPOCHS = 120, 8
OPTIONS = {"seed": 3, "device": "cpu", "epochs": EPOCHS, "patience": 0, "batch_size": 16}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "clips"
    generate_folder(folder, TINY, CLIPS, seed=1)
    return folder


@pytest.fixture(scope="module")
def trained(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IntervalsRecipe, "keep_every", 4)
        out = tmp_path_factory.mktemp("runs")
        given_options = OPTIONS | {"data": str(clips), "out": str(out)}
        yield train("intervals", given_options, export_to=out / "weights")


def results_of(run: Run) -> dict:
    assert run.folder
    return json.loads((run.folder / "stats/evaluation_results.json").read_text())


# -- input of the net


def test_mel_bands_match_librosa() -> None:
    import librosa

    sound = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    window = window_frames(RATE)
    hop = window // HOPS_PER_WINDOW
    ours = mel_filterbank(RATE, window, BANDS, LOWEST_HZ, HIGHEST_HZ) @ power_spectra(
        sound, window, hop
    )
    expected = librosa.feature.melspectrogram(
        y=sound,
        sr=RATE,
        n_fft=window,
        hop_length=hop,
        n_mels=BANDS,
        fmin=LOWEST_HZ,
        fmax=HIGHEST_HZ,
        pad_mode="constant",
    )
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, rtol=1e-3)


@given(gain=st.floats(1e-3, 1.0), rate=st.sampled_from((8_000, 22_050, 44_100)))
@settings(max_examples=10, deadline=None)
def test_a_spectrogram_does_not_depend_on_the_level(gain: float, rate: int) -> None:
    sound = np.sin(2 * np.pi * 440 / rate * np.arange(rate // 2))
    loud, soft = log_mel(sound, rate), log_mel(gain * sound, rate)
    assert loud.max() == pytest.approx(1.0)
    assert loud.min() >= -1e-6  # rounding
    np.testing.assert_allclose(loud, soft, atol=1e-3)


def test_spectrogram_of_silence_is_zero() -> None:
    assert not log_mel(np.zeros(4000), 8_000).any()


@pytest.mark.parametrize(("times", "segments"), [(44, 4), (33, 4), (6, 4), (1, 1), (8, 2)])
def test_the_net_takes_clips_of_any_length(times: int, segments: int) -> None:
    net = IntervalCnn(IntervalCnnConfig(classes=5, bands=32, times=times, segments=segments))
    scores = net.eval()(torch.rand(3, 32, times))
    assert scores.shape == (3, 5)
    assert torch.isfinite(scores).all()


# -- the data


def test_a_split_holds_every_clip_once(clips: Path) -> None:
    labels = read_labels(clips)
    for by_pitches in (False, True):
        places = split(labels, by_pitches, seed=0)
        assert sorted(np.concatenate(list(places.values()))) == list(range(CLIPS))
    assert [len(each) for each in split(labels, False, seed=0).values()] == [84, 18, 18]


def test_a_split_by_pitches_keeps_pairs_apart(clips: Path) -> None:
    labels = read_labels(clips)
    sides = split(labels, True, seed=0)
    pairs = [{(labels[i].low_pitch, labels[i].high_pitch) for i in sides[name]} for name in SIDES]
    assert all(pairs)
    assert not (pairs[0] & pairs[1] or pairs[0] & pairs[2] or pairs[1] & pairs[2])


def test_clips_are_generated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSE_CACHE", str(tmp_path))
    chosen = IntervalSettings(clips=24, jobs=1)
    first = IntervalsRecipe().prepare(Path(), chosen, silent)
    made = tmp_path / "interval-clips" / "24_clips_seed_0"
    written = {path: path.stat().st_mtime_ns for path in made.iterdir()}
    again = IntervalsRecipe().prepare(Path(), chosen, silent)
    assert {path: path.stat().st_mtime_ns for path in made.iterdir()} == written
    assert data_hash(again) == data_hash(first)
    assert len(first.train) + len(first.validation) + len(first.test) == 24
    IntervalsRecipe().prepare(Path(), replace(chosen, data_seed=1), silent)  # in another folder
    assert {path: path.stat().st_mtime_ns for path in made.iterdir()} == written


def test_clips_are_made_in_a_new_folder_of_data(tmp_path: Path) -> None:
    IntervalsRecipe().prepare(tmp_path / "clips", IntervalSettings(clips=24, jobs=1), silent)
    assert read_index(tmp_path / "clips").clips == 24


def test_an_estimate_writes_nothing_and_states_the_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(recipes, "SAMPLED", 24)
    estimate = rehearse("intervals", {})
    assert list(tmp_path.iterdir()) == []
    assert estimate["data_bytes"] == 5000 * 2 * 44_100 * 2
    assert estimate["data_folder"] == str(tmp_path / "cache/interval-clips/5000_clips_seed_0")
    assert estimate["split"]["train"] == {"examples": 3500}
    assert estimate["batches_per_epoch"] == 110


# -- the run


def test_a_net_learns_intervals(trained: Run) -> None:
    results = results_of(trained)
    assert results["test"]["accuracy"] >= 0.8
    assert results["baselines"]["two spectral peaks"]["accuracy"] == 1.0
    assert results["baselines"]["always the commonest"]["accuracy"] < 0.5
    assert set(results["classes"]) == {
        "minor second",
        "major third",
        "perfect fifth",
        "octave",
    }


def test_results_agree_with_the_confusion_matrix(trained: Run) -> None:
    results = results_of(trained)
    counts = np.array(results["confusion"]["counts"])
    assert np.trace(counts) / counts.sum() == pytest.approx(results["test"]["accuracy"])
    recalls = [each["recall"] for each in results["classes"].values()]
    np.testing.assert_allclose(recalls, np.diag(counts) / np.maximum(counts.sum(1), 1))
    pairs = results["new_pairs_of_pitches"]
    assert 0 <= pairs["clips"] <= counts.sum()


def test_files_of_the_run_folder(trained: Run) -> None:
    assert trained.folder
    found = {str(path.relative_to(trained.folder)) for path in trained.folder.rglob("*.*")}
    assert found >= {
        "checkpoints/best.safetensors",
        "checkpoints/epoch_004.safetensors",
        "checkpoints/epoch_008.safetensors",
        "plots/confusion_matrix.png",
        "plots/training_history.png",
        "plots/audio_features_1.png",
        "plots/audio_features_3.png",
        "stats/run_config.json",
        "stats/training_history.json",
        "stats/evaluation_results.json",
        "stats/metrics_summary.txt",
        "stats/training_summary.txt",
    }
    last = RunFolder(trained.folder).weights("last")
    numbered = RunFolder(trained.folder).weights("epoch_008")
    assert all(torch.equal(last[name], numbered[name]) for name in last)
    summary = (trained.folder / "stats/training_summary.txt").read_text().splitlines()
    assert summary[-1] == "ended: after all epochs"
    assert sum(line.lstrip()[:1].isdigit() for line in summary) == EPOCHS
    assert sum(line[5:6] == "*" for line in summary) == 1


def test_exported_weights_and_card(trained: Run) -> None:
    assert trained.folder
    config, arrays, card = load_trained_weights(trained.folder.parent / "weights" / "intervals")
    net = IntervalCnn(msgspec.convert(config, IntervalCnnConfig))
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    assert card["semitones"] == [1, 4, 7, 12]
    assert card["split"]["train"]["examples"] == 84
    assert card["split_by"] == "clips"
    assert card["metrics"]["test"] == results_of(trained)["test"]


def test_a_resumed_run_gives_the_same_result(clips: Path, trained: Run, tmp_path: Path) -> None:
    given_options = OPTIONS | {"data": str(clips), "out": str(tmp_path), "epochs": 3}
    shorter = train("intervals", given_options)
    longer = train("intervals", {"epochs": EPOCHS}, resume=shorter.folder)
    assert results_of(longer) == results_of(trained)
    for name in ("best.safetensors", "last.safetensors"):
        path = Path("checkpoints") / name
        assert (longer.folder / path).read_bytes() == (trained.folder / path).read_bytes()


# -- bad input


def test_a_folder_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="muse intervals generate -o"):
        IntervalsRecipe().prepare(tmp_path, IntervalSettings(), silent)


def test_a_single_interval_is_refused(tmp_path: Path) -> None:
    generate_folder(tmp_path / "one", replace(TINY, intervals=(7,)), 4, seed=0)
    with pytest.raises(BadInputError, match="the same interval"):
        IntervalsRecipe().prepare(tmp_path / "one", IntervalSettings(), silent)


def test_missing_and_truncated_clips_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    generate_folder(folder, TINY, 6, seed=0)
    whole = (folder / "clip-000003.wav").read_bytes()
    (folder / "clip-000003.wav").unlink()
    with pytest.raises(BadInputError, match=r"clip-000003\.wav"):
        IntervalsRecipe().prepare(folder, IntervalSettings(), silent)
    (folder / "clip-000003.wav").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputError, match=r"clip-000003\.wav"):
        IntervalsRecipe().prepare(folder, IntervalSettings(), silent)


def test_too_few_clips_are_refused(tmp_path: Path) -> None:
    generate_folder(tmp_path / "two", TINY, 2, seed=0)
    with pytest.raises(BadInputError, match="too little"):
        train("intervals", {"data": str(tmp_path / "two"), "out": str(tmp_path)})


def test_an_unknown_split_is_refused(clips: Path, tmp_path: Path) -> None:
    chosen = {"data": str(clips), "out": str(tmp_path), "settings": {"split": "songs"}}
    with pytest.raises(ParameterError, match="split"):
        train("intervals", chosen)
