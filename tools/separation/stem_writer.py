"""Where stems are written: rounded so that the files sum to the mix, and measured as they are.

All stems but one are rounded to the format; the last is what the rounded ones leave of the mix, so
the sum is off by one rounding at most, and by nothing where the mix had the same number of bits.
In formats that end at full scale every stem is lowered by one and the same gain when one would
clip; since the peak is known only at the end, the samples wait in a file without a name until then.
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
from muse.tools.separation.stem_plan import Plan

log = logging.getLogger("muse")

CHUNK_FRAMES = 1 << 18  # read back at once
STEPS = {"16": 2.0**15, "24": 2.0**23}  # of full scale 1.0


@dataclass(frozen=True)
class Measured:
    """What was written.

    Attributes:
        peaks_dbfs: highest sample of each written stem.
        loudness_lufs: integrated, None for silence.
        residual_dbfs: highest sample of the mix that the stems do not sum to.
        gain_db: by which all stems are lower than in the mix, 0 or less.
        frames: length of each stem.
    """

    peaks_dbfs: dict[str, float]
    loudness_lufs: dict[str, float | None]
    residual_dbfs: float
    gain_db: float
    frames: int


class StemSink(AbstractContextManager["StemSink"]):
    """Takes the mix and its stems block by block and writes the files."""

    def __init__(
        self,
        plan: Plan,
        paths: dict[str, Path],
        sample_rate: int,
        channels: int,
        bits: str,
        frames: int,
    ) -> None:
        """Open the files.

        Args:
            plan: which stems come, and which are written.
            paths: of each written stem; their suffix is the format.
            sample_rate: in Hz.
            channels: of each stem.
            bits: see `muse.tools.audio.encodings`.
            frames: expected.

        Raises:
            ParameterError: the format cannot hold such audio.
        """
        self._names = [name for name, _ in plan.worked_out] + [plan.left_over]
        self._channels = channels
        suffix = next(iter(paths.values())).suffix.lstrip(".").lower()
        self._steps = None if suffix in LOSSY else STEPS.get(bits)
        self._waits = suffix in LOSSY or bits in STEPS
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
            if self._waits:
                folder = next(iter(paths.values())).parent
                self._spool: IO[bytes] = stack.enter_context(tempfile.TemporaryFile(dir=folder))
            self._stack = stack.pop_all()

    def add(self, mix: Audio, stems: Audio) -> None:
        """Take the next frames of the mix (channels, n) and of the stems (stems, channels, n)."""
        self._frames += mix.shape[1]
        if not self._waits:
            self._write(mix, stems, 1.0)
            return
        rest = mix - stems.sum(axis=0)
        self._peak = max(
            self._peak, float(np.abs(stems).max(initial=0.0)), float(np.abs(rest).max())
        )
        rows = np.concatenate([mix[None], stems]).reshape(-1, mix.shape[1])
        np.ascontiguousarray(rows.T).tofile(self._spool)

    def finish(self, report: Report) -> Measured:
        """Write what waited, and tell what was written."""
        gain = 1.0
        if self._waits:
            gain = self._common_gain()
            for mix, stems in self._spooled():
                self._write(mix, stems, gain)
                report("writing", 1.0)
        return Measured(
            {name: dbfs(meter.peak) for name, meter in self._meters.items()},
            {name: meter.integrated_lufs() for name, meter in self._meters.items()},
            dbfs(self._residual),
            20 * math.log10(gain),
            self._frames,
        )

    def _common_gain(self) -> float:
        """1, or what brings the highest sample of any stem just below full scale."""
        if self._peak <= 1.0:
            return 1.0
        gain = (1 - len(self._names) / STEPS["16"]) / self._peak  # room for what rounding adds
        log.info(
            "a stem would clip: all are lowered by %.2f dB (32f keeps them)", -20 * math.log10(gain)
        )
        return gain

    def _spooled(self) -> Iterator[tuple[Audio, Audio]]:
        """What waited, in the order it came: (mix, stems)."""
        rows = len(self._names) * self._channels  # the mix stands where what is left over would
        self._spool.seek(0)
        while data := self._spool.read(CHUNK_FRAMES * rows * 4):
            chunk = np.frombuffer(data, np.float32).reshape(-1, rows).T
            stems = chunk.reshape(-1, self._channels, chunk.shape[1])
            yield stems[0], stems[1:]

    def _write(self, mix: Audio, stems: Audio, gain: float) -> None:
        """Round, work out what is left over, measure and write."""
        goal = mix * np.float32(gain)
        parts = self._held(self._rounded(stems * np.float32(gain)))
        total = parts.sum(axis=0, dtype=np.float64)
        rest = self._held(self._rounded(goal) - total).astype(np.float32)
        self._residual = max(self._residual, float(np.abs(goal - total - rest).max()))
        for name, block in zip(self._names, [*parts, rest], strict=True):
            if name in self._writers:
                self._meters[name].add(block)
                self._writers[name].write(block)

    def _rounded(self, samples: Audio) -> Audio:
        """The samples in whole steps of the format."""
        return samples if self._steps is None else np.rint(samples * self._steps) / self._steps

    def _held(self, samples: Audio) -> Audio:
        """What of the samples the format can hold: integers end at full scale."""
        return samples if self._steps is None else np.clip(samples, -1.0, 1.0 - 1.0 / self._steps)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Close the files: they take their names, or after an error are removed."""
        return self._stack.__exit__(kind, error, trace)
