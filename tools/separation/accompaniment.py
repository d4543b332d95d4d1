"""Splits an accompaniment into drums, bass and other by filtering its spectrogram.

Median filtering along time extracts the steady part, along frequency the percussive part (D.
FitzGerald, "Harmonic/percussive separation using median filtering", DAFx 2010). A kick drum does
not extend across the low frequencies, so there everything above the steady part counts as drums.
The bass is the steady part below a crossover frequency. The rest is the stem 'other'.

Conventions: audio is (channels, samples), spectra are (channels, frames, bins). All channels are
multiplied by the same mask, so that the stereo image is unchanged.
"""

from functools import cache

import numpy as np

from muse.tools.separation.running_median import long_median
from muse.tools.separation.stft import Floats, istft, stft

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


def split_accompaniment(audio: Floats, sample_rate: int) -> tuple[Floats, Floats]:
    """Return the drums and the bass of an accompaniment, each (channels, samples).

    Args:
        audio: (channels, samples), full scale 1.0.
        sample_rate: in Hz; the window lengths are chosen for 44100.
    """
    spectra = stft(audio, N_FFT, HOP_LENGTH)
    magnitude = np.sqrt((np.square(spectra.real) + np.square(spectra.imag)).sum(axis=0))
    drums_share = drum_mask(magnitude, sample_rate)
    bass_share = (1 - drums_share) * lowpass(sample_rate, BASS_HZ, BASS_ORDER)
    samples = audio.shape[1]
    drums = istft(spectra * drums_share, N_FFT, HOP_LENGTH, samples)
    bass = istft(spectra * bass_share, N_FFT, HOP_LENGTH, samples)
    return drums, bass


def drum_mask(magnitude: Floats, sample_rate: int) -> Floats:
    """Return the share of drums, in [0, 1], in each cell of (frames, bins)."""
    (steady,) = long_median(magnitude[None], -2, *STEADY)
    (percussive,) = long_median(magnitude[None], -1, *PERCUSSIVE)
    excess = np.maximum(magnitude - steady, 0)
    low = lowpass(sample_rate, LOW_HZ, LOW_ORDER)
    steady_part = np.float32(STEADY_WEIGHT) * steady
    return low * share(excess, steady) + (1 - low) * share(percussive, steady_part)


def share(one: Floats, other: Floats) -> Floats:
    """Return the share of one magnitude in the power of both."""
    power = np.square(one)
    return np.asarray(power / (power + np.square(other) + np.float32(EPSILON)), np.float32)


@cache
def lowpass(sample_rate: int, crossover_hz: float, order: int) -> Floats:
    """Return the gain of each bin, (bins,); it is one half at the crossover."""
    frequency = np.fft.rfftfreq(N_FFT, 1 / sample_rate)
    return np.asarray(1 / (1 + (frequency / crossover_hz) ** order), np.float32)
