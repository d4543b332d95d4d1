"""Fundamental frequency of one voice or monophonic instrument over time, by swift-f0's net."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.models.swift_f0 import HOP_LENGTH, SAMPLE_RATE, F0Frames, SwiftF0
from muse.tools.errors import MissingPartError
from muse.tools.theory.pitch import A4, A4_HZ

FRAME_S = HOP_LENGTH / SAMPLE_RATE
WINDOW_FRAMES = 1250  # frames, 20 s, that the net reads at once; bounds its memory
LEFT_FRAMES, RIGHT_FRAMES = 11, 10  # context with which a frame is as in the whole recording
NOMINAL_PEAK = 0.3  # softer audio is amplified to this peak; the net takes soft frames for silence
MAX_GAIN = 300.0  # about 50 dB
SILENCE_PEAK = 1e-3  # of the amplified audio; softer frames get confidence 0

Values = NDArray[np.float64]


@dataclass(frozen=True)
class PitchTrack:
    """Fundamental frequency in frames FRAME_S apart, frame i around `i * FRAME_S` seconds.

    Attributes:
        pitch: (frames,) MIDI number with its fraction.
        confidence: (frames,) in [0, 1]; from 0.5 on the frame is voiced.
    """

    pitch: Values
    confidence: Values


def amplify(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return audio with a peak of at least NOMINAL_PEAK, if MAX_GAIN allows it."""
    peak = float(np.abs(audio).max(initial=0.0))
    if not 0.0 < peak < NOMINAL_PEAK:
        return audio
    return np.asarray(audio * min(NOMINAL_PEAK / peak, MAX_GAIN), np.float32)


def track_pitch(audio: NDArray[np.float32]) -> PitchTrack:
    """Find the fundamental frequency in each frame.

    Args:
        audio: (samples,) mono at SAMPLE_RATE; `amplify` it first where it may be soft.

    Returns:
        `samples // HOP_LENGTH` frames.
    """
    count = len(audio) // HOP_LENGTH
    parts = [run_window(audio, start, count) for start in range(0, count, WINDOW_FRAMES)]
    nothing = np.zeros(0, np.float32)
    hz = np.concatenate([nothing, *(part.hz for part in parts)]).astype(np.float64)
    confidence = np.concatenate([nothing, *(part.confidence for part in parts)])
    frames = np.abs(audio[: count * HOP_LENGTH]).reshape(count, HOP_LENGTH)
    voiced = np.where(frames.max(axis=1, initial=0.0) < SILENCE_PEAK, 0.0, confidence)
    return PitchTrack(A4 + 12.0 * np.log2(hz / A4_HZ), voiced.astype(np.float64))


def run_window(audio: NDArray[np.float32], start: int, count: int) -> F0Frames:
    """Run the net on WINDOW_FRAMES frames from `start` on, of `count` in all, with context."""
    end, left = min(start + WINDOW_FRAMES, count), max(start - LEFT_FRAMES, 0)
    stop = len(audio) if end == count else (end + RIGHT_FRAMES) * HOP_LENGTH
    found = shared_net()(audio[left * HOP_LENGTH : stop])
    return F0Frames(*(values[start - left : end - left] for values in found))


@cache
def shared_net() -> SwiftF0:
    """Return the net, loaded at first use and shared from then on.

    Raises:
        MissingPartError: the package with its weights is not installed.
    """
    try:
        return SwiftF0()
    except ModuleNotFoundError as error:
        raise MissingPartError(str(error)) from error
