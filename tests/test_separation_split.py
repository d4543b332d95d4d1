"""Transforms compared with torch's, medians with scipy's; the split of an accompaniment."""

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter

from muse.tools.separation.accompaniment import split_accompaniment
from muse.tools.separation.running_median import long_median, median_of, running_median
from muse.tools.separation.stft import istft, stft

RATE = 44_100  # Hz


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 11, 15])
def test_medians(size: int) -> None:
    values = np.random.default_rng(size).random((size, 500), np.float32)
    np.testing.assert_array_equal(median_of(list(values)), np.median(values, axis=0))


@pytest.mark.parametrize(("axis", "shape"), [(-1, (1, 1, 5)), (-2, (1, 5, 1))])
def test_running_median(axis: int, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).random((2, 30, 40), np.float32)
    ours = running_median(x, axis, 5)
    np.testing.assert_array_equal(ours, median_filter(x, shape, mode="nearest"))


def test_long_median_removes_events_shorter_than_half() -> None:
    x = np.zeros((1, 3, 100), np.float32)
    x[..., 50:60] = 1.0
    assert long_median(x, -1, 5, 5).max() == 0
    assert long_median(1 - x, -1, 5, 5).min() == 1


def clicks(seconds: float) -> np.ndarray:
    """Return noise bursts of 20 ms, four per second."""
    rng = np.random.default_rng(1)
    audio = np.zeros(int(seconds * RATE))
    for start in range(2000, len(audio) - 2000, RATE // 4):
        audio[start : start + 882] = rng.standard_normal(882) * np.exp(-np.arange(882) / 200)
    return audio


def ratio_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


def test_drums_bass_and_other_are_separated() -> None:
    time = np.arange(6 * RATE) / RATE
    bass = 0.3 * np.sin(2 * np.pi * 82.4 * time)
    keys = 0.1 * sum(np.sin(2 * np.pi * f * time) for f in (440.0, 554.4, 659.3))
    drums = 0.3 * clicks(6)
    mix = np.tile(bass + keys + drums, (2, 1)).astype(np.float32)
    found = [part[0] for part in split_accompaniment(mix, RATE)]
    other = mix[0] - found[0] - found[1]
    middle = slice(RATE // 2, -RATE // 2)
    for reference, estimate in zip((drums, bass, keys), (*found, other), strict=True):
        assert ratio_db(reference[middle], estimate[middle]) > 10


def test_a_split_of_silence_is_silent() -> None:
    drums, bass = split_accompaniment(np.zeros((2, 20_000), np.float32), RATE)
    assert not drums.any()
    assert not bass.any()


@pytest.mark.parametrize("samples", [9216, 9999, 300])
def test_spectra_are_those_of_torch(samples: int) -> None:
    audio = np.random.default_rng(0).standard_normal((2, samples)).astype(np.float32)
    expected = torch.stft(
        torch.from_numpy(audio),
        2048,
        512,
        window=torch.hann_window(2048),
        pad_mode="constant",
        return_complex=True,
    )
    spectra = stft(audio, 2048, 512)
    np.testing.assert_allclose(spectra, expected.numpy().transpose(0, 2, 1), atol=1e-4)
    np.testing.assert_allclose(istft(spectra, 2048, 512, samples), audio, atol=1e-6)
