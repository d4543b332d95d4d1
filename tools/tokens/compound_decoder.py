"""Decoder of sequences of words, several ids at once; `stream_decoder` lists the repairs."""

from collections.abc import Callable, Sequence
from typing import Any

from muse.tools.tokens.decoder_state import DecoderState
from muse.tools.tokens.scheme import Scheme
from muse.tools.tokens.stream_decoder import Token, is_id
from muse.tools.tokens.token_types import SPECIALS
from muse.tools.tokens.vocabulary import Field, fields_of

Word = list[Token]


def decode_words(
    read: Callable[[list[Word], DecoderState], None], ids: Sequence[Any], scheme: Scheme
) -> DecoderState:
    """Decode words of ids; `read` adds the valid words of a scheme to the state."""
    state = DecoderState(scheme)
    fields = fields_of(scheme)
    read([word for item in ids if (word := known_word(item, fields, state))], state)
    return state


def known_word(item: Any, fields: tuple[Field, ...], state: DecoderState) -> Word | None:
    """Return the tokens of a word; None if it is invalid or has special tokens only."""
    if not isinstance(item, list | tuple):
        state.count_repair("wrong nesting" if is_id(item) else "not an id")
        return None
    if not all(is_id(number) for number in item):
        nested = any(isinstance(number, list) for number in item)
        state.count_repair("wrong nesting" if nested else "not an id")
        return None
    if len(item) not in {len(fields), state.scheme.short_word or len(fields)}:
        state.count_repair("wrong nesting")
        return None
    if any(not 0 <= n < len(field.kinds) for n, field in zip(item, fields, strict=False)):
        state.count_repair("unknown id")
        return None
    if all(number < len(SPECIALS) for number in item):
        return None
    return [(f.kinds[n], f.values[n]) for n, f in zip(item, fields, strict=False)]
