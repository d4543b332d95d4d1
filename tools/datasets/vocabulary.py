"""Vocabularies: tokens, their ids, and a hash that identifies the vocabulary of a file."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unknown>"
SPECIALS = (PAD, START, END, UNKNOWN)  # ids 0 to 3 in every vocabulary
PAD_ID, START_ID, END_ID, UNKNOWN_ID = range(len(SPECIALS))


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their ids, special tokens first."""

    name: str
    tokens: tuple[str, ...]

    @classmethod
    def of(cls, name: str, tokens: Iterable[str]) -> "Vocabulary":
        """Return a vocabulary of the special tokens followed by `tokens`."""
        return cls(name, (*SPECIALS, *tokens))

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Ids by token."""
        return {token: number for number, token in enumerate(self.tokens)}

    @cached_property
    def hash(self) -> str:
        """SHA-256 of name and tokens as canonical JSON, 64 hex digits."""
        text = json.dumps([self.name, *self.tokens], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Return the ids of tokens; UNKNOWN_ID for tokens that are not in the vocabulary."""
        return [self.ids.get(token, UNKNOWN_ID) for token in tokens]

    def decode(self, ids: Sequence[int]) -> list[str]:
        """Return the tokens of ids; UNKNOWN for ids out of range."""
        count = len(self.tokens)
        return [self.tokens[i] if 0 <= i < count else UNKNOWN for i in ids]

    def as_dict(self) -> dict[str, Any]:
        """Return name, hash and tokens, ready for JSON."""
        return {"name": self.name, "hash": self.hash, "tokens": list(self.tokens)}
