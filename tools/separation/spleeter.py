"""The engine that is always installed: Spleeter separates the vocals, median filters the rest."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import safetensors.torch
import torch

from muse.models.device import choose_device, choose_precision, computing_in
from muse.models.registry import SPLEETER
from muse.models.spleeter.checkpoint import read_checkpoint, rename_keys
from muse.models.spleeter.net import SAMPLE_RATE, Spleeter, SpleeterConfig, load_spleeter
from muse.tools import weights
from muse.tools.audio.io import Audio
from muse.tools.errors import MissingPartError, ParameterError
from muse.tools.files import replacing
from muse.tools.separation.accompaniment import split_accompaniment
from muse.tools.separation.engine import EngineOptions

log = logging.getLogger("muse")

FRAME_STEP = 64  # the net halves the number of frames six times
OVERLAP = 0.1  # share of a segment; the net's masks are inaccurate only near its edges

SPLIT_ORIGINS = MappingProxyType(
    {
        "vocals": "mix by spleeter",
        "drums": "accompaniment by median filtering",
        "bass": "accompaniment by median filtering",
        "other": "accompaniment by median filtering",
    }
)
WHOLE_ORIGINS = MappingProxyType({"vocals": "mix by spleeter", "accompaniment": "mix by spleeter"})


class SpleeterEngine:
    """Spleeter's vocals and, where needed, the accompaniment split in three; see `Engine`."""

    name = SPLEETER.name
    sample_rate = SAMPLE_RATE
    batch = 1
    overlap = OVERLAP
    normalized = False

    def __init__(
        self,
        *,
        device: str = "auto",
        precision: str = "auto",
        segment_s: float | None = None,
        split: bool = True,
    ) -> None:
        """Load the weights.

        Args:
            device: auto, cpu, cuda or mps.
            precision: auto, float32 or bfloat16; auto is float32, since bfloat16 is no faster here.
            segment_s: seconds of audio in one segment; None takes the length of the training.
            split: whether the accompaniment is split into drums, bass and other.

        Raises:
            MissingPartError: the package with the weights is not installed.
            ValueError: an argument is out of range.
        """
        self._device = choose_device(device)
        used = "float32" if precision == "auto" else precision
        self._dtype = choose_precision(self._device, used)
        self._net, self.model_hash = load_net()
        self._net.to(self._device)
        self._split = split
        self.origins: Mapping[str, str] = SPLIT_ORIGINS if split else WHOLE_ORIGINS
        self.stems: tuple[str, ...] = tuple(self.origins)
        self.residual = self.stems[-1]
        self.segment_length = segment_length(self._net.config, segment_s)

    def separate(self, segments: Audio) -> Audio:
        """Separate segments (batch, 2, frames) into stems (batch, stems, 2, frames)."""
        mix = torch.from_numpy(segments).to(self._device)
        with torch.inference_mode(), computing_in(self._device, self._dtype):
            vocals = self._net(mix)
        accompaniment = mix - vocals
        stems = [vocals]
        if self._split:
            drums, bass = split_accompaniment(accompaniment, self.sample_rate)
            stems += [drums, bass, accompaniment - drums - bass]
        else:
            stems.append(accompaniment)
        return torch.stack(stems, dim=1).cpu().numpy()


def load(options: EngineOptions) -> SpleeterEngine:
    """Load the engine; the accompaniment is split unless only the vocals are needed."""
    return SpleeterEngine(
        device=options.device,
        precision=options.precision,
        segment_s=options.segment_s,
        split=set(options.stems) != {"vocals"},
    )


def segment_length(config: SpleeterConfig, segment_s: float | None) -> int:
    """Return the frames of audio in a segment, rounded so that the net can halve it six times.

    Raises:
        ParameterError: the segment is too short or too long.
    """
    spectra = config.segment
    if segment_s is not None:
        spectra = round(segment_s * SAMPLE_RATE / config.hop_length / FRAME_STEP)
        spectra *= FRAME_STEP
        if not FRAME_STEP <= spectra <= 8 * config.segment:
            raise ParameterError(f"segment is {segment_s} s; spleeter takes 1.5 to 95 s")
    return (spectra - 1) * config.hop_length


def load_net() -> tuple[Spleeter, str]:
    """Load the net; return it with the SHA-256 of its weights.

    Reading the published files takes a second, so the result is stored in the user's cache.
    """
    paths = weights.locate(SPLEETER)
    if not paths:
        raise MissingPartError(f"spleeter's weights are missing; {weights.install(SPLEETER)}")
    known = hashlib.sha256("".join(file.sha256 for file in SPLEETER.files).encode()).hexdigest()
    cached = weights.cache_folder() / f"spleeter-{known[:16]}.safetensors"
    try:
        state = safetensors.torch.load_file(cached)
    except (OSError, safetensors.SafetensorError):
        state = read_published(paths)
        write_cache(state, cached)
    return load_spleeter(state), known


def read_published(paths: tuple[Path, ...]) -> dict[str, torch.Tensor]:
    """Read the state of the net from the package's files, after checking their hashes."""
    state: dict[str, torch.Tensor] = {}
    for number, (path, file) in enumerate(zip(paths, SPLEETER.files, strict=True)):
        weights.verify(path, file)
        state |= rename_keys(read_checkpoint(path), number)
    return state


def write_cache(state: dict[str, torch.Tensor], path: Path) -> None:
    """Write a state to the cache; a cache that cannot be written is only logged."""
    try:
        with replacing(path) as temporary:
            safetensors.torch.save_file(state, temporary)
    except OSError as error:
        log.debug("the weights are not cached: %s", error)
