"""Sets of songs in one file: what is kept comes back, what is broken is told in one line."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from muse.tools.datasets.song_sets import Layout, SongSet, load_song_set, save_song_set
from muse.tools.errors import BadInputError


@dataclass(frozen=True)
class Context:
    """What is known of a song."""

    tonic_pc: int


@dataclass(frozen=True)
class Tune:
    """A song of two arrays."""

    id: str
    context: Context
    pitch: NDArray[np.int16]
    start: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pitch)


LAYOUT = Layout("tunes/1", "tunes", {"pitch": np.int16, "start": np.float64}, Context, Tune)


def tune(name: str, length: int) -> Tune:
    """A tune of its length."""
    return Tune(
        name, Context(length % 12), np.arange(length, dtype=np.int16), np.arange(length) / 3
    )


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A file of two tunes."""
    path = tmp_path / "tunes.npz"
    data = SongSet((tune("a/one", 5), tune("b/two", 300)), (("a/one", "b/two"),))
    save_song_set(path, data, LAYOUT)
    return path


def test_what_is_kept_comes_back(kept: Path) -> None:
    songs, groups = load_song_set(kept, LAYOUT)
    assert groups == (("a/one", "b/two"),)
    for found, length in zip(songs, (5, 300), strict=True):
        expected = tune(found.id, length)
        assert found.context == expected.context
        for name, kind in LAYOUT.columns.items():
            assert np.array_equal(getattr(found, name), getattr(expected, name))
            assert getattr(found, name).dtype == kind


def test_groups_stay_on_one_side() -> None:
    names = [f"x/{number}" for number in range(40)]
    groups = tuple(zip(names[::2], names[1::2], strict=True))
    sides = SongSet(tuple(tune(name, 3) for name in names), groups).sides(seed=3)
    assert sum(map(len, sides.values())) == 40
    own = [{song.id for song in songs} for songs in sides.values()]
    assert all(any(set(group) <= side for side in own) for group in groups)


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
def test_a_broken_file_is_told(kept: Path, damage: Callable[[bytes], bytes]) -> None:
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.raises(BadInputError, match=r"tunes\.npz: not a file of tunes"):
        load_song_set(kept, LAYOUT)


def test_arrays_that_do_not_fit_are_told(kept: Path) -> None:
    with np.load(kept) as stored:
        arrays = dict(stored)
    arrays["start"] = arrays["start"][:-1]
    np.savez_compressed(kept, **arrays)
    with pytest.raises(BadInputError, match="not as long"):
        load_song_set(kept, LAYOUT)


def test_a_file_of_another_kind_is_told(kept: Path) -> None:
    with pytest.raises(BadInputError, match="read the songs anew"):
        load_song_set(kept, replace(LAYOUT, format="tunes/2"))
    with pytest.raises(BadInputError, match="not a file of tunes"):
        load_song_set(kept, replace(LAYOUT, columns={**LAYOUT.columns, "velocity": np.int8}))
    with pytest.raises(BadInputError, match=r"none\.npz"):
        load_song_set(kept.with_name("none.npz"), LAYOUT)
