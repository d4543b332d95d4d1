"""Weights: location, download, verification and reading."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from muse.models.registry import HTDEMUCS, HTDEMUCS_FT, SPLEETER, WEIGHTS, NamedWeights, WeightFile
from muse.tools import weights
from muse.tools.errors import BadInputError, MissingPartError, MuseError, ParameterError

CONTENT = b"not really a net" * 1000


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point all caches of weights to empty folders."""
    monkeypatch.setenv("MUSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("TORCH_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def published(tmp_path: Path) -> NamedWeights:
    """Return weights that are fetched from a local folder."""
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "abc-123.th").write_bytes(CONTENT)
    file = WeightFile("abc-123.th", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    return replace(HTDEMUCS, url=f"{folder.as_uri()}/", files=(file,))


def test_every_file_has_a_hash_and_a_size() -> None:
    for known in WEIGHTS.values():
        for file in known.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.size > 1_000_000
            named = file.name.partition("-")[2].partition(".")[0]
            assert file.sha256.startswith(named)  # demucs puts the first digits into the name
        assert bool(known.url) != bool(known.package[0])
    assert [row.index(1) for row in HTDEMUCS_FT.shares or ()] == [0, 1, 2, 3]


def test_spleeter_ships_with_muse() -> None:
    paths = weights.locate(SPLEETER)
    assert paths == (weights.SHIPPED_FOLDER / "spleeter.onnx",)
    card = json.loads(paths[0].with_suffix(".json").read_text())
    assert (card["sha256"], card["size"]) == (SPLEETER.files[0].sha256, SPLEETER.files[0].size)
    assert [known.name for known in weights.all_weights()].count("spleeter") == 1
    for path, file in zip(paths, SPLEETER.files, strict=True):
        assert weights.verify(path, file) == file.sha256


def test_fetch(published: NamedWeights) -> None:
    fractions: list[float] = []
    assert weights.locate(published) == ()
    (path,) = weights.fetch(published, lambda _stage, fraction: fractions.append(fraction))
    assert path.read_bytes() == CONTENT
    assert fractions[-1] == pytest.approx(1.0)
    assert weights.fetch(published) == (path,)


def test_a_download_with_a_wrong_hash_is_discarded(published: NamedWeights) -> None:
    wrong = replace(published, files=(replace(published.files[0], sha256="0" * 64),))
    with pytest.raises(MuseError, match="download is damaged"):
        weights.fetch(wrong)
    assert list(weights.data_folder().iterdir()) == []


def test_without_network_the_error_is_one_line(published: NamedWeights) -> None:
    gone = replace(published, url=published.url + "gone/")
    with pytest.raises(MuseError, match=r"cannot fetch .*put the file into"):
        weights.fetch(gone)


def test_weights_in_the_caches_of_demucs_are_found(empty_machine: Path) -> None:
    file = HTDEMUCS.files[0]
    cached = empty_machine / "cache" / "torch" / "hub" / "checkpoints" / file.name
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"cut off")
    assert weights.locate(HTDEMUCS) == ()  # not of the right size
    with cached.open("wb") as out:
        out.truncate(file.size)
    assert weights.locate(HTDEMUCS) == (cached,)
    with pytest.raises(BadInputError, match="is damaged"):
        weights.verify(cached, file)
    with pytest.raises(BadInputError, match="its name says 8726e21a"):
        weights.check_name_hash(cached)


def test_weights_on_the_hub_are_found(empty_machine: Path) -> None:
    hub = empty_machine / "cache" / "huggingface" / "hub" / "models--adefossez--HTDemucs-ft"
    snapshot = hub / "snapshots" / "abcdef"
    snapshot.mkdir(parents=True)
    for file in HTDEMUCS_FT.files[:3]:
        (snapshot / f"{file.signature}.safetensors").touch()
    assert weights.locate(HTDEMUCS_FT) == ()
    (snapshot / "04573f0d.safetensors").touch()
    assert [path.stem for path in weights.locate(HTDEMUCS_FT)] == [
        "f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d",
    ]  # fmt: skip


def test_unknown_names() -> None:
    with pytest.raises(ParameterError, match="no model is called hans; the models are spleeter"):
        weights.find_weights("hans")
    with pytest.raises(MissingPartError, match="muse models fetch htdemucs"):
        weights.require(HTDEMUCS)


def test_commands(muse: Callable[..., object], empty_machine: Path) -> None:
    listed = muse("models", "list")
    models = {model["name"]: model for model in json.loads(listed.out)["models"]}
    assert models["spleeter"]["present"]
    assert not models["htdemucs"]["present"]
    assert models["htdemucs"]["licence"] == "MIT"
    path = muse("models", "path", "spleeter")
    assert path.out.decode().splitlines() == models["spleeter"]["paths"]
    assert muse("models", "path", "htdemucs").code == 3
    assert muse("models", "fetch", "spleeter").code == 0
    assert muse("models", "fetch", "hans").code == 2


def test_weights_are_read_without_heavy_imports() -> None:
    code = (
        "import sys; from muse.tools.weights import load_trained_weights\n"
        "heavy = {'torch', 'numpy', 'urllib.request'} & set(sys.modules)\n"
        "load_trained_weights('chord-lstm')\n"
        "print(*sorted(heavy | {'torch'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_a_download_that_is_too_long_is_discarded(published: NamedWeights) -> None:
    short = replace(published, files=(replace(published.files[0], size=len(CONTENT) - 1),))
    with pytest.raises(MuseError, match=f"longer than its {len(CONTENT) - 1} bytes"):
        weights.fetch(short)
    assert list(weights.data_folder().iterdir()) == []
