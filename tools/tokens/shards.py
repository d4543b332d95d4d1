"""Shards: the tokens of many songs in a few files, for training.

A folder of shards holds `index.json` (see `ShardIndex`) and `shard-00000.npz` and so on, or
`.safetensors`. Each shard holds three arrays:
    ids: int32, ids of all songs concatenated; (steps, vocabularies) for a compound scheme
    offsets: int64, songs + 1 positions in `ids`: song n is ids[offsets[n]:offsets[n + 1]]
    songs: int64, positions of the shard's songs in the index's list
Only the index has the names of the songs: a shard is numbers only and needs no pickle.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np

from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.files import flush_to_disk, read_bytes, replacing_folder
from muse.tools.song.document import MadeBy
from muse.tools.tokens.scheme import Ids
from muse.tools.tokens.schemes import load_scheme
from muse.tools.tokens.token_files import check_hash
from muse.tools.tokens.tokenizer import Tokenizer, TokenizerFile

FORMAT: Final = "muse.shards/1"
INDEX = "index.json"
SUFFIXES = ("npz", "safetensors")
ARRAYS = ("ids", "offsets", "songs")
PADDING_ID = 0  # fills words that are shorter than the others
Arrays = dict[str, np.ndarray]


class SongEntry(msgspec.Struct, frozen=True):
    """A song in the index: name, split, and number of tokens."""

    id: str
    split: str
    tokens: int


class ShardIndex(msgspec.Struct, kw_only=True):
    """Index of a folder of shards: enough to read it and to build it again.

    `near_duplicates` are groups of songs that are versions of one another (see
    `muse.tools.datasets.duplicates`); each group is in one split.
    """

    format: Literal["muse.shards/1"] = FORMAT
    scheme: str
    vocabulary_hash: str
    vocabulary_size: list[int]
    tokenizer: TokenizerFile
    shards: list[str]
    songs: list[SongEntry]
    near_duplicates: list[list[str]] = []
    made_by: MadeBy | None = None


class IndexHead(msgspec.Struct):
    """Start of an index, which identifies it."""

    format: Literal["muse.shards/1"]


@dataclass(frozen=True)
class SongSplit:
    """Split of each song by name, and the groups of near-duplicates, each in one split."""

    split: Mapping[str, str]
    near_duplicates: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class ShardSong:
    """A song read from shards; `ids` is int32, (tokens,) or (steps, vocabularies)."""

    id: str
    split: str
    ids: np.ndarray


def write_shards(
    folder: Path,
    songs: Sequence[tuple[str, np.ndarray]],
    tokenizer: Tokenizer,
    *,
    count: int,
    suffix: str = "npz",
    song_split: SongSplit,
    made_by: MadeBy | None = None,
) -> ShardIndex:
    """Write songs as shards, the whole folder or nothing.

    Args:
        folder: to create; an empty folder or one of shards is replaced.
        songs: unique names, and ids as `compact` returns them.
        tokenizer: of the ids.
        count: number of shards; at most one per song is written.
        suffix: npz or safetensors.
        song_split: of each name.
        made_by: provenance for the index.

    Raises:
        ParameterError: unknown suffix, or a count below 1.
        MuseError: the folder holds other files.
    """
    check_shards(folder, suffix, count)
    parts = np.array_split(np.arange(len(songs)), max(min(count, len(songs)), 1))
    names = [f"shard-{number:05d}.{suffix}" for number in range(len(parts))]
    entries = [SongEntry(name, song_split.split[name], len(ids)) for name, ids in songs]
    index = ShardIndex(
        scheme=tokenizer.scheme.name,
        vocabulary_hash=tokenizer.hash,
        vocabulary_size=tokenizer.sizes,
        tokenizer=tokenizer.document(),
        shards=names,
        songs=entries,
        near_duplicates=song_split.near_duplicates,
        made_by=made_by,
    )
    width = len(tokenizer.fields)
    with replacing_folder(folder) as temporary:
        for name, part in zip(names, parts, strict=True):
            packed = pack([songs[place][1] for place in part], part, width)
            write_flushed(temporary / name, packed_bytes(packed, suffix))
        write_flushed(temporary / INDEX, msgspec.json.encode(index) + b"\n")
    return index


def check_shards(folder: Path, suffix: str, count: int) -> None:
    """Raise the errors of `write_shards` before any work is done."""
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"'{suffix}' is not a format of shards; choose {' or '.join(SUFFIXES)}"
        )
    if count < 1:
        raise ParameterError(f"{count} shards: at least 1 is needed")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise MuseError(f"{folder} is a file; choose a folder for the shards")
    names = [path.name for path in folder.iterdir()]
    if any(name != INDEX and not name.startswith("shard-") for name in names):
        raise MuseError(f"{folder} holds other files; choose a new folder for the shards")
    if names and not is_index(folder / INDEX):
        raise MuseError(f"{folder} holds no shards of tokens; choose a new folder for the shards")


def is_index(path: Path) -> bool:
    """Return whether a file is an index of shards."""
    try:
        return bool(msgspec.json.decode(path.read_bytes(), type=IndexHead).format)
    except (OSError, msgspec.DecodeError):
        return False


def pack(blocks: Sequence[np.ndarray], places: np.ndarray, width: int) -> Arrays:
    """Return the arrays of a shard."""
    lengths = [len(block) for block in blocks]
    shape = (0,) if width == 1 else (0, width)
    return {
        "ids": np.concatenate([np.zeros(shape, np.int32), *blocks]),
        "offsets": np.cumsum([0, *lengths], dtype=np.int64),
        "songs": places.astype(np.int64),
    }


def compact(ids: Ids, width: int) -> np.ndarray:
    """Return ids as int32; shorter words are padded."""
    if width == 1:
        return np.array(ids, np.int32)
    rows: Any = ids
    words = [[*word, *[PADDING_ID] * (width - len(word))] for word in rows]
    return np.array(words, np.int32).reshape(-1, width)


def shortened(ids: np.ndarray, tokenizer: Tokenizer) -> np.ndarray:
    """Return the ids of a song after applying the tokenizer's learned merges."""
    if tokenizer.learned is None:
        return ids
    return np.array(tokenizer.learned.shorten(ids.tolist()), np.int32)


