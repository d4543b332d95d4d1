"""Runs an engine on audio of any length, in overlapping segments, with constant memory.

The stems of each segment are weighted by a triangle and summed, and the sum is divided by the sum
of the weights. A net that returns its input therefore returns it exactly, at joins and ends too.

Conventions: mixes are (2, frames), stems (stems, 2, frames), float32.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from muse.tools.audio.io import Audio
from muse.tools.errors import ParameterError
from muse.tools.separation.engine import Engine

MAX_OVERLAP = 0.95  # share of a segment; more takes longer without being better


@dataclass(frozen=True)
class Segment:
    """Frames `start` to `end` of the mix; `audio` (2, frames) may be padded with silence."""

    start: int
    end: int
    audio: Audio


def overlap_add(
    blocks: Iterable[Audio], engine: Engine, *, overlap: float | None = None, shifts: int = 1
) -> Iterator[Audio]:
    """Yield the stems of a mix in blocks that together are as long as the mix.

    Args:
        blocks: the mix, in blocks of any length.
        engine: separates the segments.
        overlap: share of a segment, 0 to 0.95; None takes the engine's own.
        shifts: number of passes over segments with different starts, which are averaged.

    Raises:
        ParameterError: overlap or shifts is out of range.
    """
    share = engine.overlap if overlap is None else overlap
    if not 0 <= share <= MAX_OVERLAP:
        raise ParameterError(f"overlap is {share}; it can be 0 to {MAX_OVERLAP}")
    if shifts < 1:
        raise ParameterError(f"shifts is {shifts}; it must be 1 or more")
    stride = max(1, round(engine.segment_length * (1 - share) / shifts))
    segments = cut_segments(blocks, engine.segment_length, stride)
    yield from crossfade(separate_segments(segments, engine), engine.segment_length)


def cut_segments(blocks: Iterable[Audio], length: int, stride: int) -> Iterator[Segment]:
    """Yield segments of `length` frames that start `stride` frames apart.

    The last one ends with the mix, so it may start earlier; a mix shorter than a segment is padded
    with silence.
    """
    buffer = np.zeros((2, 0), np.float32)  # the mix from frame `start` on
    start = following = done = 0
    for block in blocks:
        buffer = np.concatenate([buffer, block], axis=1)
        while start + buffer.shape[1] >= following + length:
            buffer, start = buffer[:, following - start :], following
            yield Segment(start, start + length, buffer[:, :length])
            done, following = start + length, start + stride
    end = start + buffer.shape[1]
    if end > done:
        begin = max(0, end - length)
        piece = buffer[:, begin - start :]
        yield Segment(begin, end, np.pad(piece, ((0, 0), (0, length - piece.shape[1]))))


def separate_segments(
    segments: Iterator[Segment], engine: Engine
) -> Iterator[tuple[Segment, Audio]]:
    """Yield each segment with its stems; the engine gets a batch at a time."""
    while batch := list(islice(segments, engine.batch)):
        stems = engine.separate(np.stack([segment.audio for segment in batch]))
        yield from zip(batch, stems, strict=True)


def crossfade(pieces: Iterator[tuple[Segment, Audio]], length: int) -> Iterator[Audio]:
    """Sum overlapping stems under triangles, and yield the frames that are complete."""
    rising = np.arange(1, length + 1, dtype=np.float32)
    triangle = np.minimum(rising, rising[::-1]) / rising[length // 2]
    start = end = 0
    total = np.zeros(0, np.float32)
    weight = np.zeros(length, np.float32)
    for segment, stems in pieces:
        if not total.size:
            total = np.zeros((*stems.shape[:2], length), np.float32)
        ready = segment.start - start
        if ready:
            yield total[..., :ready] / weight[:ready]
            total, weight = shift_left(total, ready), shift_left(weight, ready)
        total += stems * triangle
        weight += triangle
        start, end = segment.start, segment.end
    if end:
        yield total[..., : end - start] / weight[: end - start]


def shift_left(array: Audio, frames: int) -> Audio:
    """Drop the first frames of an array and append as many zeros."""
    return np.concatenate([array[..., frames:], np.zeros_like(array[..., :frames])], axis=-1)
