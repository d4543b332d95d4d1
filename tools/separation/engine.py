"""What a separation engine is, whatever net is inside.

Conventions: audio is float32 of shape (2, frames), full scale 1.0, at the engine's own rate.
"""

from collections.abc import Mapping
from typing import Protocol

from muse.tools.audio.io import Audio


class Engine(Protocol):
    """Parts segments of a mix into stems.

    Attributes:
        name: of the model, as --model takes it.
        sample_rate: in Hz, of what goes in and comes out.
        stems: names, in the order of the output.
        rest: the stem that takes up what the others leave over, so that all sum to the mix.
        origins: for each stem, what it was made with.
        segment_length: frames of a segment; shorter input is padded.
        overlap: share of a segment that the next one covers again, the best for this engine.
        batch: segments that are run at once.
        normalised: whether the whole track is brought to mean 0 and deviation 1 first.
        model_hash: of the weights, hexadecimal.
    """

    name: str
    sample_rate: int
    stems: tuple[str, ...]
    rest: str
    origins: Mapping[str, str]
    segment_length: int
    overlap: float
    batch: int
    normalised: bool
    model_hash: str

    def separate(self, segments: Audio) -> Audio:
        """Stems (batch, stems, 2, segment_length) of segments (batch, 2, segment_length)."""
        ...
