"""The spectrum that the drum net reads.

Conventions: audio is mono float32 (samples,); feature frames are 10 ms apart, frame i centered on
i / FRAMES_PER_SECOND seconds. Levels are float16 (frames, BANDS) in dB, 0 for a full-scale sine.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio import onsets
from muse.tools.audio.io import resampled
from muse.tools.audio.onsets import Features, Mono

Levels = NDArray[np.float16]

RATE = 44_100  # Hz; other rates are resampled
GRID = onsets.framing(RATE)  # windows of 2048 samples, 441 apart
FRAMES_PER_SECOND = GRID.frame_rate
FILTERS, CENTERS_HZ = onsets.log_filterbank(GRID, 10, 30.0, 17_000.0)  # 10 bands in an octave
BANDS = len(CENTERS_HZ)
FLOOR_DB = -120.0
SILENCE_DB = -90.0  # reference level below which a recording is silent
QUIET_DB = 50.0  # frames that are so far below the loudest one do not count for the reference
REFERENCE_PERCENTILE = 95.0  # of the levels of the other frames
RANGE_DB = 80.0  # below the reference; softer levels become 0
DB_OF_ONE = 40.0  # a step of 1 in the net's input
HIGHEST_INPUT = 2.5


def measure_levels(blocks: Iterable[Mono], sample_rate: int) -> Levels:
    """Return the levels of a stream; bands above its Nyquist frequency are at FLOOR_DB.

    Memory grows by 142 bytes per frame.
    """
    stream = blocks if sample_rate == RATE else at_rate(blocks, sample_rate)
    parts = [
        (20.0 * np.log10(spectrum @ FILTERS + 10.0 ** (FLOOR_DB / 20.0))).astype(np.float16)
        for spectrum in onsets.spectra(stream, GRID)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, BANDS), np.float16)


def at_rate(blocks: Iterable[Mono], sample_rate: int) -> Iterator[Mono]:
    """Resample a stream to RATE."""
    yield from (block[0] for block in resampled((b[None] for b in blocks), sample_rate, RATE))


def reference_db(levels: Levels) -> float:
    """Return the level in dB that REFERENCE_PERCENTILE of the frames that count do not exceed."""
    loudest = levels.max(axis=1, initial=FLOOR_DB).astype(np.float32)
    counted = loudest[loudest > loudest.max(initial=FLOOR_DB) - QUIET_DB]
    return float(np.percentile(counted, REFERENCE_PERCENTILE)) if len(counted) else FLOOR_DB


def net_input(levels: Levels | Features, reference: float) -> Features:
    """Scale levels to the net's input, 0 to HIGHEST_INPUT."""
    scaled = (levels.astype(np.float32) - (reference - RANGE_DB)) / DB_OF_ONE
    clipped: Features = np.clip(scaled, 0.0, HIGHEST_INPUT)
    return clipped
