"""Sizes of Spleeter's 2-stem net."""

from dataclasses import dataclass

NAME = "spleeter"
SAMPLE_RATE = 44_100  # Hz, of the training material
STEMS = ("vocals", "accompaniment")


@dataclass(frozen=True)
class SpleeterConfig:
    """Sizes of the published 2-stem model.

    Attributes:
        channels: of the audio.
        widths: channels of each encoder level; a level halves frames and bins.
        n_fft: samples in a Hann window.
        hop_length: samples between frames.
        bins: number of bins that the net reads, from the lowest, up to 11 kHz.
        segment: frames that the net was trained on.
        top_bins: number of the highest of these bins whose mean mask is used above 11 kHz.
    """

    channels: int = 2
    widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    n_fft: int = 4096
    hop_length: int = 1024
    bins: int = 1024
    segment: int = 512
    top_bins: int = 256

    @property
    def frame_step(self) -> int:
        """Number of which the net's frames are a multiple: each level halves them."""
        step: int = 2 ** len(self.widths)
        return step
