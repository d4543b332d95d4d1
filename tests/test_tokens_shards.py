"""Shards: what is read is what was written, split by song, and never with another tokenizer."""

from pathlib import Path

import numpy as np
import pytest

from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.tokens.shards import (
    Sides,
    compact,
    load_arrays,
    read_index,
    read_shards,
    tokenizer_of,
    write_shards,
)
from muse.tools.tokens.tokenizer import tokenizer_for


def songs_for(name: str, example_song, count: int = 7) -> list[tuple[str, np.ndarray]]:
    """The example song, a little shorter each time."""
    tokenizer = tokenizer_for(name)
    ids = compact(tokenizer.encode(example_song).ids, len(tokenizer.fields))
    return [(f"song {number}", ids[number:]) for number in range(count)]


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("name", ["remi", "octuple", "mumidi"])
def test_songs_come_back(name: str, suffix: str, example_song, tmp_path: Path) -> None:
    tokenizer, songs = tokenizer_for(name), songs_for(name, example_song)
    split = {song: ("train", "test")[number % 2] for number, (song, _) in enumerate(songs)}
    folder = tmp_path / "shards"
    write_shards(folder, songs, tokenizer, count=3, suffix=suffix, sides=Sides(split))
    assert len(list(folder.glob(f"*.{suffix}"))) == 3
    found = list(read_shards(folder, tokenizer))
    assert [song.id for song in found] == [song for song, _ in songs]
    assert {song.id: song.split for song in found} == split
    for song, (_, ids) in zip(found, songs, strict=True):
        assert song.ids.dtype == np.int32
        np.testing.assert_array_equal(song.ids, ids)
    decoded = tokenizer.decode(found[0].ids.tolist())
    assert decoded.song.tracks
    one_side = [song.id for song in read_shards(folder, tokenizer, "train")]
    assert one_side == [song for song, side in split.items() if side == "train"]


def test_another_tokenizer_is_refused(example_song, tmp_path: Path) -> None:
    songs = songs_for("remi", example_song, 1)
    write_shards(
        tmp_path / "s", songs, tokenizer_for("remi"), count=1, sides=Sides({"song 0": "train"})
    )
    assert tokenizer_of(read_index(tmp_path / "s")) == tokenizer_for("remi")
    with pytest.raises(BadInputError, match="another tokenizer"):
        read_shards(tmp_path / "s", tokenizer_for("tsd"))


def test_other_files_are_left_alone(example_song, tmp_path: Path) -> None:
    songs = songs_for("remi", example_song, 1)
    (tmp_path / "mine.txt").write_text("mine")
    options = {"count": 1, "sides": Sides({"song 0": "train"})}
    with pytest.raises(MuseError, match="other files"):
        write_shards(tmp_path, songs, tokenizer_for("remi"), **options)
    with pytest.raises(ParameterError, match="npz or safetensors"):
        write_shards(tmp_path / "s", songs, tokenizer_for("remi"), suffix="pkl", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_index_of_something_else_is_left_alone(example_song, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"format": "muse.patterns/1"}')
    sides = Sides({"song 0": "train"})
    with pytest.raises(MuseError, match="no shards of tokens"):
        write_shards(
            tmp_path,
            songs_for("remi", example_song, 1),
            tokenizer_for("remi"),
            count=1,
            sides=sides,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["index.json"]


def test_writing_again_replaces_all(example_song, tmp_path: Path) -> None:
    songs = songs_for("remi", example_song, 4)
    split = dict.fromkeys((song for song, _ in songs), "train")
    for count in (4, 2):
        write_shards(tmp_path / "s", songs, tokenizer_for("remi"), count=count, sides=Sides(split))
    assert len(list((tmp_path / "s").iterdir())) == 3


@pytest.mark.parametrize("name", ["bad.npz", "bad.safetensors", "missing.npz"])
def test_a_damaged_shard_is_named(name: str, tmp_path: Path) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 not a shard")
    with pytest.raises(BadInputError, match=name):
        load_arrays(tmp_path / name)
    with pytest.raises(BadInputError, match="index"):
        read_index(tmp_path)
