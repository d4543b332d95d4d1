"""Functions that process one input of a batch, also in worker processes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import PIPE, STDIN_NAME, input_name, read_bytes
from muse.tools.song.document import MadeBy, Song
from muse.tools.song.midi import song_from_score
from muse.tools.song.provenance import provenance
from muse.tools.tokens.inputs import load_score
from muse.tools.tokens.scheme import Ids
from muse.tools.tokens.token_files import TokenFile, decode_document, encode_document, token_files
from muse.tools.tokens.tokenizer import (
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
    from muse.tools.tokens.shards import SongSplit

COMMAND = "tokenize"


def made_by(params: dict[str, Any]) -> MadeBy:
    """Return the provenance of results of `muse tokenize`."""
    return provenance(COMMAND, params)


def choose_tokenizer(scheme: str | None, path: str | None) -> Tokenizer:
    """Return the tokenizer of a file, else of a scheme; `remi` if neither is given.

    Raises:
        BadInputError: not a tokenizer file.
        ParameterError: unknown scheme, or not that of the file.
    """
    if path is None:
        return tokenizer_for(scheme or "remi")
    tokenizer = load_tokenizer(path)
    if scheme not in (None, tokenizer.scheme.name):
        raise ParameterError(f"{path} is a tokenizer for {tokenizer.scheme.name}, not {scheme}")
    return tokenizer


def encode_one(tokenizer: Tokenizer, source: str) -> Ids:
    """Return the ids of a file."""
    return tokenizer.encode(load_score(source), source).ids


def token_file_line(tokenizer: Tokenizer, params: dict[str, Any], source: str) -> bytes:
    """Return the token file of a MIDI file or Song document, as a line of JSON."""
    encoded = tokenizer.encode(load_score(source), source)
    return encode_document(
        TokenFile(
            scheme=tokenizer.scheme.name,
            vocabulary_hash=tokenizer.hash,
            file=STDIN_NAME if source == PIPE else source,
            ids=list(encoded.ids),
            ticks_per_beat=tokenizer.scheme.ticks_per_beat,
            losses=encoded.losses,
            made_by=made_by(params),
        )
    )


def shard_material(tokenizer: Tokenizer, source: str) -> "tuple[NDArray[np.int32], Fingerprint]":
    """Return the ids of a file as an array, and its fingerprint for finding duplicates."""
    from muse.tools.datasets.fingerprints import fingerprint
    from muse.tools.tokens.shards import compact

    score = load_score(source)
    ids = tokenizer.encode(score, source).ids
    return compact(ids, len(tokenizer.fields)), fingerprint(song_from_score(score, source))


def split_by_song(prints: "dict[str, Fingerprint]", seed: int) -> "SongSplit":
    """Return the split of each song; near-duplicates are in the same split."""
    from muse.tools.datasets.duplicates import add_singletons, group_fingerprints
    from muse.tools.datasets.splits import split_songs
    from muse.tools.tokens.shards import SongSplit

    groups = group_fingerprints(prints)
    return SongSplit(split_songs(add_singletons(groups, prints), seed), groups)


def learn_for_shards(
    tokenizer: Tokenizer,
    songs: "dict[str, NDArray[np.int32]]",
    song_split: "SongSplit",
    size: int,
    path: Path,
) -> "tuple[Tokenizer, dict[str, NDArray[np.int32]]]":
    """Learn byte pairs from the training songs, save the tokenizer, and re-encode all songs.

    Raises:
        BadInputError: no song is in the training split.
    """
    from muse.tools.tokens.shards import shortened

    training = [ids.tolist() for name, ids in songs.items() if song_split.split[name] == "train"]
    if not training:
        raise BadInputError("no song is in the training split; give more songs or another --seed")
    learned = learn_bpe(tokenizer, training, size)
    save_tokenizer(learned, path)
    return learned, {name: shortened(ids, learned) for name, ids in songs.items()}


class DecodedFile(msgspec.Struct):
    """A decoded song, the file that it was encoded from, and counts of the repairs, by kind."""

    file: str
    song: Song
    repairs: dict[str, int]


def decode_one(tokenizer: Tokenizer | None, source: str) -> list[DecodedFile]:
    """Decode the songs of a token file; without a tokenizer, by the scheme of each.

    Raises:
        BadInputError: not a token file, or encoded with another tokenizer.
    """
    name = input_name(source)
    songs = []
    for document in token_files(read_bytes(source), name):
        try:
            reader = tokenizer or tokenizer_for(document.scheme)
        except ParameterError as error:
            raise BadInputError(f"{name}: {error}") from error
        decoded = decode_document(document, reader, name)
        decoded.song.made_by = made_by(
            {"decode": True, "scheme": document.scheme, "repairs": decoded.repairs}
        )
        songs.append(DecodedFile(document.file, decoded.song, decoded.repairs))
    return songs


def check_one(tokenizer: Tokenizer, source: str) -> Any:
    """Measure the round trip of a file."""
    from muse.tools.tokens.round_trip import check

    return check(load_score(source), tokenizer, source)


def stats_one(tokenizer: Tokenizer, source: str) -> Any:
    """Count the tokens of a file."""
    from muse.tools.tokens.stats import stats

    return stats(load_score(source), tokenizer, source)
