"""Drums and bass out of an accompaniment, by what their spectra look like.

Median filtering along time keeps what is steady, along frequency what is struck (D. FitzGerald,
"Harmonic/percussive separation using median filtering", DAFx 2010). A kick drum is no line across
the low frequencies, so there whatever rises above the steady part is taken for drums. The bass is
the steady part below a crossover. What is left is the stem that is called other.

Conventions: audio is (batch, channels, frames), spectra (batch, bins, frames); one mask serves all
channels, so that the stereo image stays.
"""

from functools import cache

import torch
from torch import Tensor

from muse.tools.separation.running_median import long_median

N_FFT = 2048  # samples of a Hann window, 46 ms at 44.1 kHz
HOP = 512  # samples between spectra
STEADY = (5, 5)  # spectra, stages of the median along time: 25 spectra, 0.29 s
STRUCK = (9, 5)  # bins, stages of the median along frequency: 45 bins, 0.97 kHz
STEADY_WEIGHT = 2.0  # above 1 a cell is drums only when it is clearly struck: notes keep attacks
LOW_HZ = 250.0  # below it drums are what rises above the steady part
LOW_ORDER = 8  # steepness of that crossover
BASS_HZ = 250.0  # crossover between bass and other
BASS_ORDER = 8
EPSILON = 1e-12  # of squared magnitudes


def split_accompaniment(audio: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Drums and bass of an accompaniment, each of its shape (batch, channels, frames).

    Args:
        audio: full scale 1.0.
        sample_rate: in Hz; the windows are made for 44100.
    """
    batch, channels, length = audio.shape
    window = torch.hann_window(N_FFT, device=audio.device)
    spectra = torch.stft(
        audio.flatten(0, 1), N_FFT, HOP, window=window, pad_mode="constant", return_complex=True
    )
    spectra = spectra.reshape(batch, channels, *spectra.shape[1:])
    drums_share = drum_mask(spectra.abs().square_().sum(1).sqrt_(), sample_rate)
    bass_share = (1 - drums_share) * lowpass(sample_rate, BASS_HZ, BASS_ORDER, audio.device)
    parted = torch.stack([spectra * drums_share[:, None], spectra * bass_share[:, None]])
    parts = torch.istft(parted.flatten(0, 2), N_FFT, HOP, window=window, length=length)
    drums, bass = parts.reshape(2, *audio.shape)
    return drums, bass


def drum_mask(magnitude: Tensor, sample_rate: int) -> Tensor:
    """The drums' share, in [0, 1], of each cell of (batch, bins, frames)."""
    steady = long_median(magnitude, -1, *STEADY)
    struck = long_median(magnitude, -2, *STRUCK)
    rising = (magnitude - steady).clamp_(min=0)
    low = lowpass(sample_rate, LOW_HZ, LOW_ORDER, magnitude.device)
    return low * share(rising, steady) + (1 - low) * share(struck, STEADY_WEIGHT * steady)


def share(one: Tensor, other: Tensor) -> Tensor:
    """The share of one in the power of both."""
    power = one.square()
    return power / (power + other.square() + EPSILON)


@cache
def lowpass(sample_rate: int, crossover_hz: float, order: int, device: torch.device) -> Tensor:
    """A gain for each bin, (bins, 1), one half at the crossover."""
    frequency = torch.fft.rfftfreq(N_FFT, 1 / sample_rate, device=device)
    gain: Tensor = 1 / (1 + (frequency / crossover_hz) ** order)
    return gain[:, None]
