"""The engine for models of the Demucs family: finds their files and runs segments through them."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from muse.models.registry import WEIGHTS
from muse.tools.audio.io import Audio
from muse.tools.errors import BadInputError, ParameterError, missing_extra
from muse.tools.separation.engine import EngineOptions
from muse.tools.weights import check_name_hash, fetch, find_weights

try:
    import torch

    from muse.models.demucs import DemucsBag, load_net
    from muse.models.device import choose_device, choose_precision, computing_in
except ImportError as missing:
    raise missing_extra("demucs", "demucs") from missing

log = logging.getLogger("muse")

OVERLAP = 0.25  # share of a segment, the default of the demucs package
BATCHES = {"cpu": 1, "cuda": 8, "mps": 2}  # segments in one call
RESIDUAL = "other"  # the residual stem, where the model has one of that name


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model.

    Attributes:
        paths: one for each net.
        shares: weight of each net for each stem; None weighs all equally.
        segment_s: seconds of audio in one segment; None takes the longest that the nets allow.
    """

    paths: tuple[Path, ...]
    shares: tuple[tuple[float, ...], ...] | None = None
    segment_s: float | None = None


class DemucsEngine:
    """A model of the Demucs family; see `Engine`."""

    overlap = OVERLAP
    normalized = True

    def __init__(
        self,
        name: str,
        *,
        model_dir: Path | None = None,
        stems: tuple[str, ...] = (),
        device: str = "auto",
        precision: str = "auto",
        segment_s: float | None = None,
    ) -> None:
        """Load the nets, downloading them where they are missing; see `EngineOptions`.

        Raises:
            MuseError: the weights cannot be downloaded.
            BadInputError: a file of weights is damaged or is not a Demucs net.
            ParameterError: the model is not in `model_dir`, or `segment_s` is too long.
        """
        files = find_model_files(name, model_dir)
        hashes = [check_name_hash(path) for path in files.paths]
        try:
            self._bag = DemucsBag([load_net(path) for path in files.paths], files.shares)
        except ValueError as error:
            raise BadInputError(str(error)) from error
        self.name = name
        self.model_hash = hashlib.sha256("".join(hashes).encode()).hexdigest()
        self.stems = self._bag.stems
        self.sample_rate = self._bag.sample_rate
        self.residual = RESIDUAL if RESIDUAL in self.stems else self.stems[-1]
        self.origins: Mapping[str, str] = MappingProxyType(
            dict.fromkeys(self.stems, f"mix by {name}")
        )
        self.segment_length = self._segment_length(files, segment_s)
        self._device = choose_device(device)
        self._dtype = choose_precision(self._device, precision)
        self._bag.to(self._device)
        self.batch = BATCHES[self._device.type]
        self._needed = [self.stems.index(stem) for stem in stems if stem in self.stems]
        if self.residual in stems or not self._needed:
            self._needed = list(range(len(self.stems)))

    def _segment_length(self, files: ModelFiles, segment_s: float | None) -> int:
        """Return the frames of a segment; raise ParameterError where the nets cannot take it."""
        longest = self._bag.longest_segment_s
        if segment_s is not None and not 1.0 <= segment_s <= longest:
            raise ParameterError(f"segment is {segment_s} s; {self.name} takes 1 to {longest:g} s")
        return int((segment_s or files.segment_s or longest) * self.sample_rate)

    def separate(self, segments: Audio) -> Audio:
        """Separate segments (batch, 2, frames) into stems (batch, stems, 2, frames)."""
        mix = torch.from_numpy(np.ascontiguousarray(segments)).to(self._device)
        with torch.inference_mode(), computing_in(self._device, self._dtype):
            stems = self._bag(mix, self._needed)
        return np.asarray(stems.float().cpu().numpy())


def load(options: EngineOptions) -> DemucsEngine:
    """Load the engine with a model."""
    return DemucsEngine(
        options.model,
        model_dir=options.model_dir,
        stems=options.stems,
        device=options.device,
        precision=options.precision,
        segment_s=options.segment_s,
    )


def find_model_files(name: str, model_dir: Path | None) -> ModelFiles:
    """Return the files of a model: from `model_dir`, else from this machine, else downloaded."""
    if model_dir is not None:
        return model_files_in(name, model_dir)
    known = find_weights(name)
    return ModelFiles(fetch(known), known.shares, known.segment_s)


def model_files_in(name: str, folder: Path) -> ModelFiles:
    """Return the files of a model in a folder: <name>.yaml and nets, or <name>[-hash].th.

    Such folders are what the --repo option of the demucs package takes.

    Raises:
        ParameterError: the folder does not exist, or does not have the model.
        BadInputError: the yaml file of the model is not valid.
    """
    if not folder.is_dir():
        raise ParameterError(f"--model-dir {folder} is not a folder")
    nets = {path.stem.partition("-")[0]: path for path in sorted(folder.iterdir()) if is_net(path)}
    description = folder / f"{name}.yaml"
    if description.is_file():
        return read_description(description, nets)
    if name in nets:
        return ModelFiles((nets[name],))
    known = WEIGHTS.get(name)
    signatures = [file.signature for file in known.files] if known else []
    if known and signatures and all(signature in nets for signature in signatures):
        paths = tuple(nets[signature] for signature in signatures)
        return ModelFiles(paths, known.shares, known.segment_s)
    there = sorted({path.stem for path in folder.glob("*.yaml")} | set(nets))
    raise ParameterError(f"no model {name} in {folder}; it has {', '.join(there) or 'none'}")


def is_net(path: Path) -> bool:
    """Return whether a file has the suffix of a net's weights."""
    return path.suffix in (".th", ".safetensors")


def read_description(path: Path, nets: dict[str, Path]) -> ModelFiles:
    """Read the yaml file of a model that consists of several nets, given by their signatures."""
    import yaml

    try:
        bag = yaml.safe_load(path.read_text())
        signatures: Sequence[str] = [str(signature) for signature in bag["models"]]
        shares = bag.get("weights")
        return ModelFiles(
            tuple(nets[signature] for signature in signatures),
            tuple(tuple(float(share) for share in row) for row in shares) if shares else None,
            bag.get("segment"),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInputError(
            f"{path}: not a description of a model in this folder ({error})"
        ) from error
