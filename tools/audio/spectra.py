"""Semitone spectra, the input of the transcription nets.

Conventions:
    audio is mono, (samples,) float32 at SAMPLE_RATE; column r of a map is MIDI pitch
    LOWEST_PITCH + r; frame i is centered on sample `i * HOP_LENGTH`.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import HOP_LENGTH, LOWEST_PITCH, PITCHES, SAMPLE_RATE
from muse.tools.theory.pitch import A4, A4_HZ

Matrix = NDArray[np.float32]
Signal = NDArray[np.float32]

ROWS = 124 - LOWEST_PITCH  # up to the highest semitone under half the sample rate
LONG_WINDOW = 4096  # samples, 186 ms: resolves semitones from about 90 Hz up
SHORT_WINDOW = 1024  # samples, 46 ms: resolves time
PARTIALS = (0, 12, 19, 24, 28, 31, 34, 36)  # semitones of the first eight partials above a pitch
POWER_FLOOR = 1e-9  # -90 dB
SLICE_FRAMES = 128  # spectra computed at a time, so that they fit the processor's cache


def pitch_to_hz(pitch: NDArray[np.integer]) -> NDArray[np.float64]:
    """Convert MIDI numbers to Hz."""
    return np.asarray(A4_HZ * 2.0 ** ((np.asarray(pitch, np.float64) - A4) / 12.0))


def frame_count(samples: int) -> int:
    """Return the number of frames that cover `samples` samples."""
    return -(-samples // HOP_LENGTH)


def semitone_power(audio: Signal, window: int, hop: int = HOP_LENGTH) -> Matrix:
    """Return the power in each semitone, (frames, ROWS); a full-scale sine gives about 1.

    Args:
        audio: (samples,) at SAMPLE_RATE.
        window: length of the Hann window in samples, even.
        hop: hop length in samples.
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
    """Return the FFT of each row in single precision, which numpy 2 preserves.

    scipy's FFT is no faster on blocks that fit the cache, and importing it takes 0.2 s.
    """
    return np.asarray(np.fft.rfft(block, axis=1), np.complex64)


@cache
def hann_window(length: int) -> Matrix:
    """Return a periodic Hann window, scaled so that a full-scale sine has a peak of 1."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return np.asarray(window / (window.sum() / 2), np.float32)


@cache
def filterbank(window: int) -> Matrix:
    """Return triangular filters that reach a semitone to each side of each pitch, (bins, ROWS).

    Where a semitone is narrower than a bin, the two bins around the pitch share it.
    """
    hz = np.arange(window // 2 + 1) * SAMPLE_RATE / window
    pitches = A4 + 12.0 * np.log2(np.maximum(hz, 1.0) / A4_HZ)
    rows = LOWEST_PITCH + np.arange(ROWS)
    semitone = 1.0 - np.abs(pitches[:, None] - rows)
    bin_hz = SAMPLE_RATE / window
    linear = 1.0 - np.abs(hz[:, None] - pitch_to_hz(rows)) / bin_hz
    return np.asarray(np.maximum(np.maximum(semitone, linear), 0.0), np.float32)


def power_to_db(power: Matrix) -> Matrix:
    """Convert power to dB, at least -90."""
    return np.asarray(10.0 * np.log10(power + POWER_FLOOR), np.float32)


def partial_power(power: Matrix, partials: int = 6) -> Matrix:
    """Sum the power of the first partials of each pitch of a semitone map, (frames, PITCHES)."""
    total = np.zeros((len(power), PITCHES), np.float32)
    for shift in PARTIALS[:partials]:
        width = min(PITCHES, ROWS - shift)
        total[:, :width] += power[:, shift : shift + width]
    return total
