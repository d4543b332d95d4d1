"""Effects of the studio: pure, seeded, as long as their input, and onsets stay where they are."""

import numpy as np
import pytest

from muse.tools.training.studio import effects

RATE = 22_050
ONSET = 5000


def sound() -> effects.Audio:
    """A decaying tone that starts at ONSET."""
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 220 * time) * np.exp(-4 * time) * 0.5
    return np.concatenate([np.zeros(ONSET), tone]).astype(np.float32)


DRAWS = dict.fromkeys(draw for chain in effects.CHAINS.values() for _, draw in chain)


@pytest.mark.parametrize("draw", DRAWS)
def test_effect_keeps_length_onset_and_input(draw) -> None:
    dry = sound()
    before = dry.copy()
    wet = draw(np.random.default_rng(3))(dry, RATE)
    assert wet.shape == dry.shape
    assert wet.dtype == np.float32
    assert np.isfinite(wet).all()
    np.testing.assert_array_equal(dry, before)
    early = np.square(wet[: ONSET - 1500]).sum()
    assert early < 0.05 * np.square(wet[ONSET - 200 : ONSET + 3000]).sum()


@pytest.mark.parametrize("kind", effects.CHAINS)
def test_same_seed_same_samples(kind: str) -> None:
    first, second = (
        effects.random_chain(np.random.default_rng(5), kind)(sound(), RATE) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", effects.CHAINS)
def test_silence_stays_finite(kind: str) -> None:
    for seed in range(3):
        chain = effects.random_chain(np.random.default_rng(seed), kind)
        assert np.isfinite(chain(np.zeros(4000, np.float32), RATE)).all()


def test_equalizer_changes_levels_as_its_points_say() -> None:
    time = np.arange(RATE) / RATE
    low, high = (np.sin(2 * np.pi * hz * time).astype(np.float32) for hz in (100, 4000))
    points = [(200.0, -12.0), (2000.0, 6.0)]
    for tone, db in ((low, -12.0), (high, 6.0)):
        wet = effects.equalize(tone, RATE, points=points)[2000:-2000]
        assert 20 * np.log10(effects.rms(wet) / effects.rms(tone)) == pytest.approx(db, abs=0.2)


def test_compressor_narrows_the_range() -> None:
    rng = np.random.default_rng(0)
    loud, soft = rng.standard_normal((2, RATE)).astype(np.float32) * np.float32([[0.5], [0.05]])
    wet = effects.compress(
        np.concatenate([loud, soft]), RATE, threshold_db=-20, ratio=4, release_s=0.05
    )
    range_db = 20 * np.log10(effects.rms(wet[:RATE]) / effects.rms(wet[RATE + 2000 :]))
    assert range_db == pytest.approx(5.0, abs=1.5)  # 20 dB over the threshold become 5


def test_bits_are_steps_of_the_peak() -> None:
    crushed = effects.crush_bits(sound(), RATE, bits=4, held=3)
    assert len(np.unique(crushed)) <= 17
    assert (crushed[0:9:3] == crushed[1:10:3]).all()
