"""What is done to one input of many: the functions that other processes run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import PIPE, read_bytes
from muse.tools.song.document import MadeBy, Song
from muse.tools.song.midi import song_from_score
from muse.tools.song.provenance import provenance
from muse.tools.tokens.inputs import load_score
from muse.tools.tokens.token_files import TokenFile, decode_document, encode_document, token_files
from muse.tools.tokens.tokenizer import (
    Ids,
    Tokenizer,
    learn_bpe,
    load_tokenizer,
    save_tokenizer,
    tokenizer_for,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from muse.tools.datasets.fingerprints import Fingerprint
    from muse.tools.tokens.shards import Sides

COMMAND = "tokenize"


def made_by(params: dict[str, Any]) -> MadeBy:
    """What the results of this command say of their making."""
    return provenance(COMMAND, params)


def choose_tokenizer(scheme: str | None, path: str | None) -> Tokenizer:
    """The tokenizer of a file, or of a scheme; remi where neither is named.

    Raises:
        BadInputError: the file is none.
        ParameterError: no such scheme, or the file's is another.
    """
    if path is None:
        return tokenizer_for(scheme or "remi")
    tokenizer = load_tokenizer(path)
    if scheme not in (None, tokenizer.scheme.name):
        raise ParameterError(f"{path} is for {tokenizer.scheme.name}, not {scheme}")
    return tokenizer


def ids_of(tokenizer: Tokenizer, source: str) -> Ids:
    """The ids of a file."""
    return tokenizer.encode(load_score(source), source).ids


def document_of(tokenizer: Tokenizer, params: dict[str, Any], source: str) -> bytes:
    """The token file of a MIDI file or Song document, as a line of JSON."""
    encoded = tokenizer.encode(load_score(source), source)
    return encode_document(
        TokenFile(
            scheme=tokenizer.scheme.name,
            vocabulary_hash=tokenizer.hash,
            file="stdin" if source == PIPE else source,
            ids=list(encoded.ids),
            ticks_per_beat=tokenizer.scheme.ticks_per_beat,
            losses=encoded.losses,
            made_by=made_by(params),
        )
    )


def shard_material(tokenizer: Tokenizer, source: str) -> "tuple[NDArray[np.int32], Fingerprint]":
    """The ids of a file as an array, and what tells whether it is a version of another."""
    from muse.tools.datasets.fingerprints import fingerprint
    from muse.tools.tokens.shards import compact

    score = load_score(source)
    ids = tokenizer.encode(score, source).ids
    return compact(ids, len(tokenizer.fields)), fingerprint(song_from_score(score, source))


def sides_of(prints: "dict[str, Fingerprint]", seed: int) -> "Sides":
    """The split of songs, versions of one piece together."""
    from muse.tools.datasets.duplicates import add_singletons, group_fingerprints
    from muse.tools.datasets.splits import split_songs
    from muse.tools.tokens.shards import Sides

    groups = group_fingerprints(prints)
    return Sides(split_songs(add_singletons(groups, prints), seed), groups)


def learn_for_shards(
    tokenizer: Tokenizer,
    songs: "dict[str, NDArray[np.int32]]",
    sides: "Sides",
    size: int,
    path: Path,
) -> "tuple[Tokenizer, dict[str, NDArray[np.int32]]]":
    """Learn byte pairs from the songs for training alone, store them, and shorten all songs.

    Raises:
        BadInputError: no song is for training.
    """
    from muse.tools.tokens.shards import shortened

    training = [ids.tolist() for name, ids in songs.items() if sides.split[name] == "train"]
    if not training:
        raise BadInputError("nothing to learn from: no song is on the training side of the split")
    learned = learn_bpe(tokenizer, training, size)
    save_tokenizer(learned, path)
    return learned, {name: shortened(ids, learned) for name, ids in songs.items()}


class DecodedFile(msgspec.Struct):
    """A song from tokens: the file they were made of, and what had to be mended, by kind."""

    file: str
    song: Song
    repairs: dict[str, int]


def songs_of(tokenizer: Tokenizer | None, source: str) -> list[DecodedFile]:
    """The songs of a file of tokens; without a tokenizer each scheme's own is taken.

    Raises:
        BadInputError: not a token file, or made with another tokenizer.
    """
    name = "standard input" if source == PIPE else source
    found = []
    for document in token_files(read_bytes(source), name):
        try:
            reader = tokenizer or tokenizer_for(document.scheme)
        except ParameterError as error:
            raise BadInputError(f"{name}: {error}") from error
        decoded = decode_document(document, reader, name)
        decoded.song.made_by = made_by(
            {"decode": True, "scheme": document.scheme, "repairs": decoded.repairs}
        )
        found.append(DecodedFile(document.file, decoded.song, decoded.repairs))
    return found


def check_one(tokenizer: Tokenizer, source: str) -> Any:
    """The round trip of a file."""
    from muse.tools.tokens.round_trip import check

    return check(load_score(source), tokenizer, source)


def stats_of(tokenizer: Tokenizer, source: str) -> Any:
    """The counts of a file."""
    from muse.tools.tokens.stats import stats

    return stats(load_score(source), tokenizer, source)
