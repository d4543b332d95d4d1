"""The net gives the output of the basic-pitch package, and its windows join without a gap.

tests/data/basic_pitch.npz was made with basic-pitch 0.4.0: its `run_inference` on `golden_audio()`
written as a float WAV at 22050 Hz, with its ONNX model; every eighth frame of note, onset and
contour, as float16.
"""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from muse.models import basic_pitch
from muse.models.basic_pitch import HOP_LENGTH, SAMPLE_RATE, WINDOW_LENGTH, BasicPitch
from muse.tools.transcription.engine_basic_pitch import (
    USED_FRAMES,
    basic_pitch_posteriors,
    cut_windows,
    shared_net,
)

GOLDEN = Path(__file__).with_name("data") / "basic_pitch.npz"
THEIR_HOP = WINDOW_LENGTH - 30 * HOP_LENGTH  # samples between basic-pitch's own windows


def golden_audio() -> np.ndarray:
    """Synthesize four seconds of three harmonic tones that start one after the other."""
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    audio = np.zeros(len(time))
    for start, hz in ((0.3, 110.0), (1.1, 220.0 * 2 ** (3 / 12)), (2.4, 440.0 * 2 ** (7 / 12))):
        for partial in range(1, 7):
            tone = np.sin(2 * np.pi * hz * partial * (time - start)) * 0.2 / partial
            audio += tone * np.exp(-1.5 * (time - start).clip(0)) * (time >= start)
    return audio.astype(np.float32)


def test_posteriors_are_those_of_basic_pitch() -> None:
    audio = golden_audio()
    padded = np.pad(audio, (15 * HOP_LENGTH, 2 * WINDOW_LENGTH))
    count = -(-(len(audio) + 15 * HOP_LENGTH) // THEIR_HOP)
    starts = range(0, count * THEIR_HOP, THEIR_HOP)
    output = shared_net()(np.stack([padded[i : i + WINDOW_LENGTH] for i in starts]))
    with np.load(GOLDEN) as golden:
        for name in ("note", "onset", "contour"):
            whole = getattr(output, name)[:, 15:-15].reshape(-1, golden[name].shape[1])
            ours = whole[::8][: len(golden[name])]
            np.testing.assert_allclose(ours, golden[name].astype(np.float32), atol=2e-3)


def test_first_window_is_the_same_on_our_grid() -> None:
    with np.load(GOLDEN) as golden:
        ours = basic_pitch_posteriors(golden_audio()).note[:USED_FRAMES:8]
        np.testing.assert_allclose(ours, golden["note"][: len(ours)], atol=2e-3)


@pytest.mark.parametrize("samples", [1, 255, 256, 257, USED_FRAMES * 256, USED_FRAMES * 256 + 1])
def test_one_frame_for_each_hop(samples: int) -> None:
    windows = cut_windows(np.zeros(samples, np.float32))
    assert windows.shape[1] == WINDOW_LENGTH
    assert len(windows) * USED_FRAMES >= -(-samples // HOP_LENGTH)


def test_grid_does_not_drift() -> None:
    """The onset of a tone is at the same frame wherever the audio starts."""
    audio = golden_audio()
    late = USED_FRAMES * 5 + 40  # frames: another place in another window
    shifted = basic_pitch_posteriors(np.pad(audio, (late * HOP_LENGTH, 0)))
    row = 69 + 7 - 21
    here, there = basic_pitch_posteriors(audio).onset[:, row], shifted.onset[late:, row]
    assert abs(int(here.argmax()) - int(there.argmax())) <= 1


def test_weights_are_what_their_card_says() -> None:
    card = basic_pitch.card()
    digest = hashlib.sha256(basic_pitch.WEIGHTS.read_bytes()).hexdigest()
    assert digest == card["sha256"]
    assert card["licence"] == "Apache-2.0"


def test_batches_change_nothing() -> None:
    windows = cut_windows(golden_audio())
    net = BasicPitch(threads=1)
    together, alone = net(windows).note, np.concatenate([net(w[None]).note for w in windows])
    np.testing.assert_allclose(together, alone, atol=1e-4)
