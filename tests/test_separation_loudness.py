"""Loudness against the figures of the standard, peaks against the samples."""

import numpy as np
import pytest

from muse.tools.audio.io import Audio
from muse.tools.audio.loudness import Meter, dbfs, k_weighting
from tests.sounds import tone


def measured(audio: Audio, rate: int = 48_000, size: int = 10_001) -> Meter:
    meter = Meter(rate, len(audio))
    for start in range(0, audio.shape[1], size):
        meter.add(audio[:, start : start + size])
    return meter


def test_filters_are_those_of_the_standard() -> None:
    """ITU-R BS.1770-5, tables 1 and 2, at 48 kHz."""
    (shelf_b, shelf_a), (_, pass_a) = k_weighting(48_000)
    assert [c / shelf_a[0] for c in shelf_b] == pytest.approx(
        [1.53512485958697, -2.69169618940638, 1.19839281085285]
    )
    assert [c / shelf_a[0] for c in shelf_a[1:]] == pytest.approx(
        [-1.69065929318241, 0.73248077421585]
    )
    assert [c / pass_a[0] for c in pass_a[1:]] == pytest.approx(
        [-1.99004745483398, 0.99007225036621]
    )


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 96_000])
def test_the_standard_sine(rate: int) -> None:
    """A full-scale 997 Hz sine in one channel reads -3.01 LUFS."""
    meter = measured(tone(997.0, 5.0, rate, channels=1, level=1.0), rate)
    assert meter.integrated_lufs() == pytest.approx(-3.01, abs=0.03)


def test_ebu_case_1_and_2() -> None:
    """EBU Tech 3341: 1 kHz stereo sines at -23 and -33 dBFS."""
    for level in (-23.0, -33.0):
        meter = measured(tone(1000.0, 20.0, 48_000, level=10 ** (level / 20)))
        assert meter.integrated_lufs() == pytest.approx(level, abs=0.1)


def test_ebu_case_3_gates_the_quiet_ends() -> None:
    """EBU Tech 3341: -36 for 10 s, -23 for 60 s, -36 for 10 s reads -23."""
    parts = [
        tone(1000.0, s, 48_000, level=10 ** (d / 20))
        for s, d in ((10, -36.0), (60, -23.0), (10, -36.0))
    ]
    assert measured(np.concatenate(parts, axis=1)).integrated_lufs() == pytest.approx(-23, abs=0.1)


def test_short_and_silent() -> None:
    assert measured(tone(440, 0.3, 48_000)).integrated_lufs() is None
    assert measured(np.zeros((2, 48_000), np.float32)).integrated_lufs() is None
    assert measured(np.zeros((2, 0), np.float32)).integrated_lufs() is None


def test_peaks() -> None:
    audio = np.zeros((2, 5000), np.float32)
    audio[1, 4321] = -0.5
    assert measured(audio, size=1000).peak == 0.5
    assert dbfs(0.5) == pytest.approx(-6.02, abs=0.01)
    assert dbfs(0.0) == dbfs(1e-30) == -200.0
