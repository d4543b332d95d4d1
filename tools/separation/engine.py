"""The interface of a separation engine, independent of its net.

Conventions: audio is float32 of shape (2, frames), full scale 1.0, at the engine's own sample rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from muse.tools.audio.io import Audio


@dataclass(frozen=True)
class EngineOptions:
    """Options that an engine is loaded with.

    Attributes:
        model: name of the model; `load_engine` takes `auto` too.
        model_dir: folder with weights to use instead of the registered ones; None for those.
        stems: the stems that are needed, so that nets for others need not run; empty for all.
        device: auto, cpu, cuda or mps.
        precision: auto, float32 or bfloat16.
        segment_s: seconds of audio in one segment; None takes the engine's own.
    """

    model: str
    model_dir: Path | None = None
    stems: tuple[str, ...] = ()
    device: str = "auto"
    precision: str = "auto"
    segment_s: float | None = None


class Engine(Protocol):
    """Separates segments of a mix into stems.

    Attributes:
        name: of the model, as --model takes it.
        sample_rate: in Hz, of input and output.
        stems: names, in the order of the output.
        residual: the stem that is computed as the mix minus all others, so that all sum to the mix.
        origins: for each stem, what it was made with.
        segment_length: frames of a segment; shorter input is padded.
        overlap: share of a segment that the next one covers too, the best for this engine.
        batch: number of segments in one call.
        normalized: whether the whole track is scaled to mean 0 and standard deviation 1 first.
        model_hash: SHA-256 of the weights, hexadecimal.
    """

    name: str
    sample_rate: int
    stems: tuple[str, ...]
    residual: str
    origins: Mapping[str, str]
    segment_length: int
    overlap: float
    batch: int
    normalized: bool
    model_hash: str

    def separate(self, segments: Audio) -> Audio:
        """Separate segments (batch, 2, segment_length) into (batch, stems, 2, segment_length)."""
        ...
