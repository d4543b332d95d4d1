"""Shards: the tokens of many songs in a few files, for training.

A folder of shards holds `index.json` (see `ShardIndex`) and `shard-00000.npz` and so on, or
`.safetensors`. Each shard holds three arrays:
    ids: int32, the songs' ids one after another; (steps, vocabularies) for a compound scheme
    offsets: int64, songs + 1 places in `ids`: song n is ids[offsets[n]:offsets[n + 1]]
    songs: int64, places of the shard's songs in the index's list
Songs are named in the index alone, so that a shard is numbers only and is read without pickle.
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
from muse.tools.tokens.token_files import refuse_other_hash
from muse.tools.tokens.tokenizer import Ids, Tokenizer, TokenizerFile, tokenizer_for

FORMAT: Final = "muse.shards/1"
INDEX = "index.json"
SUFFIXES = ("npz", "safetensors")
ARRAYS = ("ids", "offsets", "songs")
MUMIDI_BLANK = 0  # padding, where a word of the scheme has no id
Arrays = dict[str, np.ndarray]


class SongEntry(msgspec.Struct, frozen=True):
    """A song in the index: its name, the side of the split it is on, and its length."""

    id: str
    split: str
    tokens: int


class ShardIndex(msgspec.Struct, kw_only=True):
    """What a folder of shards holds, enough to read it and to make it again.

    `near_duplicates` are groups of songs that are versions of one another (how that is found out,
    `muse.tools.datasets.duplicates` says); the songs of a group are on one side of the split.
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
    """What tells an index of shards from other JSON."""

    format: Literal["muse.shards/1"]


@dataclass(frozen=True)
class Sides:
    """A split by song: the side of each name, and the groups of songs that were kept together."""

    split: Mapping[str, str]
    near_duplicates: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class ShardSong:
    """A song read from shards: `ids` is int32, (tokens,) or (steps, vocabularies)."""

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
    sides: Sides,
    made_by: MadeBy | None = None,
) -> ShardIndex:
    """Write songs as shards, the whole folder or none of it.

    Args:
        folder: made; it must not be there, or be empty, or hold shards, which are replaced.
        songs: names, each once, and ids as `compact` gives them.
        tokenizer: that made the ids.
        count: of shards; no more than there are songs are written.
        suffix: npz or safetensors.
        sides: of the split, for each name.
        made_by: for the index.

    Raises:
        ParameterError: another suffix, or less than one shard.
        MuseError: the folder holds something else.
    """
    refuse_shards(folder, suffix, count)
    parts = np.array_split(np.arange(len(songs)), max(min(count, len(songs)), 1))
    names = [f"shard-{number:05d}.{suffix}" for number in range(len(parts))]
    entries = [SongEntry(name, sides.split[name], len(ids)) for name, ids in songs]
    index = ShardIndex(
        scheme=tokenizer.scheme.name,
        vocabulary_hash=tokenizer.hash,
        vocabulary_size=tokenizer.sizes,
        tokenizer=tokenizer.document(),
        shards=names,
        songs=entries,
        near_duplicates=sides.near_duplicates,
        made_by=made_by,
    )
    width = len(tokenizer.fields)
    with replacing_folder(folder) as temporary:
        for name, part in zip(names, parts, strict=True):
            packed = pack([songs[place][1] for place in part], part, width)
            write_flushed(temporary / name, packed_bytes(packed, suffix))
        write_flushed(temporary / INDEX, msgspec.json.encode(index) + b"\n")
    return index


def refuse_shards(folder: Path, suffix: str, count: int) -> None:
    """Raise as `write_shards` does, before any work is done."""
    if suffix not in SUFFIXES:
        raise ParameterError(f"shards are {' or '.join(SUFFIXES)}, not '{suffix}'")
    if count < 1:
        raise ParameterError(f"{count} shards; one at least")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise MuseError(f"{folder} is a file; name a folder for the shards")
    names = [path.name for path in folder.iterdir()]
    if any(name != INDEX and not name.startswith("shard-") for name in names):
        raise MuseError(f"{folder} holds other files; name a new folder for the shards")
    if names and not is_index(folder / INDEX):
        raise MuseError(f"{folder} holds no shards of tokens; name a new folder for them")


