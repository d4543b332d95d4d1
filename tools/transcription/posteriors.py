"""Audio of any length through Basic Pitch, on one even grid of frames.

The net sees windows of 172 frames. Neighbouring windows overlap, and of each only the middle
KEPT_FRAMES are used: with a hop of exactly KEPT_FRAMES frames the kept parts join to a uniform
grid, so that frame i of the whole is centred on sample `i * HOP_LENGTH` (basic-pitch's own hop is
0.7 frames shorter, which shifts its grid at each window and has to be corrected in time
afterwards).
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import (
    HOP_LENGTH,
    WINDOW_FRAMES,
    WINDOW_LENGTH,
    BasicPitch,
    Posteriors,
)
from muse.models.onnx import usable_cores
from muse.tools.audio.spectra import Signal, frame_count

KEPT_FRAMES = 142  # of each window's 172, the same as basic-pitch keeps
MARGIN_FRAMES = (WINDOW_FRAMES - KEPT_FRAMES) // 2  # dropped at either side
BATCH = 2  # windows a run; more at once is no faster on a processor


@cache
def shared_net() -> BasicPitch:
    """The net, loaded at first use and kept."""
    return BasicPitch(threads=1)  # whole batches run side by side, which uses cores better


def windows_of(audio: Signal) -> NDArray[np.float32]:
    """Cut audio into the net's windows, (n, WINDOW_LENGTH), silence beyond its ends."""
    hop = KEPT_FRAMES * HOP_LENGTH
    count = max(-(-frame_count(len(audio)) // KEPT_FRAMES), 1)
    tail = (count - 1) * hop + WINDOW_LENGTH - MARGIN_FRAMES * HOP_LENGTH - len(audio)
    padded = np.pad(audio, (MARGIN_FRAMES * HOP_LENGTH, max(tail, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)[::hop][:count]


def hear(audio: Signal, net: BasicPitch | None = None) -> Posteriors:
    """Posteriors of a whole signal.

    Args:
        audio: (samples,) mono float32 at 22050 Hz.
        net: the net to use; the shared one by default.

    Returns:
        Posteriors with `ceil(samples / HOP_LENGTH)` frames.
    """
    run = net or shared_net()
    windows = windows_of(audio)
    batches = [windows[start : start + BATCH] for start in range(0, len(windows), BATCH)]
    with ThreadPoolExecutor(usable_cores()) as pool:
        parts = list(pool.map(run, batches))
    frames = frame_count(len(audio))
    return Posteriors(
        join([part.note for part in parts], frames),
        join([part.onset for part in parts], frames),
        join([part.contour for part in parts], frames),
    )


def join(parts: list[NDArray[np.float32]], frames: int) -> NDArray[np.float32]:
    """The kept middles of windows, one after the other: (frames, bins)."""
    middles = [part[:, MARGIN_FRAMES : MARGIN_FRAMES + KEPT_FRAMES] for part in parts]
    flat = [middle.reshape(-1, middle.shape[-1]) for middle in middles]
    return np.concatenate(flat)[:frames]