def packed_bytes(arrays: Arrays, suffix: str) -> bytes:
    """Return the content of a shard's file."""
    if suffix == "safetensors":
        from safetensors.numpy import save

        return bytes(save(arrays))
    buffer = io.BytesIO()
    stored: Any = arrays
    np.savez_compressed(buffer, **stored)
    return buffer.getvalue()


def write_flushed(path: Path, data: bytes) -> None:
    """Write a file and flush it to the disk."""
    path.write_bytes(data)
    flush_to_disk(path)


def read_index(folder: str | Path) -> ShardIndex:
    """Read the index of a folder of shards.

    Raises:
        BadInputError: missing or damaged.
    """
    path = Path(folder) / INDEX
    try:
        return msgspec.json.decode(read_bytes(path), type=ShardIndex)
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: not an index of shards ({error})") from error


def tokenizer_from_index(index: ShardIndex, name: str = INDEX) -> Tokenizer:
    """Return the tokenizer that shards were made with.

    Raises:
        BadInputError: the index does not match the hash in it.
    """
    stored = index.tokenizer
    tokenizer = Tokenizer(load_scheme(stored.scheme), tuple(stored.merges))
    check_hash(index.vocabulary_hash, tokenizer, name)
    return tokenizer


def read_shards(
    folder: str | Path, tokenizer: Tokenizer, split: str | None = None
) -> Iterator[ShardSong]:
    """Yield the songs of a folder of shards, one shard in memory at a time.

    Args:
        folder: written by `write_shards`.
        tokenizer: expected tokenizer of the ids.
        split: only songs of this split; None for all.

    Raises:
        BadInputError: the shards were made with another tokenizer, or are damaged.
    """
    index = read_index(folder)
    check_hash(index.vocabulary_hash, tokenizer, str(folder))
    return iterate_songs(Path(folder), index, split)


def iterate_songs(folder: Path, index: ShardIndex, split: str | None) -> Iterator[ShardSong]:
    """Yield the songs of an index, shard by shard."""
    for name in index.shards:
        arrays = load_arrays(folder / name)
        offsets = arrays["offsets"]
        for number, place in enumerate(arrays["songs"].tolist()):
            entry = index.songs[place]
            if split in (None, entry.split):
                ids = arrays["ids"][offsets[number] : offsets[number + 1]]
                yield ShardSong(entry.id, entry.split, ids)


def load_arrays(path: Path) -> Arrays:
    """Read the arrays of a shard.

    Raises:
        BadInputError: missing or damaged.
    """
    from zipfile import BadZipFile

    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = read_bytes(path)
    try:
        if path.suffix == ".safetensors":
            arrays: dict[str, Any] = load(data)
        else:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {key: file[key] for key in ARRAYS}
        return {key: arrays[key] for key in ARRAYS}
    except (ValueError, KeyError, EOFError, OSError, BadZipFile, SafetensorError) as error:
        raise BadInputError(f"{path}: not a shard ({error})") from error