def is_index(path: Path) -> bool:
    """Whether a file is an index of shards."""
    try:
        return bool(msgspec.json.decode(path.read_bytes(), type=IndexHead).format)
    except (OSError, msgspec.DecodeError):
        return False


def pack(blocks: Sequence[np.ndarray], places: np.ndarray, width: int) -> Arrays:
    """The arrays of a shard."""
    lengths = [len(block) for block in blocks]
    shape = (0,) if width == 1 else (0, width)
    return {
        "ids": np.concatenate([np.zeros(shape, np.int32), *blocks]),
        "offsets": np.cumsum([0, *lengths], dtype=np.int64),
        "songs": places.astype(np.int64),
    }


def compact(ids: Ids, width: int) -> np.ndarray:
    """Ids as int32; words of fewer ids are filled with padding."""
    if width == 1:
        return np.array(ids, np.int32)
    rows: Any = ids
    words = [[*word, *[MUMIDI_BLANK] * (width - len(word))] for word in rows]
    return np.array(words, np.int32).reshape(-1, width)


def shortened(ids: np.ndarray, tokenizer: Tokenizer) -> np.ndarray:
    """Basic ids of a song with what the tokenizer has learned in their place."""
    if tokenizer.learned is None:
        return ids
    return np.array(tokenizer.learned.shorten(ids.tolist()), np.int32)


def packed_bytes(arrays: Arrays, suffix: str) -> bytes:
    """The bytes of a shard's file."""
    if suffix == "safetensors":
        from safetensors.numpy import save

        return bytes(save(arrays))
    buffer = io.BytesIO()
    stored: Any = arrays
    np.savez_compressed(buffer, **stored)
    return buffer.getvalue()


def write_flushed(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    path.write_bytes(data)
    flush_to_disk(path)


def read_index(folder: str | Path) -> ShardIndex:
    """The index of a folder of shards.

    Raises:
        BadInputError: there is none, or it is damaged.
    """
    path = Path(folder) / INDEX
    try:
        return msgspec.json.decode(read_bytes(path), type=ShardIndex)
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: not an index of shards ({error})") from error


def tokenizer_of(index: ShardIndex, name: str = INDEX) -> Tokenizer:
    """The tokenizer that shards were made with.

    Raises:
        BadInputError: the index does not fit the hash it states.
    """
    stored = index.tokenizer
    tokenizer = Tokenizer(tokenizer_for(stored.scheme).scheme, tuple(stored.merges))
    refuse_other_hash(index.vocabulary_hash, tokenizer, name)
    return tokenizer


def read_shards(
    folder: str | Path, tokenizer: Tokenizer, split: str | None = None
) -> Iterator[ShardSong]:
    """The songs of a folder of shards, one shard in memory at a time.

    Args:
        folder: that `write_shards` wrote.
        tokenizer: that the ids are to be read with.
        split: only songs on this side; all without.

    Raises:
        BadInputError: the shards are of another tokenizer, or damaged.
    """
    index = read_index(folder)
    refuse_other_hash(index.vocabulary_hash, tokenizer, str(folder))
    return songs_of(Path(folder), index, split)


def songs_of(folder: Path, index: ShardIndex, split: str | None) -> Iterator[ShardSong]:
    """The songs of an index, shard after shard."""
    for name in index.shards:
        arrays = load_arrays(folder / name)
        offsets = arrays["offsets"]
        for number, place in enumerate(arrays["songs"].tolist()):
            entry = index.songs[place]
            if split in (None, entry.split):
                ids = arrays["ids"][offsets[number] : offsets[number + 1]]
                yield ShardSong(entry.id, entry.split, ids)


def load_arrays(path: Path) -> Arrays:
    """The arrays of a shard.

    Raises:
        BadInputError: the file is missing or damaged.
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
