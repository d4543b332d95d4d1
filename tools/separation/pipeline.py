"""From the blocks of a file to blocks of stems, at the file's own rate and with its channels."""

import math
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from muse.tools.audio.io import Audio, AudioReader, resampled
from muse.tools.separation.engine import Engine
from muse.tools.separation.overlap_add import overlap_add
from muse.tools.separation.stem_plan import Plan

SURROUND_SHARE = 10 ** (-3 / 20)  # of channels beyond the second in a mix to stereo, linear


def stem_blocks(
    reader: AudioReader,
    engine: Engine,
    plan: Plan,
    *,
    overlap: float | None = None,
    shifts: int = 1,
) -> Iterator[tuple[Audio, Audio]]:
    """Yield the mix (channels, n) and the stems (stems, channels, n) of a plan, at the file's rate.

    Args:
        reader: an open file; more than two channels are mixed to stereo.
        engine: parts the mix.
        plan: which stems to work out.
        overlap: see `overlap_add`.
        shifts: see `overlap_add`.
    """
    fifo = Fifo()
    mono = reader.channels == 1
    mixes = fifo.remember(to_stereo(block) for block in reader.blocks())
    stereo = (np.repeat(block, 2, axis=0) if mono else block for block in mixes)
    mean, deviation = track_statistics(reader) if engine.normalised else (0.0, 1.0)
    at_rate = resampled(stereo, reader.sample_rate, engine.sample_rate)
    scaled = ((block - mean) / deviation for block in at_rate) if engine.normalised else at_rate
    parted = overlap_add(scaled, engine, overlap=overlap, shifts=shifts)
    picked = (pick(stems, plan, mono) * deviation + mean for stems in parted)
    flat = (stems.reshape(-1, stems.shape[-1]) for stems in picked)
    for rows in resampled(flat, engine.sample_rate, reader.sample_rate):
        mix = fifo.take(rows.shape[1])
        if mix.shape[1]:
            yield mix, rows[:, : mix.shape[1]].reshape(-1, len(mix), mix.shape[1])
    rest = fifo.take(None)  # resampling there and back may end some frames early
    if rest.shape[1]:
        yield rest, np.zeros((len(plan.worked_out), *rest.shape), np.float32)


def to_stereo(block: Audio) -> Audio:
    """At most two channels: what is beyond goes to both, and no sum exceeds the loudest channel."""
    if len(block) <= 2:
        return block
    extra = len(block) - 2
    both = block[2:].sum(axis=0) * SURROUND_SHARE
    return np.asarray((block[:2] + both) / (1 + extra * SURROUND_SHARE), np.float32)


def pick(stems: Audio, plan: Plan, mono: bool) -> Audio:
    """The worked-out stems (stems, channels, n) from the engine's (stems, 2, n)."""
    picked = np.stack([stems[list(members)].sum(axis=0) for _, members in plan.worked_out])
    return picked.mean(axis=1, keepdims=True) if mono else picked


def track_statistics(reader: AudioReader) -> tuple[float, float]:
    """Mean and deviation of the whole track's mono sum, read once through."""
    count, total, squares = 0, 0.0, 0.0
    for block in reader.blocks():
        mono = to_stereo(block).mean(axis=0, dtype=np.float64)
        count += len(mono)
        total += float(mono.sum())
        squares += float(np.square(mono).sum())
    mean = total / count
    variance = max(0.0, squares / count - mean**2)
    return mean, math.sqrt(variance) + 1e-8  # so that silence is not divided by zero


class Fifo:
    """Keeps the mix until its stems come out of the engine."""

    def __init__(self) -> None:
        """Start empty."""
        self._blocks: deque[Audio] = deque()

    def remember(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        """Pass the blocks on, keeping each."""
        for block in blocks:
            self._blocks.append(block)
            yield block

    def take(self, frames: int | None) -> Audio:
        """The oldest frames (channels, n), or all; fewer when there are no more."""
        taken, count = [np.zeros((len(self._blocks[0]) if self._blocks else 1, 0), np.float32)], 0
        while self._blocks and (frames is None or count < frames):
            block = self._blocks.popleft()
            wanted = block.shape[1] if frames is None else frames - count
            if block.shape[1] > wanted:
                self._blocks.appendleft(block[:, wanted:])
            taken.append(block[:, :wanted])
            count += taken[-1].shape[1]
        return np.concatenate(taken, axis=1)
