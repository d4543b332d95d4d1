"""Writes stems, rounded so that the files sum to the mix, and measures them.

All stems but one are rounded to the sample format; the residual is the mix minus the rounded ones.
The sum is therefore off by one rounding at most, and exact where the mix has the same number of
bits. In formats that clip at full scale, all stems are lowered by the same gain if one would clip.
Since the peak is known only at the end, the samples are stored in a temporary file until then.
"""

import logging
import math
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from muse.tools.audio.encodings import LOSSY
from muse.tools.audio.io import Audio, writing_audio
from muse.tools.audio.loudness import Meter, dbfs
from muse.tools.progress import Report
from muse.tools.separation.stem_plan import StemPlan

log = logging.getLogger("muse")

CHUNK_FRAMES = 1 << 18  # frames read back at a time
STEPS = {"16": 2.0**15, "24": 2.0**23}  # quantization steps up to full scale 1.0, by bits


@dataclass(frozen=True)
class StemMeasurements:
    """Measurements of the written stems.

    Attributes:
        peaks_dbfs: peak of each written stem.
        loudness_lufs: integrated loudness of each written stem; None for silence.
        residual_dbfs: peak of the difference between the mix and the sum of all stems.
        gain_db: gain of all stems relative to the mix, 0 or less.
        frames: length of each stem.
    """

    peaks_dbfs: dict[str, float]
    loudness_lufs: dict[str, float | None]
    residual_dbfs: float
    gain_db: float
    frames: int


class StemWriter(AbstractContextManager["StemWriter"]):
    """Writes the stems of a mix, which are added block by block."""

    def __init__(
        self,
        plan: StemPlan,
        paths: dict[str, Path],
        sample_rate: int,
        channels: int,
        bits: str,
        frames: int,
    ) -> None:
        """Open the files.

        Args:
            plan: which stems are added, and which are written.
            paths: file of each written stem; the suffix is the format.
            sample_rate: in Hz.
            channels: of each stem.
            bits: sample format, see `muse.tools.audio.encodings`.
            frames: expected length.

        Raises:
            ParameterError: the format does not support this rate, channels or bits.
        """
        self._names = [name for name, _ in plan.computed] + [plan.residual]
        self._channels = channels
        suffix = next(iter(paths.values())).suffix.lstrip(".").lower()
        self._steps = None if suffix in LOSSY else STEPS.get(bits)
        self._needs_peak = suffix in LOSSY or bits in STEPS
        self._meters = {name: Meter(sample_rate, channels) for name in plan.written}
        self._peak = self._residual = 0.0
        self._frames = 0
        with ExitStack() as stack:
            self._writers = {
                name: stack.enter_context(
                    writing_audio(path, sample_rate, channels, bits=bits, frames=frames)
                )
                for name, path in paths.items()
            }
            if self._needs_peak:
                folder = next(iter(paths.values())).parent
                self._spool: IO[bytes] = stack.enter_context(tempfile.TemporaryFile(dir=folder))
            self._stack = stack.pop_all()

    def add(self, mix: Audio, stems: Audio) -> None:
        """Add the next frames of the mix (channels, n) and of its stems (stems, channels, n)."""
        self._frames += mix.shape[1]
        if not self._needs_peak:
            self._write(mix, stems, 1.0)
            return
        residual = mix - stems.sum(axis=0)
        self._peak = max(
            self._peak, float(np.abs(stems).max(initial=0.0)), float(np.abs(residual).max())
        )
        rows = np.concatenate([mix[None], stems]).reshape(-1, mix.shape[1])
        self._spool.write(np.ascontiguousarray(rows.T).tobytes())

    def finish(self, report: Report) -> StemMeasurements:
        """Write the stored samples and return the measurements."""
        gain = 1.0
        if self._needs_peak:
            gain = self._common_gain()
            for mix, stems in self._stored_blocks():
                self._write(mix, stems, gain)
                report("writing", 1.0)
        return StemMeasurements(
            {name: dbfs(meter.peak) for name, meter in self._meters.items()},
            {name: meter.integrated_lufs() for name, meter in self._meters.items()},
            dbfs(self._residual),
            20 * math.log10(gain),
            self._frames,
        )

    def _common_gain(self) -> float:
        """Return 1, or the gain that scales the highest peak to just below full scale."""
        if self._peak <= 1.0:
            return 1.0
        gain = (1 - len(self._names) / STEPS["16"]) / self._peak  # headroom for rounding
        log.info(
            "a stem would clip: all are lowered by %.2f dB (not with --bits 32f)",
            -20 * math.log10(gain),
        )
        return gain

    def _stored_blocks(self) -> Iterator[tuple[Audio, Audio]]:
        """Yield the stored (mix, stems) in the order in which they were added."""
        rows = len(self._names) * self._channels  # the mix takes the place of the residual
        self._spool.seek(0)
        while data := self._spool.read(CHUNK_FRAMES * rows * 4):
            chunk = np.frombuffer(data, np.float32).reshape(-1, rows).T
            stems = chunk.reshape(-1, self._channels, chunk.shape[1])
            yield stems[0], stems[1:]

    def _write(self, mix: Audio, stems: Audio, gain: float) -> None:
        """Round the stems, compute the residual, measure and write."""
        target = mix * np.float32(gain)
        rounded = self._clipped(self._rounded(stems * np.float32(gain)))
        total = rounded.sum(axis=0, dtype=np.float64)
        residual = self._clipped(self._rounded(target) - total).astype(np.float32)
        self._residual = max(self._residual, float(np.abs(target - total - residual).max()))
        for name, block in zip(self._names, [*rounded, residual], strict=True):
            if name in self._writers:
                self._meters[name].add(block)
                self._writers[name].write(block)

    def _rounded(self, samples: Audio) -> Audio:
        """Return the samples in whole steps of the format."""
        return samples if self._steps is None else np.rint(samples * self._steps) / self._steps

    def _clipped(self, samples: Audio) -> Audio:
        """Return the samples, clipped to full scale in integer formats."""
        return samples if self._steps is None else np.clip(samples, -1.0, 1.0 - 1.0 / self._steps)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Close the files: they get their final names, or are removed after an error."""
        return self._stack.__exit__(kind, error, trace)
