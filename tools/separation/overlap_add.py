"""Any engine on audio of any length: overlapping segments, faded into each other, in flat memory.

Each segment's stems are weighted by a triangle and summed; the sum is divided by that of the
weights, so a net that gives back its input gives it back exactly, joins and ends included.

Conventions: mixes are (2, frames), stems (stems, 2, frames), float32.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from muse.tools.audio.io import Audio
from muse.tools.errors import ParameterError
from muse.tools.separation.engine import Engine

MAX_OVERLAP = 0.95  # share of a segment; beyond it the time taken grows without use


@dataclass(frozen=True)
class Segment:
    """A stretch of the mix: `audio` starts at frame `start` and is real up to frame `end`."""

    start: int
    end: int
    audio: Audio


def overlap_add(
    blocks: Iterable[Audio], engine: Engine, *, overlap: float | None = None, shifts: int = 1
) -> Iterator[Audio]:
    """Yield the stems of a mix, block by block; together they are as long as the mix.

    Args:
        blocks: the mix, in pieces of any length.
        engine: parts one segment.
        overlap: share of a segment, 0 to 0.95; None takes the engine's own.
        shifts: passes over segments that start at other places, averaged; 1 is one pass.

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
    yield from crossfade(separated(segments, engine), engine.segment_length)


def cut_segments(blocks: Iterable[Audio], length: int, stride: int) -> Iterator[Segment]:
    """Segments of `length` frames, `stride` apart.

    The last ends with the mix, so it may start sooner; a mix shorter than a segment is padded
    with silence.
    """
    kept = np.zeros(
        (2, 0), np.float32
    )  # the mix from frame `start` on, which the last one began at
    start = following = done = 0
    for block in blocks:
        kept = np.concatenate([kept, block], axis=1)
        while start + kept.shape[1] >= following + length:
            kept, start = kept[:, following - start :], following
            yield Segment(start, start + length, kept[:, :length])
            done, following = start + length, start + stride
    end = start + kept.shape[1]
    if end > done:
        begin = max(0, end - length)
        piece = kept[:, begin - start :]
        yield Segment(begin, end, np.pad(piece, ((0, 0), (0, length - piece.shape[1]))))


def separated(segments: Iterator[Segment], engine: Engine) -> Iterator[tuple[Segment, Audio]]:
    """Each segment with its stems, run through the engine a batch at a time."""
    while batch := list(islice(segments, engine.batch)):
        stems = engine.separate(np.stack([segment.audio for segment in batch]))
        yield from zip(batch, stems, strict=True)


def crossfade(pieces: Iterator[tuple[Segment, Audio]], length: int) -> Iterator[Audio]:
    """Sum the pieces under triangles, and yield what no later piece reaches."""
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
            total, weight = moved_on(total, ready), moved_on(weight, ready)
        total += stems * triangle
        weight += triangle
        start, end = segment.start, segment.end
    if end:
        yield total[..., : end - start] / weight[: end - start]


def moved_on(array: Audio, frames: int) -> Audio:
    """The array without its first frames, and as many zeros at its end."""
    return np.concatenate([array[..., frames:], np.zeros_like(array[..., :frames])], axis=-1)
