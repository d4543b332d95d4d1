"""Token files: the ids of a song and what is needed to decode them, as JSON or JSON lines."""

from typing import Any, Final, Literal

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.files import json_bytes
from muse.tools.song.document import MadeBy
from muse.tools.tokens.tokenizer import Decoded, Tokenizer

FORMAT: Final = "muse.tokens/1"
HASH_SHOWN = 12  # hex digits of a hash in a message


class TokenFile(msgspec.Struct, kw_only=True):
    """A song as tokens.

    Attributes:
        scheme: name of the scheme.
        vocabulary_hash: of the tokenizer that made the ids, SHA-256 in hex.
        file: path of the song.
        ids: a list, or for a compound scheme a list of words.
        ticks_per_beat: resolution of the decoded music, per quarter note.
        losses: counts of what the scheme could not represent, by kind.
        made_by: provenance.
    """

    format: Literal["muse.tokens/1"] = FORMAT
    scheme: str
    vocabulary_hash: str
    file: str = ""
    ids: list[Any]
    ticks_per_beat: int = 0
    losses: dict[str, int] = {}
    made_by: MadeBy | None = None


_decoder = msgspec.json.Decoder(TokenFile)


def token_files(data: bytes, name: str = "input") -> list[TokenFile]:
    """Read token files: one JSON object, or one per line.

    Raises:
        BadInputError: not JSON, or not token files; the message gives the position.
    """
    try:
        found = _decoder.decode_lines(data)
    except msgspec.DecodeError as first:
        try:
            found = [_decoder.decode(data)]  # one object over several lines
        except msgspec.DecodeError:
            raise BadInputError(f"{name}: not a token file ({first})") from first
    if not found:
        raise BadInputError(f"{name}: the file is empty; expected a token file (JSON)")
    return found


def encode_document(document: TokenFile) -> bytes:
    """Return a token file as one line of JSON, format first."""
    return json_bytes(document) + b"\n"


def decode_document(document: TokenFile, tokenizer: Tokenizer, name: str = "input") -> Decoded:
    """Return the song of a token file.

    Raises:
        BadInputError: the ids were made with another tokenizer.
    """
    check_hash(document.vocabulary_hash, tokenizer, name)
    return tokenizer.decode(document.ids)


def check_hash(stated: str, tokenizer: Tokenizer, name: str) -> None:
    """Raise BadInputError unless a hash is the tokenizer's."""
    if stated != tokenizer.hash:
        raise BadInputError(
            f"{name}: made with another tokenizer (vocabulary {stated[:HASH_SHOWN]}..., not "
            f"{tokenizer.scheme.name}'s {tokenizer.hash[:HASH_SHOWN]}...); give it as --tokenizer"
        )
