"""The drum net: its weights match its card, windows do not matter, and its targets are right."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from muse.models.drum_net.config import NAME, DrumNetConfig
from muse.models.drum_net.inference import CONTEXT_FRAMES, WINDOW_FRAMES, DrumInference
from muse.tools.transcription import drum_features, drum_peaks, drums

WEIGHTS = Path(str(files("muse.models") / "weights"))


def test_the_shipped_net_is_the_one_described() -> None:
    card = json.loads((WEIGHTS / f"{NAME}.json").read_text())
    data = (WEIGHTS / f"{NAME}.onnx").read_bytes()
    assert hashlib.sha256(data).hexdigest() == card["sha256"]
    assert card["config"]["bands"] == drum_features.BANDS
    assert card["outputs"] == [drum.name for drum in drums.DRUMS]


def test_the_thresholds_are_those_of_the_card() -> None:
    card = json.loads((WEIGHTS / f"{NAME}.json").read_text())
    assert card["thresholds"] == {drum.name: drum.threshold for drum in drums.DRUMS}


def test_windows_give_what_the_whole_recording_gives() -> None:
    rng = np.random.default_rng(0)
    levels = rng.random((WINDOW_FRAMES + 700, drum_features.BANDS)).astype(np.float32)
    net = DrumInference(threads=1)
    whole = net._session.run(None, {"levels": levels[None]})[0][0]
    np.testing.assert_allclose(net(levels, np.copy).hit, whole[0].T, atol=1e-4)


def test_the_context_covers_what_a_frame_depends_on() -> None:
    from muse.models.drum_net.net import CONTEXT_KERNEL, KERNEL

    config = DrumNetConfig(drum_features.BANDS, len(drums.DRUMS))
    reach = len(config.channels) * (KERNEL[0] // 2)
    reach += sum(CONTEXT_KERNEL // 2 * dilation for dilation in config.dilations)
    assert reach <= CONTEXT_FRAMES


def test_the_export_computes_what_torch_computes(tmp_path: Path) -> None:
    import torch

    from muse.models.drum_net.net import DrumNet, Probabilities
    from muse.tools.training.recipes.drum_net import export_onnx

    torch.manual_seed(0)
    net = DrumNet(DrumNetConfig(drum_features.BANDS, 3, (4, 4, 4, 4), 8, (1, 2))).eval()
    export_onnx(net, tmp_path / "net.onnx")
    levels = torch.rand(1, 321, drum_features.BANDS)
    with torch.no_grad():
        expected = Probabilities(net)(levels)[0].numpy()
    found = DrumInference(threads=1, weights=tmp_path / "net.onnx")(levels[0].numpy(), np.copy)
    np.testing.assert_allclose(found.hit, expected[0].T, atol=1e-5)
    np.testing.assert_allclose(found.velocity, expected[1].T, atol=1e-5)


def test_targets_are_highest_at_the_hit_and_leave_soft_hits_out() -> None:
    from muse.tools.training.recipes.drum_net import targets

    hits = np.array([[1.0, 0, 100.0], [1.2, 1, 5.0], [9.0, 0, 100.0]])
    target, weight, velocity = targets(hits, start=50)
    assert target[0].argmax() == 50 and target[0, 50] == 1.0
    assert target[1].max() == 0.0 and weight[1, 70] == 0.0
    assert velocity[0, 50] == pytest.approx(100 / 127)
    assert target.sum() == pytest.approx(target[0, 48:53].sum())


def test_the_best_threshold_separates_hits_from_the_rest() -> None:
    activation = np.zeros(1000, np.float32)
    activation[100:1000:100] = 0.6
    activation[150:1000:100] = 0.3
    truth = np.arange(1.0, 10.0, 1.0)
    best = drum_peaks.best_threshold([activation], [truth])
    assert 0.3 < best <= 0.6
    scores = drum_peaks.score_hits([activation], [truth], best)
    assert scores == {"f1": 1.0, "precision": 1.0, "recall": 1.0}


def test_a_scaled_recording_gives_the_same_input() -> None:
    rng = np.random.default_rng(0)
    audio = rng.standard_normal(44_100).astype(np.float32) * 0.1
    inputs = []
    for gain in (1.0, 0.05):
        levels = drum_features.measure_levels([audio * np.float32(gain)], 44_100)
        inputs.append(drum_features.net_input(levels, drum_features.reference_db(levels)))
    # the floor of the levels and float16 leave small differences
    np.testing.assert_allclose(*inputs, atol=0.05)
