"""Basic Pitch as a transcription engine, for audio of any length on one even grid of frames.

The net sees windows of 172 frames. Neighboring windows overlap, and only the middle USED_FRAMES of
each are used: with a hop of exactly USED_FRAMES frames the middles join to a uniform grid, so that
frame i of the whole is centered on sample `i * HOP_LENGTH`. (The hop of the basic-pitch package is
0.7 frames shorter, which shifts its grid at each window and has to be corrected in time
afterwards.)
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
from muse.models.note_net.config import HEADS
from muse.models.note_net.inference import Evidence
from muse.models.onnx import usable_cores
from muse.tools.audio.spectra import Signal, frame_count
from muse.tools.transcription.engine_input import EngineInput
from muse.tools.transcription.engines import ANY

USED_FRAMES = 142  # of each window's 172, the same as the basic-pitch package uses
MARGIN_FRAMES = (WINDOW_FRAMES - USED_FRAMES) // 2  # dropped at either side
BATCH = 2  # windows in one run; more at once is no faster on a processor


def estimate(chunk: EngineInput) -> dict[str, Evidence]:
    """Return Basic Pitch's posteriors, the same for every head and for ANY."""
    posteriors = basic_pitch_posteriors(chunk.audio)
    return dict.fromkeys((*HEADS, ANY), Evidence(posteriors.note, posteriors.onset))


@cache
def shared_net() -> BasicPitch:
    """Return the net, loaded at first use and shared from then on."""
    return BasicPitch(threads=1)  # batches run side by side instead, which uses the cores better


def basic_pitch_posteriors(audio: Signal, net: BasicPitch | None = None) -> Posteriors:
    """Compute the posteriors of a whole signal.

    Args:
        audio: (samples,) mono float32 at 22050 Hz.
        net: the net to use; None takes the shared one.

    Returns:
        Posteriors with `ceil(samples / HOP_LENGTH)` frames.
    """
    run = net or shared_net()
    windows = cut_windows(audio)
    batches = [windows[start : start + BATCH] for start in range(0, len(windows), BATCH)]
    with ThreadPoolExecutor(usable_cores()) as pool:
        outputs = list(pool.map(run, batches))
    frames = frame_count(len(audio))
    return Posteriors(
        join_middles([output.note for output in outputs], frames),
        join_middles([output.onset for output in outputs], frames),
        join_middles([output.contour for output in outputs], frames),
    )


def cut_windows(audio: Signal) -> NDArray[np.float32]:
    """Cut audio into the net's windows, (n, WINDOW_LENGTH), with silence beyond its ends."""
    hop = USED_FRAMES * HOP_LENGTH
    count = max(-(-frame_count(len(audio)) // USED_FRAMES), 1)
    tail = (count - 1) * hop + WINDOW_LENGTH - MARGIN_FRAMES * HOP_LENGTH - len(audio)
    padded = np.pad(audio, (MARGIN_FRAMES * HOP_LENGTH, max(tail, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)[::hop][:count]


def join_middles(outputs: list[NDArray[np.float32]], frames: int) -> NDArray[np.float32]:
    """Join the middles of windows (n, WINDOW_FRAMES, bins) to the first (frames, bins)."""
    middles = [output[:, MARGIN_FRAMES : MARGIN_FRAMES + USED_FRAMES] for output in outputs]
    flat = [middle.reshape(-1, middle.shape[-1]) for middle in middles]
    return np.concatenate(flat)[:frames]
