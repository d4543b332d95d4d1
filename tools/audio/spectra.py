"""Spectra on the semitone grid of the transcription nets.

Conventions:
    audio is mono, (frames,) float32 at SAMPLE_RATE; row r of a map is MIDI pitch LOWEST_PITCH + r;
    frame i is centred on sample `i * HOP_LENGTH`.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import HOP_LENGTH, LOWEST_PITCH, PITCHES, SAMPLE_RATE

Matrix = NDArray[np.float32]
Signal = NDArray[np.float32]

ROWS = 124 - LOWEST_PITCH  # up to the highest semitone under half the sample rate
LONG_WINDOW = 4096  # samples, 186 ms: tells semitones apart from about 90 Hz up
SHORT_WINDOW = 1024  # samples, 46 ms: tells when
PARTIALS = (0, 12, 19, 24, 28, 31, 34, 36)  # semitones of the first eight partials above a pitch
POWER_FLOOR = 1e-9  # -90 dB
SLICE_FRAMES = 128  # spectra made at a time: few enough for the processor's cache


def pitch_to_hz(pitch: NDArray[np.integer]) -> NDArray[np.float64]:
    """MIDI number to Hz, A4 = 69 = 440 Hz."""
    return np.asarray(440.0 * 2.0 ** ((np.asarray(pitch, np.float64) - 69.0) / 12.0))


def frame_count(samples: int) -> int:
    """Frames that cover so many samples."""
    return -(-samples // HOP_LENGTH)


def semitone_power(audio: Signal, window: int, hop: int = HOP_LENGTH) -> Matrix:
    """Power in each semitone, (frames, ROWS); a full-scale sine has about 1.

    Args:
        audio: (samples,) at SAMPLE_RATE.
        window: length of the Hann window in samples, even.
        hop: samples between frames.
    """
    frames = -(-len(audio) // hop)
    padded = np.pad(audio, (window // 2, window))
    cut = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][:frames]
    bank, hann = filterbank(window), hann_window(window)
    out = np.empty((frames, ROWS), np.float32)
    for start in range(0, frames, SLICE_FRAMES):
        spectrum = rfft(cut[start : start + SLICE_FRAMES] * hann)
        out[start : start + SLICE_FRAMES] = (spectrum.real**2 + spectrum.imag**2) @ bank
    return out


def rfft(block: Matrix) -> NDArray[np.complex64]:
    """FFT of each row, in the single precision that numpy 2 keeps.

    scipy's is no faster on blocks that stay in the cache, and its import takes a fifth of a second.
    """
    return np.asarray(np.fft.rfft(block, axis=1), np.complex64)


@cache
def hann_window(length: int) -> Matrix:
    """Periodic Hann window scaled so that a full-scale sine peaks at 1 in its spectrum."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return np.asarray(window / (window.sum() / 2), np.float32)


@cache
def filterbank(window: int) -> Matrix:
    """Triangles a semitone to either side of each pitch, (bins, ROWS).

    Where a semitone is narrower than a bin, the two bins around the pitch share it.
    """
    hz = np.arange(window // 2 + 1) * SAMPLE_RATE / window
    pitches = 69.0 + 12.0 * np.log2(np.maximum(hz, 1.0) / 440.0)
    rows = LOWEST_PITCH + np.arange(ROWS)
    semitone = 1.0 - np.abs(pitches[:, None] - rows)
    bin_hz = SAMPLE_RATE / window
    linear = 1.0 - np.abs(hz[:, None] - pitch_to_hz(rows)) / bin_hz
    return np.asarray(np.maximum(np.maximum(semitone, linear), 0.0), np.float32)


def decibels(power: Matrix) -> Matrix:
    """Power in dB, floored at -90."""
    return np.asarray(10.0 * np.log10(power + POWER_FLOOR), np.float32)


def partial_power(power: Matrix, partials: int = 6) -> Matrix:
    """Power of the first partials of each pitch, (frames, PITCHES), from a semitone map."""
    total = np.zeros((len(power), PITCHES), np.float32)
    for shift in PARTIALS[:partials]:
        width = min(PITCHES, ROWS - shift)
        total[:, :width] += power[:, shift : shift + width]
    return total
