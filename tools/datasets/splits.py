"""Assignment of songs to training, validation and test.

Whole songs are assigned, never windows of a song, by a hash of the song's name: the split of a song
does not change when songs are added, and no list has to be stored. Near-duplicates (`duplicates`)
are in the same split; otherwise the test would reward memorized songs (Sturm, "The GTZAN dataset",
arXiv:1306.1461, shows the effect on published figures).
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, Literal, get_args

from muse.tools.errors import ParameterError

Split = Literal["train", "validation", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
SHARES = (0.8, 0.1, 0.1)  # fractions of the songs, in the order of SPLITS
SHARES_TOLERANCE = 1e-6  # largest difference of their sum from 1
HASH_BYTES = 8


def split_of(song_id: str, seed: int = 0, shares: Sequence[float] = SHARES) -> Split:
    """Return the split of one song.

    Args:
        song_id: name of the song in its collection, independent of the collection's location.
        seed: different seeds give different splits.
        shares: fractions for training, validation and test, each 0 or more, with a sum of 1.

    Raises:
        ParameterError: invalid shares.
    """
    check_shares(shares)
    fraction = hash_fraction(f"{seed}:{song_id}")
    if fraction < shares[0]:
        return "train"
    # compared with 1 - share, so that rounding of the sum never adds songs to the test
    return "test" if shares[2] > 0 and fraction >= 1 - shares[2] else "validation"


def split_songs(
    groups: Iterable[Sequence[str]], seed: int = 0, shares: Sequence[float] = SHARES
) -> dict[str, Split]:
    """Return the split of each song of the groups; all songs of a group get the same one.

    A group gets the split of its alphabetically first name; a song that is alone in its group gets
    that of `split_of`.

    Args:
        groups: names of songs; a song without near-duplicates is a group of one.
        seed: as in `split_of`.
        shares: as in `split_of`. They hold for groups, and approximately for songs.

    Raises:
        ParameterError: invalid shares, or a song in two groups.
    """
    splits: dict[str, Split] = {}
    for group in groups:
        for song_id in group:
            if song_id in splits:
                raise ParameterError(f"song '{song_id}' is in two groups")
            splits[song_id] = split_of(min(group), seed, shares)
    return splits


def check_shares(shares: Sequence[float]) -> None:
    """Raise ParameterError unless there are three shares, each 0 or more, with a sum of 1."""
    if (
        len(shares) != len(SPLITS)
        or not all(share >= 0 for share in shares)
        or abs(sum(shares) - 1) > SHARES_TOLERANCE
    ):
        raise ParameterError(
            f"shares {tuple(shares)} are not three numbers from 0 to 1 with a sum of 1"
        )


def hash_fraction(text: str) -> float:
    """Return a number in [0, 1) that depends only on the text, uniformly distributed."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES)
    # 53 bits: the most that a float holds without rounding up to 1
    return (int.from_bytes(digest.digest()) >> 11) / (1 << 53)
