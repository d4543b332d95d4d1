"""From blocks of a file to blocks of its stems, at the sample rate and channels of the file."""

import math
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from muse.tools.audio.io import Audio, AudioReader, resampled
from muse.tools.separation.engine import Engine
from muse.tools.separation.overlap_add import overlap_add
from muse.tools.separation.stem_plan import StemPlan

SURROUND_GAIN = 10 ** (-3 / 20)  # of channels beyond the second in a mix to stereo, linear


def stem_blocks(
    reader: AudioReader,
    engine: Engine,
    plan: StemPlan,
    *,
    overlap: float | None = None,
    shifts: int = 1,
) -> Iterator[tuple[Audio, Audio]]:
    """Yield the mix (channels, n) and its computed stems (stems, channels, n), in equal blocks.

    Args:
        reader: an open file; more than two channels are mixed to stereo.
        engine: separates the mix.
        plan: which stems to compute.
        overlap: see `overlap_add`.
        shifts: see `overlap_add`.
    """
    queue = MixQueue()
    mono = reader.channels == 1
    mixes = queue.store(to_stereo(block) for block in reader.blocks())
    stereo = (np.repeat(block, 2, axis=0) if mono else block for block in mixes)
    mean, deviation = track_statistics(reader) if engine.normalized else (0.0, 1.0)
    at_rate = resampled(stereo, reader.sample_rate, engine.sample_rate)
    scaled = ((block - mean) / deviation for block in at_rate) if engine.normalized else at_rate
    separated = overlap_add(scaled, engine, overlap=overlap, shifts=shifts)
    picked = (pick_stems(stems, plan, mono) * deviation + mean for stems in separated)
    flat = (stems.reshape(-1, stems.shape[-1]) for stems in picked)
    for rows in resampled(flat, engine.sample_rate, reader.sample_rate):
        mix = queue.take(rows.shape[1])
        if mix.shape[1]:
            yield mix, rows[:, : mix.shape[1]].reshape(-1, len(mix), mix.shape[1])
    tail = queue.take(None)  # resampling there and back may end some frames early
    if tail.shape[1]:
        yield tail, np.zeros((len(plan.computed), *tail.shape), np.float32)


def to_stereo(block: Audio) -> Audio:
    """Mix further channels into the first two, so that no sum exceeds the loudest channel."""
    if len(block) <= 2:
        return block
    extra = len(block) - 2
    both = block[2:].sum(axis=0) * SURROUND_GAIN
    return np.asarray((block[:2] + both) / (1 + extra * SURROUND_GAIN), np.float32)


def pick_stems(stems: Audio, plan: StemPlan, mono: bool) -> Audio:
    """Sum the engine's stems (stems, 2, n) to the computed ones of a plan (stems, channels, n)."""
    picked = np.stack([stems[list(members)].sum(axis=0) for _, members in plan.computed])
    return picked.mean(axis=1, keepdims=True) if mono else picked


def track_statistics(reader: AudioReader) -> tuple[float, float]:
    """Return mean and standard deviation of the whole track, mixed to mono."""
    count, total, squares = 0, 0.0, 0.0
    for block in reader.blocks():
        mono = to_stereo(block).mean(axis=0, dtype=np.float64)
        count += len(mono)
        total += float(mono.sum())
        squares += float(np.square(mono).sum())
    mean = total / count
    variance = max(0.0, squares / count - mean**2)
    return mean, math.sqrt(variance) + 1e-8  # so that silence is not divided by zero


class MixQueue:
    """Stores blocks of the mix until the engine has returned their stems."""

    def __init__(self) -> None:
        """Create an empty queue."""
        self._blocks: deque[Audio] = deque()

    def store(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        """Store each block and pass it on."""
        for block in blocks:
            self._blocks.append(block)
            yield block

    def take(self, frames: int | None) -> Audio:
        """Remove and return the oldest frames (channels, n), or all for None; fewer at the end."""
        taken, count = [np.zeros((len(self._blocks[0]) if self._blocks else 1, 0), np.float32)], 0
        while self._blocks and (frames is None or count < frames):
            block = self._blocks.popleft()
            wanted = block.shape[1] if frames is None else frames - count
            if block.shape[1] > wanted:
                self._blocks.appendleft(block[:, wanted:])
            taken.append(block[:, :wanted])
            count += taken[-1].shape[1]
        return np.concatenate(taken, axis=1)
