"""The Demucs family as an engine: where its nets are, and how a segment is run through them."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from muse.models.device import choose_device, choose_precision, computing_in
from muse.models.registry import WEIGHTS
from muse.tools.audio.io import Audio
from muse.tools.errors import BadInputError, ParameterError, missing_extra
from muse.tools.weights import check_name_hash, fetch, find_weights

try:
    from muse.models.demucs import DemucsBag, load_net
except ImportError as missing:
    raise missing_extra("demucs", "demucs") from missing

log = logging.getLogger("muse")

OVERLAP = 0.25  # share of a segment, demucs' own default
BATCHES = {"cpu": 1, "cuda": 8, "mps": 2}  # segments at once
REST = "other"  # the stem that takes up what is left over, where there is one of that name


@dataclass(frozen=True)
class Recipe:
    """Which files make a model.

    Attributes:
        paths: one for each net.
        shares: weight of each net for each stem; None weighs all alike.
        segment_s: seconds of a segment; None leaves it to the nets.
    """

    paths: tuple[Path, ...]
    shares: tuple[tuple[float, ...], ...] | None = None
    segment_s: float | None = None


class DemucsEngine:
    """One of demucs' models; see `Engine`."""

    overlap = OVERLAP
    normalised = True

    def __init__(
        self,
        name: str,
        *,
        model_dir: Path | None = None,
        wanted: tuple[str, ...] = (),
        device: str = "auto",
        precision: str = "auto",
        segment_s: float | None = None,
    ) -> None:
        """Load the nets, fetching them when they are not here; see `load_engine` for the arguments.

        Raises:
            MuseError: the weights cannot be fetched.
            BadInputError: a file of weights is damaged or no Demucs net.
            ParameterError: the model is not in `model_dir`, or `segment_s` is too long.
        """
        recipe = find_recipe(name, model_dir)
        hashes = [check_name_hash(path) for path in recipe.paths]
        try:
            self._bag = DemucsBag([load_net(path) for path in recipe.paths], recipe.shares)
        except ValueError as error:
            raise BadInputError(str(error)) from error
        self.name = name
        self.model_hash = hashlib.sha256("".join(hashes).encode()).hexdigest()
        self.stems = self._bag.stems
        self.sample_rate = self._bag.sample_rate
        self.rest = REST if REST in self.stems else self.stems[-1]
        self.origins: Mapping[str, str] = MappingProxyType(
            dict.fromkeys(self.stems, f"mix by {name}")
        )
        self.segment_length = self._segment_length(recipe, segment_s)
        self._device = choose_device(device)
        self._dtype = choose_precision(self._device, precision)
        self._bag.to(self._device)
        self.batch = BATCHES[self._device.type]
        self._wanted = [self.stems.index(stem) for stem in wanted if stem in self.stems]
        if self.rest in wanted or not self._wanted:
            self._wanted = list(range(len(self.stems)))

    def _segment_length(self, recipe: Recipe, segment_s: float | None) -> int:
        """Frames of a segment."""
        longest = self._bag.longest_segment_s
        if segment_s is not None and not 1.0 <= segment_s <= longest:
            raise ParameterError(f"segment is {segment_s} s; {self.name} takes 1 to {longest:g} s")
        return int((segment_s or recipe.segment_s or longest) * self.sample_rate)

    def separate(self, segments: Audio) -> Audio:
        """Stems (batch, stems, 2, frames) of segments (batch, 2, frames)."""
        mix = torch.from_numpy(np.ascontiguousarray(segments)).to(self._device)
        with torch.inference_mode(), computing_in(self._device, self._dtype):
            stems = self._bag(mix, self._wanted)
        return np.asarray(stems.float().cpu().numpy())


def find_recipe(name: str, model_dir: Path | None) -> Recipe:
    """The files of a model: in the folder that was named, on this machine, or fetched."""
    if model_dir is not None:
        return recipe_in(name, model_dir)
    known = find_weights(name)
    if known.task != "separation":
        raise ParameterError(f"{name} is for {known.task}, it does not separate")
    return Recipe(fetch(known), known.shares, known.segment_s)


def recipe_in(name: str, folder: Path) -> Recipe:
    """A model in a folder as demucs' --repo takes it: <name>.yaml and nets, or <name>[-hash].th.

    Raises:
        ParameterError: there is no such folder, or no such model in it.
        BadInputError: the model's yaml makes no sense.
    """
    if not folder.is_dir():
        raise ParameterError(f"--model-dir {folder} is not a folder")
    nets = {path.stem.partition("-")[0]: path for path in sorted(folder.iterdir()) if is_net(path)}
    description = folder / f"{name}.yaml"
    if description.is_file():
        return read_description(description, nets)
    if name in nets:
        return Recipe((nets[name],))
    known = WEIGHTS.get(name)
    signatures = [file.signature for file in known.files] if known else []
    if known and signatures and all(signature in nets for signature in signatures):
        paths = tuple(nets[signature] for signature in signatures)
        return Recipe(paths, known.shares, known.segment_s)
    there = sorted({path.stem for path in folder.glob("*.yaml")} | set(nets))
    raise ParameterError(f"no model {name} in {folder}; it holds {', '.join(there) or 'none'}")


def is_net(path: Path) -> bool:
    """Whether a file's name says that it holds a net."""
    return path.suffix in (".th", ".safetensors")


def read_description(path: Path, nets: dict[str, Path]) -> Recipe:
    """A model of several nets, from demucs' yaml."""
    import yaml

    try:
        bag = yaml.safe_load(path.read_text())
        signatures: Sequence[str] = [str(signature) for signature in bag["models"]]
        shares = bag.get("weights")
        return Recipe(
            tuple(nets[signature] for signature in signatures),
            tuple(tuple(float(share) for share in row) for row in shares) if shares else None,
            bag.get("segment"),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInputError(
            f"{path}: does not describe a model of this folder ({error})"
        ) from error
