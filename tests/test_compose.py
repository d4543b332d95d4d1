"""What is said of a transcription that rests on guesses."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from muse.tools.transcription.beats import NO_BEATS, BeatTrack
from muse.tools.transcription.compose import tell_doubts

SURE = BeatTrack(np.arange(8.0), np.arange(8) % 4, 4, 4, 0.9, 0.9)


@pytest.mark.parametrize(
    ("beats", "told"),
    [
        (SURE, ""),
        (replace(SURE, numerator=3, metre_confidence=0.51), "metre is a guess: 3/4"),
        (replace(SURE, confidence=0.3, metre_confidence=0.51), "beats are a guess"),
        (NO_BEATS, "beats are a guess"),
    ],
)
def test_guesses_are_told_in_one_line(
    beats: BeatTrack, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="muse"):
        tell_doubts(beats)
    assert len(caplog.messages) == bool(told)
    assert told in caplog.text
