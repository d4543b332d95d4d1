"""Token files: the ids of a song with what is needed to read them, as JSON or JSON lines."""

from typing import Any, Final, Literal

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.song.document import MadeBy
from muse.tools.tokens.tokenizer import Decoded, Tokenizer

FORMAT: Final = "muse.tokens/1"
HASH_SHOWN = 12  # hex digits of a hash in a message


class TokenFile(msgspec.Struct, kw_only=True):
    """A song in tokens.

    Attributes:
        scheme: see `schemes`.
        vocabulary_hash: of the tokenizer that made the ids, SHA-256 in hex.
        file: what was tokenized.
        ids: a list, or for a compound scheme a list of lists.
        ticks_per_beat: of the music that the ids decode to, to a quarter note.
        losses: what the scheme could not hold, counted by kind.
        made_by: what made it.
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
    """Read token files: one JSON object, or one on each line.

    Raises:
        BadInputError: not JSON, or not token files; the message says where.
    """
    try:
        found = _decoder.decode_lines(data)
    except msgspec.DecodeError as first:
        try:
            found = [_decoder.decode(data)]  # one object over several lines
        except msgspec.DecodeError:
            raise BadInputError(f"{name}: not a token file ({first})") from first
    if not found:
        raise BadInputError(f"{name}: empty; a token file is JSON")
    return found


def encode_document(document: TokenFile) -> bytes:
    """A token file as one line of JSON, format first."""
    # the format is the default, which must be written all the same
    return b'{"format":"' + FORMAT.encode() + b'",' + msgspec.json.encode(document)[1:] + b"\n"


def decode_document(document: TokenFile, tokenizer: Tokenizer, name: str = "input") -> Decoded:
    """The song of a token file.

    Raises:
        BadInputError: the ids were made with another tokenizer.
    """
    refuse_other_hash(document.vocabulary_hash, tokenizer, name)
    return tokenizer.decode(document.ids)


def refuse_other_hash(stated: str, tokenizer: Tokenizer, name: str) -> None:
    """Raise BadInputError unless a hash is the tokenizer's."""
    if stated != tokenizer.hash:
        raise BadInputError(
            f"{name}: made with another tokenizer (vocabulary {stated[:HASH_SHOWN]}..., not "
            f"{tokenizer.scheme.name}'s {tokenizer.hash[:HASH_SHOWN]}...); give it as --tokenizer"
        )
