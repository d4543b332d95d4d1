"""The engine that is always installed: Spleeter separates the vocals, median filters the rest."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from muse.models.registry import SPLEETER
from muse.models.spleeter.config import SAMPLE_RATE, SpleeterConfig
from muse.models.spleeter.inference import SpleeterInference
from muse.tools import weights
from muse.tools.audio.io import Audio
from muse.tools.errors import ParameterError
from muse.tools.separation.accompaniment import split_accompaniment
from muse.tools.separation.engine import EngineOptions
from muse.tools.separation.stft import istft, stft

PRECISIONS = ("auto", "float32")
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
            precision: auto or float32, which are the same.
            segment_s: seconds of audio in one segment; None takes the length of the training.
            split: whether the accompaniment is split into drums, bass and other.

        Raises:
            BadInputError: the file of weights is damaged.
            MissingPartError: there is no such file.
            ParameterError: an argument is out of range.
            ValueError: the device does not work here.
        """
        if precision not in PRECISIONS:
            raise ParameterError(f"precision is {precision}; spleeter computes in float32 only")
        self.segment_length = segment_length(SpleeterConfig(), segment_s)
        (path,) = weights.require(SPLEETER)
        self.model_hash = weights.verify(path, SPLEETER.files[0])
        self._net = SpleeterInference(device, path)
        self._split = split
        self.origins: Mapping[str, str] = SPLIT_ORIGINS if split else WHOLE_ORIGINS
        self.stems: tuple[str, ...] = tuple(self.origins)
        self.residual = self.stems[-1]

    def separate(self, segments: Audio) -> Audio:
        """Separate segments (batch, 2, frames) into stems (batch, stems, 2, frames)."""
        return np.stack([self._separate_one(segment) for segment in segments])

    def _separate_one(self, mix: Audio) -> Audio:
        """Separate a segment (2, frames) into stems (stems, 2, frames)."""
        n_fft, hop_length = self._net.config.n_fft, self._net.config.hop_length
        spectra = stft(mix, n_fft, hop_length)
        (mask,) = self._net.vocal_mask(np.abs(spectra)[None])
        vocals = istft(spectra * mask, n_fft, hop_length, mix.shape[1])
        accompaniment = mix - vocals
        if not self._split:
            return np.stack([vocals, accompaniment])
        drums, bass = split_accompaniment(accompaniment, self.sample_rate)
        return np.stack([vocals, drums, bass, accompaniment - drums - bass])


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
        spectra = round(segment_s * SAMPLE_RATE / config.hop_length / config.frame_step)
        spectra *= config.frame_step
        if not config.frame_step <= spectra <= 8 * config.segment:
            raise ParameterError(f"segment is {segment_s} s; spleeter takes 1.5 to 95 s")
    return (spectra - 1) * config.hop_length
