"""Vocabularies: ids, their tokens, and the hash that identifies a vocabulary."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from muse.tools.tokens.scheme import Scheme, miditok_config
from muse.tools.tokens.token_types import SPECIALS, SPELLINGS, VALUES

Merge = tuple[int, int]  # ids that a learned id stands for: basic ones, or learned earlier


@dataclass(frozen=True)
class Field:
    """One vocabulary.

    Attributes:
        tokens: spelled `Type_value`; the index is the id.
        kinds: token type of each id.
        values: index of each id's value among those of its type.
        first: first id of each type.
    """

    tokens: tuple[str, ...]
    kinds: tuple[str, ...]
    values: tuple[int, ...]
    first: dict[str, int]


@cache
def make_field(types: tuple[str, ...]) -> Field:
    """Return a vocabulary of token types, special tokens first; each is built once."""
    types = (*SPECIALS, *types)
    pairs = [(kind, place) for kind in types for place in range(len(VALUES[kind]))]
    kinds = tuple(SPELLINGS.get(kind, kind) for kind, _ in pairs)
    tokens = tuple(f"{SPELLINGS.get(kind, kind)}_{VALUES[kind][place]}" for kind, place in pairs)
    first: dict[str, int] = {}
    for number, kind in enumerate(kinds):
        first.setdefault(kind, number)
    return Field(tokens, kinds, tuple(place for _, place in pairs), first)


def fields_of(scheme: Scheme) -> tuple[Field, ...]:
    """Return the vocabularies of a scheme."""
    return tuple(make_field(types) for types in scheme.fields)


def jsonable(value: Any) -> Any:
    """Return a configuration value; a dict whose keys are not strings becomes a list of pairs."""
    if isinstance(value, dict) and any(not isinstance(key, str) for key in value):
        return [[key, jsonable(item)] for key, item in value.items()]
    return value


def json_config(scheme: Scheme) -> dict[str, Any]:
    """Return the scheme's configuration, ready for JSON."""
    return {key: jsonable(value) for key, value in miditok_config(scheme).items()}


def vocabulary_hash(scheme: Scheme, merges: tuple[Merge, ...] = ()) -> str:
    """Return the SHA-256 (64 hex digits) of scheme, configuration, vocabulary and merges."""
    content = {
        "scheme": scheme.name,
        "config": json_config(scheme),
        "vocabulary": [list(field.tokens) for field in fields_of(scheme)],
        "merges": [list(merge) for merge in merges],
    }
    canonical = msgspec.json.encode(content, order="sorted")
    return hashlib.sha256(canonical).hexdigest()
