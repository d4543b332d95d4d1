"""Mixing to mono: the mean of the channels, unless it would cancel them."""

import numpy as np
import pytest

from muse.tools.audio.mono import MonoMixer
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


def test_the_first_sound_decides_for_the_whole_recording() -> None:
    line = tone(440, 0.1)[0]
    mixer = MonoMixer()
    mixer(np.stack([line, line]))
    assert not mixer(np.stack([line, -line])).any()
