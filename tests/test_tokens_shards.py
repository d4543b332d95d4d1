"""Tests of shards: round trip, split by song, and the check of the tokenizer."""

from pathlib import Path

import numpy as np
import pytest

from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.tokens.shards import (
    SongSplit,
    compact,
    load_arrays,
    read_index,
    read_shards,
    tokenizer_from_index,
    write_shards,
)
from muse.tools.tokens.tokenizer import tokenizer_for


def songs_for(name: str, example_song, count: int = 7) -> list[tuple[str, np.ndarray]]:
    """Return copies of the example song, each a little shorter."""
    tokenizer = tokenizer_for(name)
    ids = compact(tokenizer.encode(example_song).ids, len(tokenizer.fields))
    return [(f"song {number}", ids[number:]) for number in range(count)]


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("name", ["remi", "octuple", "mumidi"])
def test_shards_round_trip(name: str, suffix: str, example_song, tmp_path: Path) -> None:
    tokenizer, songs = tokenizer_for(name), songs_for(name, example_song)
    split = {song: ("train", "test")[number % 2] for number, (song, _) in enumerate(songs)}
    folder = tmp_path / "shards"
    write_shards(folder, songs, tokenizer, count=3, suffix=suffix, song_split=SongSplit(split))
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


def test_ids_of_another_tokenizer_are_rejected(example_song, tmp_path: Path) -> None:
    songs = songs_for("remi", example_song, 1)
    write_shards(
        tmp_path / "s",
        songs,
        tokenizer_for("remi"),
        count=1,
        song_split=SongSplit({"song 0": "train"}),
    )
    assert tokenizer_from_index(read_index(tmp_path / "s")) == tokenizer_for("remi")
    with pytest.raises(BadInputError, match="another tokenizer"):
        read_shards(tmp_path / "s", tokenizer_for("tsd"))


def test_a_folder_of_other_files_is_not_replaced(example_song, tmp_path: Path) -> None:
    songs = songs_for("remi", example_song, 1)
    (tmp_path / "mine.txt").write_text("mine")
    options = {"count": 1, "song_split": SongSplit({"song 0": "train"})}
    with pytest.raises(MuseError, match="other files"):
        write_shards(tmp_path, songs, tokenizer_for("remi"), **options)
    with pytest.raises(ParameterError, match="npz or safetensors"):
        write_shards(tmp_path / "s", songs, tokenizer_for("remi"), suffix="pkl", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_with_another_index_is_not_replaced(example_song, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"format": "muse.patterns/1"}')
    song_split = SongSplit({"song 0": "train"})
    with pytest.raises(MuseError, match="no shards of tokens"):
        write_shards(
            tmp_path,
            songs_for("remi", example_song, 1),
            tokenizer_for("remi"),
            count=1,
            song_split=song_split,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["index.json"]


def test_writing_again_replaces_all_shards(example_song, tmp_path: Path) -> None:
    songs = songs_for("remi", example_song, 4)
    split = dict.fromkeys((song for song, _ in songs), "train")
    for count in (4, 2):
        write_shards(
            tmp_path / "s", songs, tokenizer_for("remi"), count=count, song_split=SongSplit(split)
        )
    assert len(list((tmp_path / "s").iterdir())) == 3


@pytest.mark.parametrize("name", ["bad.npz", "bad.safetensors", "missing.npz"])
def test_error_names_the_damaged_shard(name: str, tmp_path: Path) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 not a shard")
    with pytest.raises(BadInputError, match=name):
        load_arrays(tmp_path / name)
    with pytest.raises(BadInputError, match="index"):
        read_index(tmp_path)
