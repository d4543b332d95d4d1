"""Peak level and integrated loudness of a stream of audio.

ITU-R BS.1770-5: K-weighting, mean squares over 400 ms every 100 ms, and the gates of EBU R 128 at
-70 LUFS and 10 LU below the mean of the rest. The two K-weighting filters are applied by their
frequency response to blocks that overlap by the length of the impulse responses.
"""

import math

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.io import Audio

SILENCE_DBFS = -200.0  # reported for digital silence, as JSON has no infinity
STEP_S = 0.1  # seconds between loudness blocks
STEPS_IN_BLOCK = 4
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OFFSET_LUFS = -0.691  # makes a full-scale sine of 997 Hz in one channel -3.01 LUFS
RINGING_S = 0.09  # seconds in which the impulse responses fall by more than 100 dB

# analog prototypes of the filters that the standard tabulates at 48 kHz
SHELF_HZ, SHELF_Q = 1681.974450955533, 0.7071752369554196
SHELF_GAIN = 10 ** (3.999843853973347 / 20)  # above the shelf, linear
SHELF_MIDDLE_GAIN = SHELF_GAIN**0.4996667741545416
HIGHPASS_HZ, HIGHPASS_Q = 38.13547087602444, 0.5003270373238773

Biquad = tuple[tuple[float, float, float], tuple[float, float, float]]  # (b, a)


def dbfs(amplitude: float) -> float:
    """Convert an amplitude (full scale 1.0) to dBFS, at least SILENCE_DBFS."""
    return max(20 * math.log10(amplitude), SILENCE_DBFS) if amplitude > 0 else SILENCE_DBFS


def k_weighting(sample_rate: int) -> tuple[Biquad, Biquad]:
    """Return the high shelf and the high-pass for a sample rate, by the bilinear transform."""
    k = math.tan(math.pi * SHELF_HZ / sample_rate)
    middle = SHELF_MIDDLE_GAIN * k / SHELF_Q
    square = k * k
    shelf: Biquad = (
        (SHELF_GAIN + middle + square, 2 * (square - SHELF_GAIN), SHELF_GAIN - middle + square),
        (1 + k / SHELF_Q + square, 2 * (square - 1), 1 - k / SHELF_Q + square),
    )
    k = math.tan(math.pi * HIGHPASS_HZ / sample_rate)
    lowest = 1 + k / HIGHPASS_Q + k * k
    highpass: Biquad = (
        (lowest, -2 * lowest, lowest),
        (lowest, 2 * (k * k - 1), 1 - k / HIGHPASS_Q + k * k),
    )
    return shelf, highpass


def frequency_response(filters: tuple[Biquad, ...], size: int) -> NDArray[np.complex64]:
    """Return the product of the filters' responses at the bins of a real FFT of `size` points."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(z), np.complex128)
    for b, a in filters:
        response *= np.polyval(b[::-1], z) / np.polyval(a[::-1], z)
    return response.astype(np.complex64)


class Meter:
    """Peak and integrated loudness of the blocks added so far."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        """Start without audio."""
        self._ringing = math.ceil(RINGING_S * sample_rate)
        self._size = 1 << (4 * self._ringing).bit_length()
        self._response = frequency_response(k_weighting(sample_rate), self._size)
        self._waiting = np.zeros((channels, self._ringing), np.float32)
        self._step = round(STEP_S * sample_rate)
        self._squares = np.zeros(0, np.float32)  # of samples that do not fill a step yet
        self._steps: list[float] = []  # sum of squares of each step, over all channels
        self.peak = 0.0  # full scale 1.0

    def add(self, block: Audio) -> None:
        """Add a block (channels, frames)."""
        self.peak = max(self.peak, float(block.max(initial=0.0)), -float(block.min(initial=0.0)))
        self._waiting = np.concatenate([self._waiting, block], axis=1)
        if self._waiting.shape[1] >= self._size:
            frames = np.lib.stride_tricks.sliding_window_view(self._waiting, self._size, axis=1)
            hop = self._size - self._ringing
            frames = frames[:, ::hop]
            self._measure(frames)
            self._waiting = self._waiting[:, frames.shape[1] * hop :]

    def _measure(self, frames: Audio) -> None:
        """Filter overlapping frames (channels, count, size) and sum the squares of new samples."""
        weighted = np.fft.irfft(np.fft.rfft(frames) * self._response, self._size)
        squares = np.square(weighted[..., self._ringing :]).sum(axis=0).ravel()
        squares = np.concatenate([self._squares, squares])
        whole = len(squares) // self._step * self._step
        self._steps += squares[:whole].reshape(-1, self._step).sum(axis=1).tolist()
        self._squares = squares[whole:]

    def integrated_lufs(self) -> float | None:
        """Return the gated loudness in LUFS; None for less than 400 ms or if all is below the gate.

        Call it once, at the end.
        """
        last = self._waiting.shape[1] - self._ringing
        padded = np.pad(self._waiting, ((0, 0), (0, self._size - self._waiting.shape[1])))
        complete = (len(self._steps) * self._step + len(self._squares) + last) // self._step
        self._measure(padded[:, None])
        steps = np.array(self._steps[:complete]) / self._step
        if len(steps) < STEPS_IN_BLOCK:
            return None
        blocks = np.convolve(steps, np.full(STEPS_IN_BLOCK, 1 / STEPS_IN_BLOCK), "valid")
        blocks = blocks[blocks > power(ABSOLUTE_GATE_LUFS)]
        if not len(blocks):
            return None
        gate = blocks.mean() * 10 ** (RELATIVE_GATE_LU / 10)
        return OFFSET_LUFS + 10 * math.log10(blocks[blocks > gate].mean())


def power(lufs: float) -> float:
    """Convert LUFS to a mean square."""
    return float(10 ** ((lufs - OFFSET_LUFS) / 10))
