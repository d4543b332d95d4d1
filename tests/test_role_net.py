"""The role net: its input, its training, its export, and what muse makes of its odds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from muse.models.role_net.config import CLASSES, RoleNetConfig
from muse.models.role_net.inference import RoleInference
from muse.models.role_net.net import Probabilities, RoleNet
from muse.tools.audio.io import write_audio
from muse.tools.audio.render import render
from muse.tools.song.document import Song
from muse.tools.song.roles import ROLES
from muse.tools.training.examples import role_sounds
from muse.tools.training.recipes import role_net
from muse.tools.transcription import role_features
from muse.tools.transcription.instrument_class import (
    CLASS_USES,
    certain_class,
    detect_role,
    is_drums,
    may_be_pad,
    program_of_class,
    role_odds,
)
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitched import PitchedTranscription
from muse.tools.transcription.role_detection import choose_role
from muse.tools.transcription.solo import SoloTranscription, expected_role, named_by_class
from tests.training_data import write_data

RATE = role_features.SAMPLE_RATE


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize(("seconds", "windows"), [(0.2, 1), (3.9, 1), (6.2, 3), (24.0, 12)])
def test_windows_and_their_levels(seconds: float, windows: int) -> None:
    audio = noise(seconds)
    found = role_features.window_features(audio)
    assert found.shape == (windows, role_features.BANDS, role_features.WINDOW_FRAMES)
    assert len(role_features.window_levels(audio)) == windows
    assert found.min() >= 0.0
    assert found.max() == pytest.approx(1.0)
    np.testing.assert_allclose(role_features.window_features(0.01 * audio), found, atol=1e-4)


def test_odds_are_probabilities_of_any_sound() -> None:
    for audio in (noise(1.0), np.zeros(RATE, np.float32), noise(0.01)):
        odds = role_odds(audio)
        assert tuple(odds) == CLASSES
        assert sum(odds.values()) == pytest.approx(1.0)


def test_silent_windows_have_no_say() -> None:
    audio = noise(4.0)
    late = np.concatenate([audio, np.zeros(8 * RATE, np.float32)])
    assert role_odds(late) == pytest.approx(role_odds(audio), abs=0.15)


@pytest.mark.needs_fluidsynth
@pytest.mark.parametrize(
    ("name", "expected"), [("Bass", "bass"), ("Drums", "drums"), ("Keys", "keys")]
)
def test_instruments_of_the_example_song(
    name: str, expected: str, example_song: Song, tmp_path: Path
) -> None:
    example_song.tracks = [track for track in example_song.tracks if track.name == name]
    write_audio(tmp_path / "a.wav", render(example_song), 44_100)
    odds = detect_role(tmp_path / "a.wav")
    assert certain_class(odds) in (expected, None)  # where the net is not certain, notes decide


def test_exported_net_gives_the_probabilities_of_the_net(tmp_path: Path) -> None:
    net = RoleNet(RoleNetConfig()).eval()
    role_net.export_onnx(net, 1.5, tmp_path / "net.onnx")
    onnx.checker.check_model(str(tmp_path / "net.onnx"))
    windows = torch.rand(3, role_features.BANDS, role_features.WINDOW_FRAMES)
    with torch.no_grad():
        expected = Probabilities(net, 1.5)(windows).numpy()
    found = RoleInference(weights=tmp_path / "net.onnx")(windows.numpy())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_augmented_examples_stay_in_range() -> None:
    windows = torch.rand(40, role_features.BANDS, role_features.WINDOW_FRAMES)
    windows[:, :, 100:] = 0.0
    with torch.random.fork_rng():
        torch.manual_seed(3)
        halves = role_net.random_halves(windows)
        changed = role_net.augmented(halves)
    assert halves.shape == (40, role_features.BANDS, role_features.WINDOW_FRAMES // 2)
    assert (halves.amax((1, 2)) > role_net.SILENT).all()
    assert changed.shape == halves.shape
    assert 0.0 <= changed.min() <= changed.max() <= 1.2


def test_temperature_makes_odds_frequencies() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, len(CLASSES)))
    odds = np.exp(role_net.log_odds(logits))
    labels = np.array([rng.choice(len(CLASSES), p=row) for row in odds])
    assert role_net.best_temperature(logits * 2.0, labels) == pytest.approx(2.0, rel=0.1)


@pytest.mark.needs_fluidsynth
def test_recipe_renders_trains_and_measures(
    muse: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role_sounds, "BLOCK", 20)
    monkeypatch.setattr(role_sounds, "LENGTHS_S", (1.0,))
    settings = ("examples=20", "held_out=20", "epochs=1", "songs=1")
    words = [word for setting in settings for word in ("--set", setting)]
    data = write_data(tmp_path / "data")
    done = muse("train", "role-net", "--data", data, "--out", tmp_path, *words)
    assert done.code == 0, done.err
    assert (tmp_path / "role-net" / "role-net.onnx").is_file()
    assert len(list((tmp_path / "role-net").glob("*.npz"))) == 2


def test_uses_of_the_classes() -> None:
    assert set(CLASS_USES) == set(CLASSES)
    assert {use.role for use in CLASS_USES.values()} <= {None, *ROLES}
    assert certain_class({"bass": 0.6, "keys": 0.4}) == "bass"
    assert certain_class({"bass": 0.4, "keys": 0.35, "lead": 0.25}) is None
    assert certain_class({}) is None
    assert is_drums({"drums": 0.2}, is_noisy=True)
    assert not is_drums({"drums": 0.2}, is_noisy=False)
    programs = [program_of_class(kind) for kind in ("winds", "guitar", "drums", "other", None)]
    assert programs == [65, 27, None, None, None]
    assert expected_role("guitar") == "guitar"
    assert expected_role("winds") == "lead"
    assert expected_role("keys") is None


def transcription(share: float, pitches: tuple[int, ...] = (60,)) -> PitchedTranscription:
    notes = [NoteEvent(i, i + 0.5, pitch, 80, 0.9) for i, pitch in enumerate(pitches)]
    return PitchedTranscription(notes, 0.0, share)


def test_a_class_suggests_a_role_and_the_sound_decides() -> None:
    found = {"keys": transcription(0.9), "lead": transcription(0.85), "guitar": transcription(0.8)}
    assert choose_role(found) == "lead"
    assert choose_role(found, "guitar") == "guitar"
    assert choose_role(found | {"guitar": transcription(0.3)}, "guitar") == "keys"
    assert choose_role(found, "bass") == "keys"


def test_notes_can_contradict_a_class() -> None:
    low, high = (SoloTranscription("lead", transcription(0.9, (p, p)), "x") for p in (40, 70))
    assert named_by_class(low, "bass").role == "bass"
    assert named_by_class(high, "bass") == high
    assert named_by_class(high, "other") == high
    mallets = named_by_class(high, "mallets")
    assert (mallets.role, mallets.program) == ("keys", 11)


def test_sounds_with_soft_attacks_may_be_pads_where_no_class_is_certain() -> None:
    assert may_be_pad({"guitar": 0.36, "pad": 0.21})
    assert not may_be_pad({"guitar": 0.6, "pad": 0.3})
    assert not may_be_pad({"keys": 0.4, "pad": 0.1})
    assert not may_be_pad({})
