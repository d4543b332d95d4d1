"""The tokenizer: songs to ids and back, with or without learned byte pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import msgspec
from symusic.core import ScoreTick

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import read_bytes, write_bytes
from muse.tools.song.document import Song
from muse.tools.song.midi import score_from_song
from muse.tools.tokens.grid import Grid, lay_on_grid
from muse.tools.tokens.scheme import Ids, Scheme
from muse.tools.tokens.schemes import load_scheme
from muse.tools.tokens.vocabulary import Field, Merge, fields_of, json_config, vocabulary_hash

if TYPE_CHECKING:
    from muse.tools.tokens.bpe import Merges

FORMAT: Final = "muse.tokenizer/1"


class TokenizerFile(msgspec.Struct, kw_only=True):
    """Stored form of a tokenizer: a scheme and learned merges; the rest is derived from them."""

    format: Literal["muse.tokenizer/1"] = FORMAT
    scheme: str
    vocabulary_hash: str
    vocabulary_size: list[int]
    merges: list[tuple[int, int]] = msgspec.field(default_factory=list)
    config: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """Ids of a song, its grid, and counts of what was lost, by kind."""

    ids: Ids
    grid: Grid
    losses: dict[str, int]


@dataclass(frozen=True)
class Decoded:
    """A song from ids, and counts of the repairs, by kind."""

    song: Song
    repairs: dict[str, int]


@dataclass(frozen=True)
class Tokenizer:
    """A scheme with the merges learned for it."""

    scheme: Scheme
    merges: tuple[Merge, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the scheme's name and the merges only."""
        return cached_tokenizer, (self.scheme.name, self.merges)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Vocabularies without learned ids."""
        return fields_of(self.scheme)

    @cached_property
    def sizes(self) -> list[int]:
        """Number of ids of each vocabulary, including learned ones."""
        basic = [len(field.tokens) for field in self.fields]
        return [basic[0] + len(self.merges), *basic[1:]]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the scheme, its configuration, vocabulary and merges."""
        return vocabulary_hash(self.scheme, self.merges)

    @cached_property
    def learned(self) -> "Merges | None":
        """Merges ready for use; None without merges."""
        if not self.merges or self.scheme.is_compound:
            return None
        from muse.tools.tokens.bpe import Merges  # importing takes 0.1 s

        return Merges(self.fields[0], self.merges)

    def encode(self, music: Song | ScoreTick, name: str = "input") -> Encoded:
        """Encode a song; the ids are a list, or a list of words for a compound scheme.

        Raises:
            BadInputError: the song has more bars than `grid.MAX_BARS_WRITTEN`.
        """
        score = score_from_song(music) if isinstance(music, Song) else music
        grid = lay_on_grid(score, self.scheme, name)
        ids = self.scheme.encode(grid)
        if self.learned:
            ids = self.learned.shorten(cast(list[int], ids))
        return Encoded(ids, grid, grid.losses)

    def decode(self, ids: Sequence[Any]) -> Decoded:
        """Decode any sequence of ids; errors in it are repaired and counted, never raised."""
        basic = self.learned.expand(ids) if self.learned else ids
        state = self.scheme.decode(basic, self.scheme)
        return Decoded(state.song(), dict(state.repairs))

    def document(self) -> TokenizerFile:
        """Return the stored form of the tokenizer."""
        return TokenizerFile(
            scheme=self.scheme.name,
            vocabulary_hash=self.hash,
            vocabulary_size=self.sizes,
            merges=list(self.merges),
            config=json_config(self.scheme),
        )


@lru_cache(maxsize=4)
def cached_tokenizer(scheme: str, merges: tuple[Merge, ...]) -> Tokenizer:
    """Return the tokenizer, built once per process."""
    return Tokenizer(load_scheme(scheme), merges)


def tokenizer_for(scheme: str) -> Tokenizer:
    """Return the tokenizer of a scheme without merges.

    Raises:
        ParameterError: unknown scheme.
    """
    return Tokenizer(load_scheme(scheme))


def check_bpe(tokenizer: Tokenizer, size: int) -> None:
    """Raise ParameterError unless a vocabulary of `size` ids can be learned."""
    basic = len(tokenizer.fields[0].tokens)
    if tokenizer.scheme.is_compound:
        raise ParameterError(
            f"--bpe does not work with {tokenizer.scheme.name}: each of its steps is several ids"
        )
    if size <= basic:
        raise ParameterError(
            f"--bpe {size}: the scheme alone has {basic} tokens; give a larger number"
        )


def learn_bpe(tokenizer: Tokenizer, sequences: Iterable[Sequence[int]], size: int) -> Tokenizer:
    """Return a tokenizer with up to `size` ids, its merges learned from sequences of basic ids.

    Raises:
        ParameterError: a compound scheme, or `size` is not larger than the basic vocabulary.
    """
    check_bpe(tokenizer, size)
    from muse.tools.tokens.bpe import learn

    return Tokenizer(tokenizer.scheme, learn(sequences, tokenizer.fields[0], size))


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Write a tokenizer as one JSON file, atomically."""
    write_bytes(path, msgspec.json.encode(tokenizer.document()) + b"\n")


def load_tokenizer(path: str | Path) -> Tokenizer:
    """Read a tokenizer written by `save_tokenizer`.

    Raises:
        BadInputError: not a tokenizer, or its hash does not match its content.
    """
    try:
        stored = msgspec.json.decode(read_bytes(path), type=TokenizerFile)
        tokenizer = Tokenizer(load_scheme(stored.scheme), tuple(stored.merges))
        _ = tokenizer.learned
    except (msgspec.DecodeError, ParameterError) as error:
        raise BadInputError(f"{path}: not a tokenizer ({error})") from error
    if tokenizer.hash != stored.vocabulary_hash:
        raise BadInputError(
            f"{path}: its hash does not match its content; it is damaged, or from another version"
        )
    return tokenizer
