"""How far a rendering of the transcription lies from the recording, in milliseconds.

Conventions: mono float32 audio of shape (frames,), both starting at the same moment. Drift is
positive where the rendering is late. Onset strengths of some seconds of both are correlated; the
best shift, found between frames by a parabola, is the drift there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio import onsets
from muse.tools.audio.onsets import Features, Mono

FRAMES_PER_SECOND = 250  # onset strength; the parabola brings the resolution to about a millisecond
ANALYSIS_WINDOW_S = 0.023
WINDOW_S, STEP_S = 8.0, 4.0  # of audio that is compared at a time
REACH_S = 0.15  # the largest drift that is looked for
START_S = 0.03  # left out: any sound begins there, which would tie the two together
ENOUGH = 0.15  # correlation under which the two have too little in common to tell
WORST_PERCENTILE = 95.0  # a window in twenty may hold something the transcription missed


@dataclass(frozen=True)
class Attacks:
    """When a recording has attacks: its onset strength, (frames,), and frames a second."""

    curve: Features
    frame_rate: float


@dataclass(frozen=True)
class Drift:
    """Drift over time.

    Attributes:
        times_s: (windows,), middles of the windows that could be compared.
        drift_ms: (windows,), positive where the rendering is late.
        correlation: (windows,), how alike the two are there, in [0, 1].
    """

    times_s: NDArray[np.float64]
    drift_ms: NDArray[np.float64]
    correlation: NDArray[np.float64]

    @property
    def typical_ms(self) -> float | None:
        """The median of the size of the drift; None where nothing could be compared."""
        return float(np.median(np.abs(self.drift_ms))) if len(self.drift_ms) else None

    @property
    def worst_ms(self) -> float | None:
        """The size that 95 % of the windows keep under; None where nothing could be compared."""
        if not len(self.drift_ms):
            return None
        return float(np.percentile(np.abs(self.drift_ms), WORST_PERCENTILE))

    @property
    def slope_ms_per_minute(self) -> float:
        """How fast the drift grows; 0 with fewer than two windows."""
        if len(self.times_s) < 2:
            return 0.0
        return float(np.polyfit(self.times_s, self.drift_ms, 1)[0] * 60.0)


def measure_drift(audio: Mono, rendered: Mono, sample_rate: int) -> Drift:
    """Compare a recording with its rendering; both (frames,), of any two lengths."""
    return compare(
        onset_curve(onsets.mono_blocks(audio), sample_rate),
        onset_curve(onsets.mono_blocks(rendered), sample_rate),
        frame_rate_at(sample_rate),
    )


def measure_drift_file(path: str | Path, rendered: Iterable[Mono], sample_rate: int) -> Drift:
    """As `measure_drift`, of a file of any length and a mono stream at `sample_rate`."""
    return drift_from(attacks_of_file(path), rendered, sample_rate)


def attacks_of_file(path: str | Path) -> Attacks:
    """What a recording is compared by, of a file of any length."""
    with onsets.blocks_of_file(path) as (blocks, rate):
        return Attacks(onset_curve(blocks, rate), frame_rate_at(rate))


def drift_from(truth: Attacks, rendered: Iterable[Mono], sample_rate: int) -> Drift:
    """Compare a recording with a mono stream at `sample_rate`.

    The two may differ in rate as long as their curves have the same frame rate, which holds for
    multiples of FRAMES_PER_SECOND; others are brought there by interpolation.
    """
    heard = onset_curve(rendered, sample_rate)
    if frame_rate_at(sample_rate) != truth.frame_rate:
        heard = at_rate(heard, frame_rate_at(sample_rate), truth.frame_rate)
    return compare(truth.curve, heard, truth.frame_rate)


def frame_rate_at(sample_rate: int) -> float:
    """Frames a second of the onset curve of audio at this rate in Hz."""
    return onsets.framing(sample_rate, FRAMES_PER_SECOND, ANALYSIS_WINDOW_S).frame_rate


def at_rate(curve: Features, from_rate: float, to_rate: float) -> Features:
    """A curve on another frame grid."""
    times = np.arange(int(len(curve) * to_rate / from_rate)) / to_rate
    return np.interp(times, np.arange(len(curve)) / from_rate, curve).astype(np.float32)


def onset_curve(blocks: Iterable[Mono], sample_rate: int) -> Features:
    """Onset strength over all bands: (frames,)."""
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


def compare(truth: Features, heard: Features, frame_rate: float) -> Drift:
    """The drift between two onset curves, window by window."""
    window, step = round(WINDOW_S * frame_rate), round(STEP_S * frame_rate)
    length = min(len(truth), len(heard))
    starts = range(0, max(length - window, 0) + 1, step)
    found = [
        (start, *shift_between(truth[start : start + window], heard[start : start + window], reach))
        for reach in [round(REACH_S * frame_rate)]
        for start in starts
    ]
    kept = [row for row in found if row[2] >= ENOUGH]
    start_frames, shifts, correlations = np.array(kept, np.float64).reshape(-1, 3).T
    middle = min(window, length) / 2
    times = (start_frames + middle) / frame_rate
    return Drift(times, shifts * 1000.0 / frame_rate, np.clip(correlations, 0.0, 1.0))


def shift_between(truth: Features, heard: Features, reach: int) -> tuple[float, float]:
    """Frames by which `heard` is late, at most `reach`, and the correlation there."""
    length = min(len(truth), len(heard))
    a, b = (curve[:length] - curve[:length].mean() for curve in (truth, heard))
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
