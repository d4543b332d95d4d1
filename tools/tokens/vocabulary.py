"""Vocabularies: from ids to tokens, from tokens to ids, and the hash that names one."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from muse.tools.tokens.schemes import SCHEMES, Scheme, miditok_config
from muse.tools.tokens.token_types import SPECIALS, SPELLED, VALUES

Merge = tuple[int, int]  # ids that a learned token stands for, each of them learned before or basic


@dataclass(frozen=True)
class Field:
    """One vocabulary: its tokens, and where each type's ids begin.

    Attributes:
        tokens: spelled `Type_value`; the place is the id.
        kinds: type of each id.
        values: place of each id among the values of its type.
        first: type -> its first id.
    """

    tokens: tuple[str, ...]
    kinds: tuple[str, ...]
    values: tuple[int, ...]
    first: dict[str, int]


def make_field(types: tuple[str, ...]) -> Field:
    """A vocabulary of these types, special tokens before all."""
    types = (*SPECIALS, *types)
    pairs = [(kind, place) for kind in types for place in range(len(VALUES[kind]))]
    kinds = tuple(SPELLED.get(kind, kind) for kind, _ in pairs)
    tokens = tuple(f"{SPELLED.get(kind, kind)}_{VALUES[kind][place]}" for kind, place in pairs)
    first: dict[str, int] = {}
    for number, kind in enumerate(kinds):
        first.setdefault(kind, number)
    return Field(tokens, kinds, tuple(place for _, place in pairs), first)


@cache
def fields_of(name: str) -> tuple[Field, ...]:
    """The vocabularies of the scheme of this name."""
    return tuple(make_field(types) for types in SCHEMES[name].fields)


def jsonable(value: Any) -> Any:
    """A configuration with the keys that are not text as lists of pairs."""
    if isinstance(value, dict) and any(not isinstance(key, str) for key in value):
        return [[key, jsonable(item)] for key, item in value.items()]
    return value


def config_of(scheme: Scheme) -> dict[str, Any]:
    """The scheme's configuration as JSON can hold it."""
    return {key: jsonable(value) for key, value in miditok_config(scheme).items()}


def vocabulary_hash(scheme: Scheme, merges: tuple[Merge, ...] = ()) -> str:
    """SHA-256, 64 hex digits, over the scheme, its configuration, vocabulary and merges."""
    content = {
        "scheme": scheme.name,
        "config": config_of(scheme),
        "vocabulary": [list(field.tokens) for field in fields_of(scheme.name)],
        "merges": [list(merge) for merge in merges],
    }
    canonical = msgspec.json.encode(content, order="sorted")
    return hashlib.sha256(canonical).hexdigest()
