"""Models of the Demucs family, with small random nets: the same stems as the demucs package."""

import hashlib
import io
import json
import os
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from demucs.apply import BagOfModels, apply_model
from demucs.htdemucs import HTDemucs

from muse.models.demucs import load_net
from muse.tools.audio.io import Audio, read_audio, write_audio
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.separation.demucs import DemucsEngine, model_files_in
from muse.tools.separation.engines import choose_model
from muse.tools.separation.overlap_add import overlap_add
from muse.tools.separation.separate import SeparateOptions, separate_file

STEMS = ["drums", "bass", "other", "vocals"]
SMALL = {
    "sources": STEMS, "channels": 8, "t_layers": 1, "t_heads": 2, "segment": Fraction(1),
    "nfft": 4096, "bottom_channels": 0,
}  # fmt: skip


def small_net(seed: int) -> HTDemucs:
    torch.manual_seed(seed)
    return HTDemucs(**SMALL).eval()


def save_net(net: HTDemucs, folder: Path, signature: str) -> Path:
    """Save a net as demucs does: class, arguments and state, with the hash in the file name."""
    args, kwargs = net._init_args_kwargs
    package = {"klass": HTDemucs, "args": args, "kwargs": kwargs, "state": net.state_dict()}
    buffer = io.BytesIO()
    torch.save(package, buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    path = folder / f"{signature}-{digest[:8]}.th"
    path.write_bytes(buffer.getvalue())
    return path


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    save_net(small_net(0), folder, "htdemucs")
    save_net(small_net(1), folder, "second")
    (folder / "pair.yaml").write_text(
        "models: [htdemucs, second]\nweights: [[1., 0., 1., 0.], [0., 1., 3., 1.]]\n"
    )
    return folder


def noise(seconds: float) -> Audio:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((2, int(seconds * 44_100)))).astype(np.float32)


def decibels(reference: Audio, estimate: Audio) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


@pytest.mark.parametrize("name", ["htdemucs", "pair"])
def test_stems_are_those_of_demucs(repository: Path, name: str) -> None:
    mix = noise(2.5)  # three segments, the last of which demucs pads and we do not
    engine = DemucsEngine(name, model_dir=repository, precision="float32", device="cpu")
    ours = np.concatenate(list(overlap_add([mix], engine)), axis=-1)
    nets = [small_net(0), small_net(1)]
    shares = [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 3.0, 1.0]]
    theirs = apply_model(
        nets[0] if name == "htdemucs" else BagOfModels(nets, shares),
        torch.from_numpy(mix)[None],
        shifts=0,
        overlap=0.25,
    )[0].numpy()
    assert engine.stems == tuple(STEMS)
    whole = slice(0, engine.segment_length)
    assert decibels(theirs[..., whole], ours[..., whole]) > 80


def test_bfloat16_is_close(repository: Path) -> None:
    segment = noise(1.0)[None]
    exact, rough = (
        DemucsEngine("htdemucs", model_dir=repository, precision=precision).separate(segment)
        for precision in ("float32", "bfloat16")
    )
    assert decibels(exact, rough) > 30


def test_nets_of_unneeded_stems_are_not_run(repository: Path) -> None:
    engine = DemucsEngine("pair", model_dir=repository, stems=("drums",), precision="float32")
    for parameter in engine._bag.nets[1].parameters():
        torch.nn.init.constant_(parameter, float("nan"))  # would be in the output
    stems = engine.separate(noise(1.0)[None])
    assert np.isfinite(stems[:, 0]).all()


def test_files_sum_to_the_mix(repository: Path, tmp_path: Path) -> None:
    write_audio(tmp_path / "song.wav", noise(3.0), 44_100)
    options = SeparateOptions(model="htdemucs", model_dir=repository)
    result = separate_file(tmp_path / "song.wav", tmp_path / "out", options)
    stems = [read_audio(stem.path)[0] for stem in result.stems]
    mix = read_audio(tmp_path / "song.wav")[0]
    gain = 10 ** (result.gain_db / 20)
    assert np.abs(sum(stems) - gain * mix).max() < 10 ** (-80 / 20)
    assert [stem.from_ for stem in result.stems] == ["mix by htdemucs"] * 4
    assert len(bytes.fromhex(result.made_by.model_hash or "")) == 32


def test_auto_takes_htdemucs_from_a_folder(repository: Path) -> None:
    assert choose_model("auto", repository)[0] == "htdemucs"
    assert choose_model("htdemucs_ft", None) == ("htdemucs_ft", "")


def test_safetensors_files_of_the_hub_are_loaded(tmp_path: Path) -> None:
    """Load a file as demucs 4.1 stores it on the hub: arguments as JSON in the metadata."""
    from safetensors.torch import save_file

    net = small_net(3)
    kwargs = {**SMALL, "segment": {"_type": "fraction", "numerator": 1, "denominator": 1}}
    metadata = {"klass": "demucs.htdemucs.HTDemucs", "args": "[]", "kwargs": json.dumps(kwargs)}
    save_file(net.state_dict(), tmp_path / "abc.safetensors", metadata)
    loaded = load_net(tmp_path / "abc.safetensors")
    audio = torch.from_numpy(noise(1.0))[None]
    with torch.inference_mode():
        torch.testing.assert_close(loaded(audio), net(audio))


def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> object:
            return os.system, ("touch /tmp/never",)

    torch.save({"klass": HTDemucs, "args": (), "kwargs": {}, "state": Evil()}, tmp_path / "evil.th")
    with pytest.raises(BadInputError, match="calls other code"):
        DemucsEngine("evil", model_dir=tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
@pytest.mark.parametrize("suffix", ["th", "safetensors"])
def test_files_that_are_not_nets_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    (tmp_path / f"junk.{suffix}").write_bytes(content)
    with pytest.raises(BadInputError, match="not a Demucs net"):
        DemucsEngine("junk", model_dir=tmp_path)


def test_a_damaged_file_is_named(repository: Path, tmp_path: Path) -> None:
    source = next(repository.glob("htdemucs-*"))
    (tmp_path / source.name).write_bytes(source.read_bytes() + b"x")
    with pytest.raises(BadInputError, match="is damaged"):
        DemucsEngine("htdemucs", model_dir=tmp_path)


def test_models_missing_from_a_folder_are_reported(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="it has htdemucs, pair, second"):
        model_files_in("hans", repository)
    with pytest.raises(ParameterError, match="is not a folder"):
        model_files_in("htdemucs", tmp_path / "nowhere")
    (tmp_path / "bad.yaml").write_text("models: [gone]")
    with pytest.raises(BadInputError, match="not a description"):
        model_files_in("bad", tmp_path)


def test_segments_may_not_exceed_the_training_length(repository: Path) -> None:
    with pytest.raises(ParameterError, match="takes 1 to 1 s"):
        DemucsEngine("htdemucs", model_dir=repository, segment_s=9.0)


def test_a_download_without_a_network_fails_at_once(
    muse: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MUSE_DATA", "XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))

    def refuse(url: str, file: object, path: Path) -> None:
        raise MuseError(f"cannot fetch {url}")

    monkeypatch.setattr("muse.tools.weights.download", refuse)
    write_audio(tmp_path / "song.wav", noise(0.1), 44_100)
    result = muse("separate", tmp_path / "song.wav", "-o", tmp_path, "--model", "htdemucs_6s")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith("muse: cannot fetch https://")


def test_separation_gives_no_warnings(repository: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DemucsEngine("htdemucs", model_dir=repository).separate(noise(1.0)[None])
