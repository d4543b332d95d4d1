"""Drift between a recording and a rendering is measured to a millisecond or two."""

import numpy as np
import pytest
from numpy.typing import NDArray

from muse.tools.audio import onsets
from muse.tools.audio.io import write_audio
from muse.tools.transcription.drift import measure_drift, measure_drift_file

RATE = 44_100
Mono = NDArray[np.float32]


def plucks(times: NDArray[np.float64], seconds: float, seed: int = 0) -> Mono:
    """Synthesize decaying tones at the given times."""
    random = np.random.default_rng(seed)
    audio = np.zeros(int((seconds + 1) * RATE))
    time = np.arange(int(0.4 * RATE)) / RATE
    for start in times:
        frequency = 220 * 2 ** (random.integers(0, 24) / 12)
        frame = round(start * RATE)
        audio[frame : frame + len(time)] += np.sin(2 * np.pi * frequency * time) * np.exp(-9 * time)
    return (0.2 * audio[: int(seconds * RATE)]).astype(np.float32)


@pytest.fixture(scope="module")
def onset_times() -> NDArray[np.float64]:
    return np.sort(np.random.default_rng(3).uniform(0.3, 28.5, 90))


@pytest.mark.parametrize("shift_ms", [-30.0, -4.0, 0.0, 1.5, 30.0, 90.0])
def test_a_shift_is_measured(onset_times: NDArray[np.float64], shift_ms: float) -> None:
    truth = plucks(onset_times, 30)
    drift = measure_drift(truth, plucks(onset_times + shift_ms / 1000, 30), RATE)
    assert drift.drift_ms == pytest.approx(shift_ms, abs=1.5)
    assert drift.typical_ms == pytest.approx(abs(shift_ms), abs=1.0)


def test_a_stretch_shows_as_a_slope(onset_times: NDArray[np.float64]) -> None:
    drift = measure_drift(plucks(onset_times, 30), plucks(onset_times * 1.001, 30), RATE)
    assert drift.slope_ms_per_minute == pytest.approx(60.0, abs=8.0)
    assert drift.drift_ms[-1] - drift.drift_ms[0] == pytest.approx(20.0, abs=4.0)


def test_other_sounds_at_the_same_times(onset_times: NDArray[np.float64]) -> None:
    drift = measure_drift(plucks(onset_times, 30), plucks(onset_times, 30, seed=9), RATE)
    assert drift.worst_ms is not None
    assert drift.worst_ms < 3


@pytest.mark.parametrize("frames", [0, 10, RATE, 12 * RATE])
def test_silence_has_no_drift(frames: int) -> None:
    silence = np.zeros(frames, np.float32)
    drift = measure_drift(silence, silence, RATE)
    assert drift.worst_ms is None
    assert drift.typical_ms is None
    assert drift.slope_ms_per_minute == 0


def test_unrelated_noise_has_no_drift() -> None:
    random = np.random.default_rng(0)
    one, other = (random.normal(0, 0.1, 10 * RATE).astype(np.float32) for _ in range(2))
    assert measure_drift(one, other, RATE).worst_ms is None


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_a_file_at_another_rate(onset_times: NDArray[np.float64], tmp_path, rate: int) -> None:
    import soxr

    audio = plucks(onset_times, 30)
    write_audio(tmp_path / "a.wav", soxr.resample(audio, RATE, rate)[None], rate)
    late = plucks(onset_times + 0.012, 30)
    drift = measure_drift_file(tmp_path / "a.wav", onsets.mono_blocks(late), RATE)
    assert drift.drift_ms == pytest.approx(12.0, abs=2.5)
