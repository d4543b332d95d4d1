"""Hashes that tell whether data and vocabulary are what they were."""

import hashlib
import json
from typing import Any

import numpy as np

from muse.tools.training.recipe import SIDES, Examples, Prepared


def hash_of(value: Any) -> str:
    """SHA-256, 64 hex digits, of dicts, lists, text and numbers; the order of keys is free."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def data_hash(prepared: Prepared) -> str:
    """SHA-256, 64 hex digits, of everything a net sees: each side's songs, names and arrays."""
    return hash_of([[name, side_hash(prepared.side(name))] for name in SIDES])


def side_hash(side: Examples) -> str:
    """SHA-256 of one side; arrays count with name, type, shape and content."""
    digest = hashlib.sha256(hash_of([list(side.songs), len(side)]).encode())
    for name, array in sorted(side.arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
