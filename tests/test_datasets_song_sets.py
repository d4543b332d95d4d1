"""Tests of song sets in one file: round trip, and one-line errors for broken files."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from muse.tools.datasets.song_sets import SongSet, SongSetLayout, load_song_set, save_song_set
from muse.tools.errors import BadInputError


@dataclass(frozen=True)
class Context:
    """Properties of a whole song."""

    tonic_pc: int


@dataclass(frozen=True)
class Tune:
    """A song with two arrays."""

    id: str
    context: Context
    pitch: NDArray[np.int16]
    start: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pitch)


LAYOUT = SongSetLayout("tunes/1", "tunes", {"pitch": np.int16, "start": np.float64}, Context, Tune)


def tune(name: str, length: int) -> Tune:
    """Return a tune of some length."""
    return Tune(
        name, Context(length % 12), np.arange(length, dtype=np.int16), np.arange(length) / 3
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return the path of a file of two tunes."""
    path = tmp_path / "tunes.npz"
    data = SongSet((tune("a/one", 5), tune("b/two", 300)), (("a/one", "b/two"),))
    save_song_set(path, data, LAYOUT)
    return path


def test_saved_songs_are_loaded_unchanged(saved: Path) -> None:
    songs, groups = load_song_set(saved, LAYOUT)
    assert groups == (("a/one", "b/two"),)
    for found, length in zip(songs, (5, 300), strict=True):
        expected = tune(found.id, length)
        assert found.context == expected.context
        for name, kind in LAYOUT.columns.items():
            assert np.array_equal(getattr(found, name), getattr(expected, name))
            assert getattr(found, name).dtype == kind


def test_groups_are_in_one_split() -> None:
    names = [f"x/{number}" for number in range(40)]
    groups = tuple(zip(names[::2], names[1::2], strict=True))
    sides = SongSet(tuple(tune(name, 3) for name in names), groups).sides(seed=3)
    assert sum(map(len, sides.values())) == 40
    ids = [{song.id for song in songs} for songs in sides.values()]
    assert all(any(set(group) <= side for side in ids) for group in groups)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no",
        lambda data: data[: len(data) // 2],
        lambda data: data[:100] + bytes(200) + data[300:],
        lambda data: data[:4],
    ],
)
def test_a_broken_file_is_an_error(saved: Path, damage: Callable[[bytes], bytes]) -> None:
    saved.write_bytes(damage(saved.read_bytes()))
    with pytest.raises(BadInputError, match=r"tunes\.npz: not a file of tunes"):
        load_song_set(saved, LAYOUT)


def test_arrays_of_the_wrong_length_are_an_error(saved: Path) -> None:
    with np.load(saved) as stored:
        arrays = dict(stored)
    arrays["start"] = arrays["start"][:-1]
    np.savez_compressed(saved, **arrays)
    with pytest.raises(BadInputError, match="not as long"):
        load_song_set(saved, LAYOUT)


def test_a_file_of_another_kind_is_an_error(saved: Path) -> None:
    with pytest.raises(BadInputError, match="build the file again"):
        load_song_set(saved, replace(LAYOUT, format="tunes/2"))
    with pytest.raises(BadInputError, match="not a file of tunes"):
        load_song_set(saved, replace(LAYOUT, columns={**LAYOUT.columns, "velocity": np.int8}))
    with pytest.raises(BadInputError, match=r"none\.npz"):
        load_song_set(saved.with_name("none.npz"), LAYOUT)
