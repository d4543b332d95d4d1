"""Hashes of data and vocabularies, which show whether they have changed."""

import hashlib
import json
from typing import Any

import numpy as np

from muse.tools.training.recipe import SIDES, Examples, Prepared


def hash_of(value: Any) -> str:
    """Return the SHA-256 (64 hex digits) of plain values; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def data_hash(prepared: Prepared) -> str:
    """Return the SHA-256 (64 hex digits) of the songs and arrays of all sides."""
    return hash_of([[name, side_hash(prepared.side(name))] for name in SIDES])


def side_hash(side: Examples) -> str:
    """Return the SHA-256 of one side: its songs, and name, type, shape and content of arrays."""
    digest = hashlib.sha256(hash_of([list(side.songs), len(side)]).encode())
    for name, array in sorted(side.arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
