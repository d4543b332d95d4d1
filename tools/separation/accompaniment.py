"""Splits an accompaniment into drums, bass and other by filtering its spectrogram.

Median filtering along time extracts the steady part, along frequency the percussive part (D.
FitzGerald, "Harmonic/percussive separation using median filtering", DAFx 2010). A kick drum does
not extend across the low frequencies, so there everything above the steady part counts as drums.
The bass is the steady part below a crossover frequency. The rest is the stem 'other'.

Conventions: audio is (batch, channels, frames), spectra are (batch, bins, frames). All channels are
multiplied by the same mask, so that the stereo image is unchanged.
"""

from functools import cache

import torch
from torch import Tensor

from muse.tools.separation.running_median import long_median

N_FFT = 2048  # samples of a Hann window, 46 ms at 44.1 kHz
HOP_LENGTH = 512  # samples between spectra
STEADY = (5, 5)  # spectra in the two stages of the median along time: 25 spectra, 0.29 s
PERCUSSIVE = (9, 5)  # bins in the two stages of the median along frequency: 45 bins, 0.97 kHz
STEADY_WEIGHT = 2.0  # above 1, only clearly percussive cells are drums: notes keep their attacks
LOW_HZ = 250.0  # crossover below which drums are what exceeds the steady part
LOW_ORDER = 8  # steepness of the crossover
BASS_HZ = 250.0  # crossover between bass and other
BASS_ORDER = 8
EPSILON = 1e-12  # added to squared magnitudes


def split_accompaniment(audio: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Return the drums and the bass of an accompaniment, each (batch, channels, frames).

    Args:
        audio: (batch, channels, frames), full scale 1.0.
        sample_rate: in Hz; the window lengths are chosen for 44100.
    """
    batch, channels, length = audio.shape
    window = torch.hann_window(N_FFT, device=audio.device)
    spectra = torch.stft(
        audio.flatten(0, 1),
        N_FFT,
        HOP_LENGTH,
        window=window,
        pad_mode="constant",
        return_complex=True,
    )
    spectra = spectra.reshape(batch, channels, *spectra.shape[1:])
    drums_share = drum_mask(spectra.abs().square_().sum(1).sqrt_(), sample_rate)
    bass_share = (1 - drums_share) * lowpass(sample_rate, BASS_HZ, BASS_ORDER, audio.device)
    separated = torch.stack([spectra * drums_share[:, None], spectra * bass_share[:, None]])
    parts = torch.istft(separated.flatten(0, 2), N_FFT, HOP_LENGTH, window=window, length=length)
    drums, bass = parts.reshape(2, *audio.shape)
    return drums, bass


def drum_mask(magnitude: Tensor, sample_rate: int) -> Tensor:
    """Return the share of drums, in [0, 1], in each cell of (batch, bins, frames)."""
    steady = long_median(magnitude, -1, *STEADY)
    percussive = long_median(magnitude, -2, *PERCUSSIVE)
    excess = (magnitude - steady).clamp_(min=0)
    low = lowpass(sample_rate, LOW_HZ, LOW_ORDER, magnitude.device)
    return low * share(excess, steady) + (1 - low) * share(percussive, STEADY_WEIGHT * steady)


def share(one: Tensor, other: Tensor) -> Tensor:
    """Return the share of one magnitude in the power of both."""
    power = one.square()
    return power / (power + other.square() + EPSILON)


@cache
def lowpass(sample_rate: int, crossover_hz: float, order: int, device: torch.device) -> Tensor:
    """Return the gain of each bin, (bins, 1); it is one half at the crossover."""
    frequency = torch.fft.rfftfreq(N_FFT, 1 / sample_rate, device=device)
    gain: Tensor = 1 / (1 + (frequency / crossover_hz) ** order)
    return gain[:, None]
