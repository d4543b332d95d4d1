"""Writers of training data: JSON lines, or a folder of npz shards; complete or not at all.

JSON lines begin with the header, the only line with "format"; every other line is a row. A folder
holds index.json (the header, the shards and their numbers of rows), vocabulary.json, and
shard-00000.npz and so on. A column with sequences of equal length is a 2-D array (rows, length);
one with sequences of different lengths is `name`, all rows concatenated, and `name_offsets`, the
start of each row and the end of the last. `song`, `split` and other strings are stored as indices
into the lists of the same name in index.json.
"""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.forms.result import FormResult, Row
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.files import blaming, read_bytes, replacing, write_bytes
from muse.tools.temporary import temporary_folder

INDEX, VOCABULARY = "index.json", "vocabulary.json"
SHARD_NAME = re.compile(r"shard-\d+\.npz")
ROWS_PER_SHARD = 50_000
Arrays = dict[str, NDArray[Any]]

_encode = msgspec.json.Encoder().encode


def json_lines(result: FormResult) -> Iterator[bytes]:
    """Yield the header and the rows as JSON, each with a line break."""
    yield _encode(result.header) + b"\n"
    for row in result.rows():
        yield _encode(row) + b"\n"


def write_json_lines(result: FormResult, path: Path) -> None:
    """Write header and rows to a file, and the vocabulary and side files beside it.

    The vocabulary of `a.jsonl` is `a.vocabulary.json`.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.writelines(json_lines(result))
    if result.vocabulary:
        content = indented_json(result.vocabulary.as_dict())
        write_bytes(path.with_suffix(f".{VOCABULARY}"), content)
    for name, content in result.side_files.items():
        write_bytes(path.parent / name, indented_json(content))


def indented_json(content: Any) -> bytes:
    """Return indented JSON."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def write_shards(result: FormResult, folder: Path, rows_per_shard: int = ROWS_PER_SHARD) -> None:
    """Write a folder of shards, replacing an existing folder of the same form.

    Raises:
        ParameterError: `rows_per_shard` is below 1.
        MuseError: the folder holds other files.
    """
    if rows_per_shard < 1:
        raise ParameterError("a shard must hold 1 row or more")
    if folder.exists() and not is_replaceable(folder, result):
        raise MuseError(f"{folder} holds files other than this training data; choose a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with blaming(folder):
            beside = stack.enter_context(temporary_folder(folder))
        write_folder(result, beside, rows_per_shard)
        beside.chmod(0o777 & ~inherited_mode_mask(folder.parent))
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)


def inherited_mode_mask(parent: Path) -> int:
    """Return the permission bits that the parent folder lacks; new folders lack them too."""
    return 0o777 & ~parent.stat().st_mode


def is_replaceable(folder: Path, result: FormResult) -> bool:
    """Return whether a folder is empty or holds only shards of the same form."""
    if not folder.is_dir():
        return False
    ours = {INDEX, VOCABULARY, *result.side_files}
    names = {path.name for path in folder.iterdir()}
    if any(name not in ours and not SHARD_NAME.fullmatch(name) for name in names):
        return False
    return not names or read_format(folder / INDEX) == result.header["format"]


def read_format(index: Path) -> str | None:
    """Return the format in an index file; None if it is not an index."""
    try:
        found = json.loads(index.read_bytes())
    except (OSError, ValueError):
        return None
    return found.get("format") if isinstance(found, dict) else None


def write_folder(result: FormResult, folder: Path, rows_per_shard: int) -> None:
    """Write shards, index and vocabulary into a folder."""
    table = StringTable()
    shards: list[dict[str, Any]] = []
    rows = result.rows()
    while chunk := list(islice(rows, rows_per_shard)):
        name = f"shard-{len(shards):05d}.npz"
        with (folder / name).open("wb") as file:
            write_npz(file, columns_to_arrays(chunk, table))
        shards.append({"file": name, "rows": len(chunk)})
    index = {**result.header, "shards": shards, "words": table.lists}
    (folder / INDEX).write_bytes(indented_json(index))
    if result.vocabulary:
        (folder / VOCABULARY).write_bytes(indented_json(result.vocabulary.as_dict()))
    for name, content in result.side_files.items():
        (folder / name).write_bytes(indented_json(content))


def write_npz(file: BinaryIO, arrays: Arrays) -> None:
    """Write arrays as a compressed npz; equal arrays give equal bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # its date is 1980, not today
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as inside:
                np.lib.format.write_array(inside, values, allow_pickle=False)


class StringTable:
    """Indices for strings, separate for each column."""

    def __init__(self) -> None:
        """Start with no strings."""
        self.lists: dict[str, list[Any]] = {}
        self.places: dict[str, dict[Any, int]] = {}

    def number(self, column: str, word: Any) -> int:
        """Return the index of a string; a new string gets the next index."""
        places = self.places.setdefault(column, {})
        if word not in places:
            places[word] = len(places)
            self.lists.setdefault(column, []).append(word)
        return places[word]


def columns_to_arrays(rows: list[Row], table: StringTable) -> Arrays:
    """Return the columns of rows as arrays."""
    flat = [flatten_row(row) for row in rows]
    arrays: Arrays = {}
    for name, first in flat[0].items():
        column = [row[name] for row in flat]
        if isinstance(first, list):
            arrays |= sequence_arrays(name, column)
        elif any(isinstance(value, str) or value is None for value in column):
            arrays[name] = np.array([table.number(name, value) for value in column], np.int32)
        else:
            arrays[name] = compact(np.array(column))
    return arrays


def flatten_row(row: Row) -> Row:
    """Return the row with entries of nested objects (metadata) as columns of their own."""
    flat: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= value
        else:
            flat[name] = value
    return flat


def sequence_arrays(name: str, column: list[list[Any]]) -> Arrays:
    """Return a column of sequences as one array, plus offsets if the lengths differ."""
    lengths = {len(values) for values in column}
    if len(lengths) == 1:
        return {name: compact(np.array(column))}
    offsets = np.cumsum([0, *(len(values) for values in column)])
    joined = np.array([value for values in column for value in values])
    return {name: compact(joined), f"{name}_offsets": offsets.astype(np.int64)}


def compact(values: NDArray[Any]) -> NDArray[Any]:
    """Return integers as int32, other numbers as float32, booleans unchanged."""
    if values.dtype == np.bool_:
        return values
    return values.astype(np.int32 if np.issubdtype(values.dtype, np.integer) else np.float32)


def read_index(folder: Path, vocabulary_hash: str | None = None) -> dict[str, Any]:
    """Read the index of a folder of shards.

    Args:
        folder: written by `write_shards`.
        vocabulary_hash: of the expected vocabulary; None accepts any.

    Raises:
        BadInputError: not such a folder, or written with another vocabulary.
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
    """Yield the arrays of each shard; arguments and errors as `read_index`."""
    for shard in read_index(folder, vocabulary_hash)["shards"]:
        with np.load(folder / shard["file"]) as arrays:
            yield dict(arrays)
