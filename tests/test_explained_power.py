"""Explained power: the share of a spectrum that lies at the partials of notes."""

import numpy as np
import pytest

from muse.models.basic_pitch import HOP_LENGTH, SAMPLE_RATE
from muse.tools.audio.spectra import LONG_WINDOW, semitone_power
from muse.tools.transcription.explained_power import explained_power
from muse.tools.transcription.note_event import NoteEvent

FRAME_S = HOP_LENGTH / SAMPLE_RATE


def spectrum(pitch: int) -> np.ndarray:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    hz = 440.0 * 2 ** ((pitch - 69) / 12)
    audio = sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 6))
    return semitone_power(np.asarray(audio, np.float32), LONG_WINDOW)


@pytest.mark.parametrize("pitch", [28, 45, 69, 81])
def test_the_right_note_explains_nearly_all(pitch: int) -> None:
    power = spectrum(pitch)
    total = power.sum()
    whole = [NoteEvent(0.0, 1.0, pitch, 80, 1.0)]
    half = [NoteEvent(0.0, 0.5, pitch, 80, 1.0)]
    assert explained_power(whole, power, FRAME_S) > 0.9 * total
    assert explained_power(half, power, FRAME_S) == pytest.approx(total / 2, rel=0.1)
    assert explained_power([], power, FRAME_S) == 0.0


def test_a_wrong_note_explains_little() -> None:
    power = spectrum(69)
    wrong = [NoteEvent(0.0, 1.0, 75, 80, 1.0)]
    assert explained_power(wrong, power, FRAME_S) < 0.2 * power.sum()
    twice = [NoteEvent(0.0, 1.0, 69, 80, 1.0)] * 2
    once = explained_power(twice[:1], power, FRAME_S)
    assert explained_power(twice, power, FRAME_S) == once
