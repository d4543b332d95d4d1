"""Drums for training: kits, scores and takes are what their labels say."""

from pathlib import Path

import numpy as np
import pytest

from muse.tools.training.studio import drum_kits, drum_scores, drum_shards, drum_takes
from muse.tools.training.studio.drum_kits import DRUMS, RATE, Kit, Variant, drum_of_name
from muse.tools.training.studio.drum_takes import Material
from tests.training_data import write_drum_kit

CLICK = np.r_[np.zeros(700), np.exp(-np.arange(RATE // 4) / 900)].astype(np.float32)


@pytest.mark.parametrize(
    ("name", "drum"),
    [
        ("Kick (Tama Superstar 22)", "kick"),
        ("drum_bass_hard", "kick"),
        ("Snare Jazz", "snare"),
        ("Hand Clap", "snare"),
        ("Pearl Side Stick", "side stick"),
        ("Rim Click (Pearl)", "side stick"),
        ("Closed HH", "closed hi-hat"),
        ("Pedal HH", "closed hi-hat"),
        ("VariBreaks Hat 1 Op", "open hi-hat"),
        ("Hi Hat Opened", "open hi-hat"),
        ("Floor Tom", "low tom"),
        ("drum_tom_hi_soft", "high tom"),
        ("Tom", "mid tom"),
        ("Splash (Paiste Rude 10)", "crash"),
        ("Ride Bell", "ride"),
        ("Cowbell", "other"),
        ("Djembe1 Slap", "other"),
        ("emptySample", None),
        ("Crash/Ride Bow", None),
        ("Violin", None),
    ],
)
def test_a_sample_is_of_the_drum_in_its_name(name: str, drum: str | None) -> None:
    assert drum_of_name(name) == drum


def test_every_percussion_key_strikes_one_drum() -> None:
    keys = [key for keys in drum_kits.KEYS_OF_DRUM.values() for key in keys]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set(drum_kits.OTHER_KEYS)


def test_a_sample_starts_with_its_attack() -> None:
    trimmed = drum_kits.from_attack({"close": CLICK})["close"]
    assert np.abs(trimmed).argmax() < 0.002 * RATE


def test_a_hydrogen_kit_is_read_soft_to_loud(tmp_path: Path) -> None:
    write_drum_kit(tmp_path, "Small")
    (kit,) = drum_kits.hydrogen_kits(tmp_path)
    assert kit.name == "hydrogen/Small"
    assert set(kit.drums) == {"kick", "snare", "closed hi-hat"}
    soft, loud = kit.drums["kick"][0].layers
    assert drum_kits.level(soft) < drum_kits.level(loud)


def small_kit() -> Kit:
    drums = {drum: [Variant(({"close": CLICK[700:]},))] for drum in DRUMS}
    return Kit("hydrogen/small", drums)


@pytest.mark.parametrize("seed", range(8))
def test_drawn_drumming_is_in_order_and_in_range(seed: int) -> None:
    hits = drum_scores.draw_hits(10.0, np.random.default_rng(seed))
    assert len(hits) > 10
    assert (np.diff(hits[:, 0]) >= 0).all()
    assert hits[:, 0].min() >= 0 and hits[:, 0].max() < 10
    assert hits[:, 2].min() >= 1 and hits[:, 2].max() <= 127
    assert set(hits[:, 1]) <= set(range(len(DRUMS)))


def test_a_stroke_sounds_at_its_time() -> None:
    hits = np.array([[1.5, DRUMS.index("snare"), 100.0]])
    audio = drum_takes.play(hits, small_kit(), np.random.default_rng(3))
    first = np.flatnonzero(np.abs(audio) > 0.05 * np.abs(audio).max())[0]
    assert first / RATE == pytest.approx(1.5, abs=0.002)


def test_loud_strokes_are_louder() -> None:
    rows = np.array([[1.0, 0, 30.0], [2.0, 0, 127.0]])
    audio = drum_takes.play(rows, small_kit(), np.random.default_rng(3))
    soft, loud = (np.abs(audio[s * RATE : (s + 1) * RATE]).max() for s in (1, 2))
    assert 4 * soft < loud


def test_a_closed_hi_hat_ends_an_open_one() -> None:
    opened, closed = DRUMS.index("open hi-hat"), DRUMS.index("closed hi-hat")
    hits = np.array([[1.0, opened, 90], [1.5, closed, 90], [2.0, opened, 90], [2.2, 0, 90]])
    ends = drum_takes.choked_at(hits[hits[:, 1] == opened], hits)
    assert ends.tolist() == [1.5, np.inf]


def test_a_seed_gives_the_same_take() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE * 11).astype(np.float32)
    performance = drum_scores.draw_hits(30.0, np.random.default_rng(1))
    material = Material([small_kit()], [performance], {"keys": [noise]})
    one, other = (drum_takes.draw_take(material, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.audio, other.audio)
    np.testing.assert_array_equal(one.hits, other.hits)
    assert np.abs(one.audio).max() <= 1.0


def test_a_shard_is_read_as_it_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    takes = [
        drum_takes.Take(rng.standard_normal(drum_takes.LENGTH).astype(np.float32), hits, "alone")
        for hits in (np.zeros((0, 3)), np.array([[0.5, 1, 90.0]]))
    ]
    shard = drum_shards.pack(takes)
    assert shard.levels.shape[1] == drum_shards.TAKE_FRAMES
    drum_shards.save_shard(tmp_path / "shard.npz", shard)
    again = drum_shards.load_shard(tmp_path / "shard.npz")
    np.testing.assert_array_equal(again.levels, shard.levels)
    assert [hits.tolist() for hits in again.hits] == [[], [[0.5, 1.0, 90.0]]]
    assert again.kinds == ["alone", "alone"]
