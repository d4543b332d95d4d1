"""Mixing to mono: the mean of the channels, unless it would cancel them."""

import logging
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import read_audio, write_audio
from muse.tools.audio.mono import MonoMixer
from muse.tools.intervals.recordings import find_intervals_in_file
from tests.sounds import tone


def test_channels_in_phase_give_their_mean() -> None:
    rng = np.random.default_rng(0)
    block = rng.normal(0, 0.1, (3, 1000)).astype(np.float32)
    np.testing.assert_array_equal(MonoMixer()(block), block.mean(axis=0))


@pytest.mark.parametrize("blocks", [1, 7])
def test_a_channel_in_opposite_phase_is_inverted(blocks: int) -> None:
    line = tone(440, 0.5)[0]
    stereo = np.stack([line, -0.5 * line])
    silent = np.zeros((2, 100), np.float32)
    mixer = MonoMixer()
    parts = [silent, np.zeros((2, 0), np.float32), *np.array_split(stereo, blocks, axis=1)]
    mixed = np.concatenate([mixer(part) for part in parts])
    np.testing.assert_allclose(mixed[100:], 0.75 * line, atol=1e-6)


def test_channels_that_become_opposite_are_heard_from_there_on() -> None:
    line = tone(440, 0.1)[0]
    mixer = MonoMixer()
    np.testing.assert_allclose(mixer(np.stack([line, line])), line)
    np.testing.assert_allclose(mixer(np.stack([line, -line])), line)


def test_a_wide_stereo_image_is_mixed_as_it_is() -> None:
    rng = np.random.default_rng(0)
    middle, side = rng.normal(0, 0.1, (2, 1000)).astype(np.float32)
    block = np.stack([0.5 * middle + side, 0.5 * middle - side])  # loses 7 dB
    np.testing.assert_array_equal(MonoMixer()(block), block.mean(axis=0))


def test_opposite_channels_are_read_and_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line = tone(440, 0.5)[0]
    write_audio(tmp_path / "a.wav", np.stack([line, -line]), 44_100)
    with caplog.at_level(logging.INFO, "muse"):
        for _ in range(2):
            audio, _ = read_audio(tmp_path / "a.wav", mono=True)
            assert np.abs(audio).max() == pytest.approx(0.5, abs=0.001)
    assert caplog.text.count("a.wav: its channels are in opposite phase") == 1


def test_intervals_of_opposite_channels_are_found(tmp_path: Path) -> None:
    line = np.concatenate([tone(261.63, 0.6)[0], tone(329.63, 0.6)[0]])
    write_audio(tmp_path / "a.wav", np.stack([line, -line]), 44_100)
    (found,) = find_intervals_in_file(tmp_path / "a.wav")
    assert found.semitones == 4
