"""Training data to files: JSON lines, or a folder of npz shards; whole or not at all.

JSON lines begin with the header, the only line that has "format"; every other line is a row. A
folder holds index.json (the header, the shards and their rows), vocabulary.json, and
shard-00000.npz and so on: a column that is equally long in all rows is an array of rows by length;
one that is not is two, `name` one row after another and `name_offsets` where each begins and the
last ends. `song`, `split` and other words are numbers into the lists of the same name in
index.json.
"""

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.forms.result import FormResult, Row
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.files import blaming, read_bytes, replacing, write_bytes

INDEX, VOCABULARY = "index.json", "vocabulary.json"
SHARD_NAME = re.compile(r"shard-\d+\.npz")
ROWS_PER_SHARD = 50_000
Arrays = dict[str, NDArray[Any]]

_encode = msgspec.json.Encoder().encode


def json_lines(result: FormResult) -> Iterator[bytes]:
    """The header and the rows, each as a line with its line break."""
    yield _encode(result.header) + b"\n"
    for row in result.rows():
        yield _encode(row) + b"\n"


def write_json_lines(result: FormResult, path: Path) -> None:
    """Write header and rows to a file, and beside it the vocabulary and the side files.

    The vocabulary of `a.jsonl` is `a.vocabulary.json`.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.writelines(json_lines(result))
    if result.vocabulary:
        content = pretty(result.vocabulary.as_dict())
        write_bytes(path.with_suffix(f".{VOCABULARY}"), content)
    for name, content in result.side_files.items():
        write_bytes(path.parent / name, pretty(content))


def pretty(content: Any) -> bytes:
    """JSON for people to look at."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def write_shards(result: FormResult, folder: Path, rows_per_shard: int = ROWS_PER_SHARD) -> None:
    """Write a folder of shards; it replaces one of the same form, and nothing else.

    Raises:
        ParameterError: a shard of no rows.
        MuseError: something else is there.
    """
    if rows_per_shard < 1:
        raise ParameterError("a shard holds 1 row or more")
    if folder.exists() and not is_replaceable(folder, result):
        raise MuseError(f"{folder} holds other files than this training data; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with blaming(folder):
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        fill(result, beside, rows_per_shard)
        beside.chmod(0o777 & ~current_mode_mask(folder.parent))
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def current_mode_mask(parent: Path) -> int:
    """What a new folder's mode leaves out: what its parent's leaves out."""
    return 0o777 & ~parent.stat().st_mode


def is_replaceable(folder: Path, result: FormResult) -> bool:
    """Whether a folder is empty, or holds shards of the same form and not one file more."""
    if not folder.is_dir():
        return False
    ours = {INDEX, VOCABULARY, *result.side_files}
    names = {path.name for path in folder.iterdir()}
    if any(name not in ours and not SHARD_NAME.fullmatch(name) for name in names):
        return False
    return not names or form_of(folder / INDEX) == result.header["format"]


def form_of(index: Path) -> str | None:
    """The format that an index states; None where it is no index."""
    try:
        found = json.loads(index.read_bytes())
    except (OSError, ValueError):
        return None
    return found.get("format") if isinstance(found, dict) else None


def fill(result: FormResult, folder: Path, rows_per_shard: int) -> None:
    """Write shards, index and vocabulary into a folder."""
    words = Words()
    shards: list[dict[str, Any]] = []
    rows = result.rows()
    while chunk := list(islice(rows, rows_per_shard)):
        name = f"shard-{len(shards):05d}.npz"
        with (folder / name).open("wb") as file:
            save(file, arrays_of(chunk, words))
        shards.append({"file": name, "rows": len(chunk)})
    index = {**result.header, "shards": shards, "words": words.lists}
    (folder / INDEX).write_bytes(pretty(index))
    if result.vocabulary:
        (folder / VOCABULARY).write_bytes(pretty(result.vocabulary.as_dict()))
    for name, content in result.side_files.items():
        (folder / name).write_bytes(pretty(content))


def save(file: BinaryIO, arrays: Arrays) -> None:
    """Write arrays as a packed npz; the same arrays give the same bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # its date is 1980: no clock in the file
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as inside:
                np.lib.format.write_array(inside, values, allow_pickle=False)


class Words:
    """Numbers for words, column by column."""

    def __init__(self) -> None:
        """Start without any."""
        self.lists: dict[str, list[Any]] = {}
        self.places: dict[str, dict[Any, int]] = {}

    def number(self, column: str, word: Any) -> int:
        """The number of a word; a new one gets the next."""
        places = self.places.setdefault(column, {})
        if word not in places:
            places[word] = len(places)
            self.lists.setdefault(column, []).append(word)
        return places[word]


def arrays_of(rows: list[Row], words: Words) -> Arrays:
    """The columns of rows as arrays."""
    flat = [flattened(row) for row in rows]
    arrays: Arrays = {}
    for name, first in flat[0].items():
        column = [row[name] for row in flat]
        if isinstance(first, list):
            arrays |= sequence_arrays(name, column)
        elif any(isinstance(value, str) or value is None for value in column):
            arrays[name] = np.array([words.number(name, value) for value in column], np.int32)
        else:
            arrays[name] = compact(np.array(column))
    return arrays


def flattened(row: Row) -> Row:
    """The row with the entries of objects in it (metadata) as columns of their own."""
    flat: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= value
        else:
            flat[name] = value
    return flat


def sequence_arrays(name: str, column: list[list[Any]]) -> Arrays:
    """A column of sequences: one array, with offsets where they are not equally long."""
    lengths = {len(values) for values in column}
    if len(lengths) == 1:
        return {name: compact(np.array(column))}
    offsets = np.cumsum([0, *(len(values) for values in column)])
    joined = np.array([value for values in column for value in values])
    return {name: compact(joined), f"{name}_offsets": offsets.astype(np.int64)}


def compact(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as int32, others as float32, flags as they are."""
    if values.dtype == np.bool_:
        return values
    return values.astype(np.int32 if np.issubdtype(values.dtype, np.integer) else np.float32)


def read_index(folder: Path, vocabulary_hash: str | None = None) -> dict[str, Any]:
    """The index of a folder of shards.

    Args:
        folder: what `write_shards` wrote.
        vocabulary_hash: of the vocabulary to be read with; None takes any.

    Raises:
        BadInputError: no such folder, or it was written with another vocabulary.
    """
    path = folder / INDEX
    try:
        index: dict[str, Any] = json.loads(read_bytes(path))
    except json.JSONDecodeError as error:
        raise BadInputError(f"{path}: not JSON ({error})") from error
    if vocabulary_hash is not None and index.get("vocabulary_hash") != vocabulary_hash:
        raise BadInputError(f"{path}: written with another vocabulary; build the data again")
    return index


def read_shards(folder: Path, vocabulary_hash: str | None = None) -> Iterator[Arrays]:
    """The arrays of each shard; arguments and errors as `read_index`."""
    for shard in read_index(folder, vocabulary_hash)["shards"]:
        with np.load(folder / shard["file"]) as arrays:
            yield dict(arrays)
