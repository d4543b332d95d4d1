"""Measures the drift between a recording and a rendering of its transcription, in milliseconds.

Conventions: audio is mono float32 of shape (samples,), and both start at the same time. Drift is
positive where the rendering is late. It is the lag with the highest correlation between the onset
strengths of both, in windows of some seconds, interpolated between frames by a parabola.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio import onsets
from muse.tools.audio.onsets import Features, Mono

FRAMES_PER_SECOND = 250  # of the onset strength; interpolated to about a millisecond
ANALYSIS_WINDOW_S = 0.023
WINDOW_S, STEP_S = 8.0, 4.0  # length of a window, and distance between windows
REACH_S = 0.15  # largest drift that is found
START_S = 0.03  # ignored at the start, where both have an onset in any case
MIN_CORRELATION = 0.15  # below it the window is left out
WORST_PERCENTILE = 95.0  # one window in twenty may have missing notes


@dataclass(frozen=True)
class Attacks:
    """Onset strength of a recording, (frames,), and its frames per second."""

    curve: Features
    frame_rate: float


@dataclass(frozen=True)
class Drift:
    """Drift over time.

    Attributes:
        times_s: (windows,), centers of the windows that could be compared.
        drift_ms: (windows,), positive where the rendering is late.
        correlation: (windows,), of the onset strengths, in [0, 1].
    """

    times_s: NDArray[np.float64]
    drift_ms: NDArray[np.float64]
    correlation: NDArray[np.float64]

    @property
    def typical_ms(self) -> float | None:
        """Median absolute drift; None if no window could be compared."""
        return float(np.median(np.abs(self.drift_ms))) if len(self.drift_ms) else None

    @property
    def worst_ms(self) -> float | None:
        """95th percentile of the absolute drift; None if no window could be compared."""
        if not len(self.drift_ms):
            return None
        return float(np.percentile(np.abs(self.drift_ms), WORST_PERCENTILE))

    @property
    def slope_ms_per_minute(self) -> float:
        """Slope of the drift over time; 0 for fewer than two windows."""
        if len(self.times_s) < 2:
            return 0.0
        return float(np.polyfit(self.times_s, self.drift_ms, 1)[0] * 60.0)


def measure_drift(audio: Mono, rendered: Mono, sample_rate: int) -> Drift:
    """Compare a recording with its rendering; both (samples,), of any lengths."""
    return compare_curves(
        onset_curve(onsets.mono_blocks(audio), sample_rate),
        onset_curve(onsets.mono_blocks(rendered), sample_rate),
        frame_rate_at(sample_rate),
    )


def measure_drift_file(path: str | Path, rendered: Iterable[Mono], sample_rate: int) -> Drift:
    """Compare a file of any length with a mono stream at `sample_rate`."""
    return drift_from(attacks_of_file(path), rendered, sample_rate)


def attacks_of_file(path: str | Path) -> Attacks:
    """Compute the onset strength of a file of any length."""
    with onsets.blocks_of_file(path) as (blocks, rate):
        return Attacks(onset_curve(blocks, rate), frame_rate_at(rate))


def drift_from(truth: Attacks, rendered: Iterable[Mono], sample_rate: int) -> Drift:
    """Compare the attacks of a recording with a mono stream at `sample_rate`.

    Where the frame rates of the two differ, because a sample rate is not a multiple of
    FRAMES_PER_SECOND, the curve of the stream is interpolated.
    """
    curve = onset_curve(rendered, sample_rate)
    if frame_rate_at(sample_rate) != truth.frame_rate:
        curve = resample_curve(curve, frame_rate_at(sample_rate), truth.frame_rate)
    return compare_curves(truth.curve, curve, truth.frame_rate)


def frame_rate_at(sample_rate: int) -> float:
    """Return the frames per second of the onset curve of audio at a sample rate in Hz."""
    return onsets.framing(sample_rate, FRAMES_PER_SECOND, ANALYSIS_WINDOW_S).frame_rate


def resample_curve(curve: Features, from_rate: float, to_rate: float) -> Features:
    """Interpolate a curve at another frame rate."""
    times = np.arange(int(len(curve) * to_rate / from_rate)) / to_rate
    return np.interp(times, np.arange(len(curve)) / from_rate, curve).astype(np.float32)


def onset_curve(blocks: Iterable[Mono], sample_rate: int) -> Features:
    """Compute the onset strength over all bands, (frames,)."""
    grid = onsets.framing(sample_rate, FRAMES_PER_SECOND, ANALYSIS_WINDOW_S)
    filters, _ = onsets.log_filterbank(grid, bands_per_octave=3)
    past = np.zeros((onsets.RISE_FRAMES, filters.shape[1]), np.float32)
    curve = []
    for spectrum in onsets.spectra(blocks, grid):
        levels = np.concatenate([past, np.log1p(onsets.COMPRESSION * (spectrum @ filters))])
        past = levels[-onsets.RISE_FRAMES :]
        rise = onsets.rises(levels[onsets.RISE_FRAMES :], levels[: -onsets.RISE_FRAMES], reach=0)
        curve.append(rise.mean(axis=1))
    whole = np.concatenate(curve)
    whole[: round(START_S * grid.frame_rate)] = 0.0
    return whole


def compare_curves(truth: Features, rendered: Features, frame_rate: float) -> Drift:
    """Return the drift between two onset curves, window by window."""
    window, step = round(WINDOW_S * frame_rate), round(STEP_S * frame_rate)
    length = min(len(truth), len(rendered))
    starts = range(0, max(length - window, 0) + 1, step)
    reach = round(REACH_S * frame_rate)
    found = []
    for start in starts:
        span = slice(start, start + window)
        found.append((start, *shift_between(truth[span], rendered[span], reach)))
    usable = [row for row in found if row[2] >= MIN_CORRELATION]
    start_frames, shifts, correlations = np.array(usable, np.float64).reshape(-1, 3).T
    middle = min(window, length) / 2
    times = (start_frames + middle) / frame_rate
    return Drift(times, shifts * 1000.0 / frame_rate, np.clip(correlations, 0.0, 1.0))


def shift_between(truth: Features, rendered: Features, reach: int) -> tuple[float, float]:
    """Return the frames by which `rendered` is late, at most `reach`, and the correlation."""
    length = min(len(truth), len(rendered))
    a, b = (curve[:length] - curve[:length].mean() for curve in (truth, rendered))
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    if size < 1e-9 or length <= 2 * reach + 2:
        return 0.0, 0.0
    points = 1 << (length + reach).bit_length()
    product = np.fft.rfft(b, points) * np.conj(np.fft.rfft(a, points))
    circular = np.fft.irfft(product, points)
    lags = np.concatenate([circular[-reach:], circular[: reach + 1]]).astype(np.float32) / size
    peak = int(lags.argmax())
    position = float(onsets.between(lags, np.array([peak]))[0])
    return position - reach, float(lags[peak])
