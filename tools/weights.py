"""Weights of models: where they are on this machine, how they are fetched, checked and read.

The files of a model are searched in the package that ships them, in muse's own data folder, and in
the caches of torch.hub and the Hugging Face hub, which demucs fills. They are downloaded only on
request. Nothing here imports torch, and neither numpy nor urllib before it is needed.
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muse import models
from muse.models.registry import WEIGHTS, NamedWeights, WeightFile
from muse.tools.errors import BadInputError, MissingPartError, MuseError, ParameterError
from muse.tools.files import replacing, sha256_of
from muse.tools.progress import Report, silent

if TYPE_CHECKING:
    from muse.models.weight_files import Weights

log = logging.getLogger("muse")

TIMEOUT_S = 10.0  # of a connection that sends nothing
BLOCK_BYTES = 1 << 20
SHIPPED_FOLDER = Path(models.__file__).parent / "weights"
REINSTALL = "pip install --force-reinstall --no-deps ."  # brings the weights that ship with muse
SHIPPED_SUFFIXES = (".onnx", ".safetensors")  # of the weights in SHIPPED_FOLDER


@dataclass(frozen=True)
class WeightStatus:
    """One model and its files on this machine.

    Attributes:
        weights: the model.
        paths: its files, in order; empty unless all are here.
    """

    weights: NamedWeights
    paths: tuple[Path, ...]

    @property
    def present(self) -> bool:
        """Whether the model can be used without a network."""
        return bool(self.paths)


def data_folder() -> Path:
    """Return the folder of fetched weights: in $MUSE_DATA, or in the user's data folder."""
    if named := os.environ.get("MUSE_DATA"):
        return Path(named) / "weights"
    from platformdirs import user_data_path

    return user_data_path("muse", appauthor=False) / "weights"


def cache_folder() -> Path:
    """Return the folder of files that can be made again: $MUSE_CACHE, or the user's cache."""
    if named := os.environ.get("MUSE_CACHE"):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("muse", appauthor=False)


def find_weights(name: str) -> NamedWeights:
    """Return the model with a name.

    Raises:
        ParameterError: no model has it; the message lists all names.
    """
    known = {weights.name: weights for weights in all_weights()}
    if name not in known:
        raise ParameterError(f"no model is called {name}; the models are {', '.join(known)}")
    return known[name]


def all_weights() -> list[NamedWeights]:
    """Return the models that separate, then the others, which ship with muse."""
    cards = sorted(SHIPPED_FOLDER.glob("*.json"))
    others = (card for card in cards if card.stem not in WEIGHTS)
    return [*WEIGHTS.values(), *map(shipped_weights, others)]


def shipped_weights(card: Path) -> NamedWeights:
    """Describe weights that ship with muse, from their card (the JSON file beside them)."""
    facts = json.loads(card.read_text())
    beside = card.parent.glob(f"{card.stem}.*")
    file = next(path for path in beside if path.suffix in SHIPPED_SUFFIXES)
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
    """Return the files of a model on this machine, in order; empty unless all are here."""
    found = [next(candidates(weights, file), None) for file in weights.files]
    return tuple(path for path in found if path) if all(found) else ()


def candidates(weights: NamedWeights, file: WeightFile) -> Iterator[Path]:
    """Yield the copies of one file on this machine, the preferred one first."""
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
    """Yield the path if it is a file of the given size in bytes."""
    if path.is_file() and path.stat().st_size == size:
        yield path


def torch_hub_folder() -> Path:
    """Return the folder to which torch.hub, and so demucs, downloads."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(os.environ.get("TORCH_HOME", cache / "torch"))
    return home.expanduser() / "hub" / "checkpoints"


def hugging_face_folder() -> Path:
    """Return the folder to which the client of the Hugging Face hub, and so demucs, downloads."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(os.environ.get("HF_HOME", cache / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()


def list_weights() -> list[WeightStatus]:
    """Return the status of every model."""
    return [WeightStatus(weights, locate(weights)) for weights in all_weights()]


def summary(status: WeightStatus) -> dict[str, Any]:
    """Return the status of a model as JSON values, for `muse models list --json`."""
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
    """Return the files of a model on this machine.

    Raises:
        MissingPartError: they are not all here; the message says how to get them.
    """
    if found := locate(weights):
        return found
    how = f"muse models fetch {weights.name}" if weights.url else REINSTALL
    raise MissingPartError(f"{weights.name} is not on this machine; run: {how}")


def fetch(weights: NamedWeights, report: Report = silent) -> tuple[Path, ...]:
    """Return the files of a model, after downloading those that are missing.

    Raises:
        MissingPartError: muse ships them, and they are not here.
        MuseError: the network or the disk failed, or a download has the wrong SHA-256.
    """
    if found := locate(weights):
        return found
    if not weights.url:
        return require(weights)
    log.info("fetching %s, %.0f MB, from %s", weights.name, weights.size / 1e6, weights.url)
    done = 0
    for file in weights.files:
        path = data_folder() / file.name
        if not any(existing(path, file.size)):
            for count in download(weights.url + file.name, file, path):
                report(f"fetching {file.name}", (done + count) / weights.size)
        done += file.size
    return locate(weights)


def download(url: str, file: WeightFile, path: Path) -> Iterator[int]:
    """Download one file and yield the number of bytes so far.

    The file gets its name when it is complete and its SHA-256 is right.
    """
    import urllib.error
    import urllib.request  # here, as most commands fetch nothing

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
                if file.size and count > file.size:
                    raise MuseError(f"{url}: longer than its {file.size} bytes; try again")
                yield count
            if digest.hexdigest() != file.sha256:
                raise MuseError(f"{url}: the download is damaged (wrong SHA-256); try again")
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        message = f"cannot fetch {url} ({reason}); put the file into {path.parent} yourself"
        raise MuseError(message) from error


def verify(path: Path, file: WeightFile) -> str:
    """Return the SHA-256 of a file, after comparing it with the published one.

    Raises:
        BadInputError: the file is damaged, or another one.
    """
    found = sha256_of(path)
    if path.name == file.name and found != file.sha256:
        raise BadInputError(f"{path}: is damaged (wrong SHA-256); delete it and fetch it again")
    return found


def check_name_hash(path: Path) -> str:
    """Return the SHA-256 of a file, after comparing it with the eight digits in a demucs file name.

    Raises:
        BadInputError: the name holds another hash.
    """
    found = sha256_of(path)
    named = re.fullmatch(r".*-([0-9a-f]{8})", path.stem)
    if named and not found.startswith(named[1]):
        raise BadInputError(f"{path}: is damaged (SHA-256 {found[:8]}, its name says {named[1]})")
    return found


def load_trained_weights(name_or_path: str | Path, vocabulary_hash: str | None = None) -> "Weights":
    """Read weights that were made by `muse train`, without torch.

    Args:
        name_or_path: name of weights that ship with muse, for example "chord-lstm", or a path to
            NAME.safetensors or NAME.json, or both without suffix.
        vocabulary_hash: of the vocabulary that the ids will come from; None accepts any.

    Raises:
        BadInputError: the files are missing, damaged, or made for another vocabulary.
    """
    from muse.models.weight_files import load_weights

    try:
        return load_weights(name_or_path, vocabulary_hash)
    except FileNotFoundError as error:
        raise BadInputError(f"{name_or_path}: no such weights ({error.filename})") from error
    except ValueError as error:
        raise BadInputError(str(error)) from error
