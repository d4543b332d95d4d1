"""Features for beat tracking: onset strength in five bands, and the change of harmony.

Conventions: feature frames as in onsets.py; features are (frames, 6), one column for each band from
low to high and one for the harmony.
"""

from collections.abc import Iterable

import numpy as np

from muse.tools.audio import onsets
from muse.tools.audio.filters import running_mean, weighted
from muse.tools.audio.onsets import Features, Framing, Mono
from muse.tools.theory.pitch import A4, A4_HZ

LOCAL_S = 4.0  # seconds to either side over which features are normalized
# upper edges of the bands in Hz: kick and bass, low mid, mid, high, air
BAND_EDGES_HZ = (130.0, 400.0, 1600.0, 6000.0, np.inf)
HARMONY_S = 0.3  # seconds of chroma before and after a frame that are compared
CHROMA_HZ = (120.0, 2000.0)
TRIANGLE_FRAMES = 4  # half width of the smoothing, since periods are whole frames


def beat_features(blocks: Iterable[Mono], grid: Framing) -> Features:
    """Compute the onset strength of each band and the change of harmony, (frames, 6)."""
    filters, centers = onsets.log_filterbank(grid)
    group = np.digitize(centers, BAND_EDGES_HZ[:-1])
    pooling = (group[:, None] == np.arange(len(BAND_EDGES_HZ))).astype(np.float32)
    pooling /= np.maximum(pooling.sum(axis=0), 1.0)
    chroma_filters = chroma_filterbank(grid)
    past = np.zeros((onsets.RISE_FRAMES, filters.shape[1]), np.float32)
    strengths, chroma = [], []
    for spectrum in onsets.spectra(blocks, grid):
        levels = np.concatenate([past, np.log1p(onsets.COMPRESSION * (spectrum @ filters))])
        past = levels[-onsets.RISE_FRAMES :]
        rise = onsets.rises(levels[onsets.RISE_FRAMES :], levels[: -onsets.RISE_FRAMES])
        strengths.append(rise @ pooling)
        chroma.append(np.log1p(onsets.COMPRESSION * spectrum) @ chroma_filters)
    change = harmony_change(np.concatenate(chroma), round(HARMONY_S * grid.frame_rate))
    return np.column_stack([np.concatenate(strengths), change])


def chroma_filterbank(grid: Framing) -> Features:
    """Return weights (window / 2 + 1, 12) that map a spectrum to pitch classes, C first."""
    hz = np.arange(1, grid.window // 2 + 1) * grid.sample_rate / grid.window
    pitch = A4 + 12 * np.log2(hz / A4_HZ)
    away = (pitch[:, None] - np.arange(12) + 6) % 12 - 6
    weights = np.exp(-2.0 * away**2) * np.exp(-0.5 * np.log2(hz / 500.0) ** 2)[:, None]
    weights[(hz < CHROMA_HZ[0]) | (hz > CHROMA_HZ[1])] = 0.0
    return np.vstack([np.zeros(12), weights]).astype(np.float32)


def harmony_change(chroma: Features, reach: int) -> Features:
    """Return 1 minus the cosine of the chroma of `reach` frames before and after each frame."""
    directions = chroma / (np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-2)
    sums = np.vstack([np.zeros((1, 12)), np.cumsum(directions, axis=0, dtype=np.float64)])
    here = np.arange(len(chroma))
    before = sums[here] - sums[np.maximum(here - reach, 0)]
    after = sums[np.minimum(here + reach, len(chroma))] - sums[here]
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    change = 1.0 - (before * after).sum(axis=1) / np.maximum(size, 1e-9)
    return np.where(size > 1e-3, change, 0.0).astype(np.float32)


def normalize_features(features: Features, frame_rate: float) -> Features:
    """Compress features, scale them to local mean 0 and deviation 1, and smooth them."""
    span = 2 * round(LOCAL_S * frame_rate) + 1
    values = np.log1p(features / (features.mean(axis=0) + 1e-9))
    mean = running_mean(values, span)
    spread = running_mean(values * values, span) - mean * mean
    values = np.clip((values - mean) / np.sqrt(np.maximum(spread, 1e-3)), -2.0, 5.0)
    triangle = np.bartlett(2 * TRIANGLE_FRAMES + 1)
    strengths = values[:, :-1]  # the change of harmony is already smooth
    values[:, :-1] = weighted(strengths, triangle / triangle.sum())
    result: Features = values.astype(np.float32)
    return result
