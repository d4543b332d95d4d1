"""The tokenizer: songs to ids and back, alone or with what byte pair encoding has learned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from symusic.core import ScoreTick

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import read_bytes, write_bytes
from muse.tools.song.document import Song
from muse.tools.song.midi import score_from_song
from muse.tools.tokens.compound_decoder import read_compound
from muse.tools.tokens.compound_encoder import WORD_WRITERS
from muse.tools.tokens.grid import Grid, lay
from muse.tools.tokens.schemes import SCHEMES, Scheme
from muse.tools.tokens.stream_decoder import read_stream
from muse.tools.tokens.stream_encoder import WRITERS
from muse.tools.tokens.vocabulary import Field, Merge, config_of, fields_of, vocabulary_hash

if TYPE_CHECKING:
    from muse.tools.tokens.bpe import Merges

FORMAT: Final = "muse.tokenizer/1"
Ids = list[int] | list[list[int]]


class TokenizerFile(msgspec.Struct, kw_only=True):
    """A tokenizer as it is stored: a scheme and what was learned; the rest follows from them."""

    format: Literal["muse.tokenizer/1"] = FORMAT
    scheme: str
    vocabulary_hash: str
    vocabulary_size: list[int]
    merges: list[tuple[int, int]] = msgspec.field(default_factory=list)
    config: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """Ids of a song, the grid it was laid on, and what was lost, counted by kind."""

    ids: Ids
    grid: Grid
    losses: dict[str, int]


@dataclass(frozen=True)
class Decoded:
    """A song from ids, and what had to be mended, counted by kind."""

    song: Song
    repairs: dict[str, int]


@dataclass(frozen=True)
class Tokenizer:
    """A scheme with the merges that were learned for it."""

    scheme: Scheme
    merges: tuple[Merge, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as what it is made from; what was worked out stays there."""
        return kept_tokenizer, (self.scheme.name, self.merges)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The basic vocabularies."""
        return fields_of(self.scheme.name)

    @cached_property
    def sizes(self) -> list[int]:
        """Ids of each vocabulary, learned ones counted."""
        basic = [len(field.tokens) for field in self.fields]
        return [basic[0] + len(self.merges), *basic[1:]]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the scheme, its configuration, vocabulary and merges."""
        return vocabulary_hash(self.scheme, self.merges)

    @cached_property
    def learned(self) -> "Merges | None":
        """The merges, ready to be used; None where nothing was learned."""
        if not self.merges:
            return None
        from muse.tools.tokens.bpe import Merges  # 0.1 s, of no use without merges

        return Merges(self.fields[0], self.merges)

    def encode(self, music: Song | ScoreTick, name: str = "input") -> Encoded:
        """Spell a song in ids: a list, or a list of lists for a compound scheme.

        Raises:
            BadInputError: the song has more bars than `grid.MAX_BARS_WRITTEN`.
        """
        score = score_from_song(music) if isinstance(music, Song) else music
        grid = lay(score, self.scheme, name)
        if self.scheme.is_compound:
            return Encoded(WORD_WRITERS[self.scheme.name](grid), grid, grid.losses)
        ids = WRITERS[self.scheme.name](grid)
        return Encoded(self.learned.shorten(ids) if self.learned else ids, grid, grid.losses)

    def decode(self, ids: Sequence[Any]) -> Decoded:
        """Read any sequence of ids; what is wrong in it is mended and counted, never raised."""
        if self.scheme.is_compound:
            sketch = read_compound(ids, self.scheme)
        else:
            basic = self.learned.expand(ids) if self.learned else ids
            sketch = read_stream(basic, self.scheme)
        return Decoded(sketch.song(), dict(sketch.repairs))

    def document(self) -> TokenizerFile:
        """The tokenizer as it is stored."""
        return TokenizerFile(
            scheme=self.scheme.name,
            vocabulary_hash=self.hash,
            vocabulary_size=self.sizes,
            merges=list(self.merges),
            config=config_of(self.scheme),
        )


@lru_cache(maxsize=4)
def kept_tokenizer(scheme: str, merges: tuple[Merge, ...]) -> Tokenizer:
    """The same tokenizer for each of many songs."""
    return Tokenizer(SCHEMES[scheme], merges)


def tokenizer_for(scheme: str) -> Tokenizer:
    """The tokenizer of a scheme, nothing learned.

    Raises:
        ParameterError: there is no such scheme.
    """
    if scheme not in SCHEMES:
        raise ParameterError(f"no scheme '{scheme}'; there are {', '.join(SCHEMES)}")
    return Tokenizer(SCHEMES[scheme])


def refuse_bpe(tokenizer: Tokenizer, size: int) -> None:
    """Raise ParameterError where no vocabulary of `size` ids can be learned."""
    basic = len(tokenizer.fields[0].tokens)
    if tokenizer.scheme.is_compound:
        raise ParameterError(
            f"--bpe is not for {tokenizer.scheme.name}, whose steps are several ids at once"
        )
    if size <= basic:
        raise ParameterError(f"--bpe {size}: the scheme alone has {basic} tokens; ask for more")


def learn_bpe(tokenizer: Tokenizer, sequences: Iterable[Sequence[int]], size: int) -> Tokenizer:
    """A tokenizer with up to `size` ids, its merges learned from sequences of basic ids.

    Raises:
        ParameterError: a compound scheme, or `size` is not above the basic vocabulary's.
    """
    refuse_bpe(tokenizer, size)
    from muse.tools.tokens.bpe import learn

    return Tokenizer(tokenizer.scheme, learn(sequences, tokenizer.fields[0], size))


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Write a tokenizer as one JSON file, whole or not at all."""
    write_bytes(path, msgspec.json.encode(tokenizer.document()) + b"\n")


def load_tokenizer(path: str | Path) -> Tokenizer:
    """Read a tokenizer that `save_tokenizer` wrote.

    Raises:
        BadInputError: the file is none, or its hash is not that of what it holds.
    """
    try:
        stored = msgspec.json.decode(read_bytes(path), type=TokenizerFile)
        tokenizer = Tokenizer(tokenizer_for(stored.scheme).scheme, tuple(stored.merges))
        _ = tokenizer.learned
    except (msgspec.DecodeError, ParameterError) as error:
        raise BadInputError(f"{path}: not a tokenizer ({error})") from error
    if tokenizer.hash != stored.vocabulary_hash:
        raise BadInputError(
            f"{path}: its hash is not that of its contents; it is damaged, or of another version"
        )
    return tokenizer
