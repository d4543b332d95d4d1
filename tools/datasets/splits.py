"""Which songs are for training, validation and test.

A split is by song, never by window of a song, and drawn by a hash of the song's name: it does not
move when songs are added, and needs no list to be kept. Songs that are versions of one another
(`duplicates`) go to one side together; otherwise a test would measure what was learned by heart
(Sturm, "The GTZAN dataset", arXiv:1306.1461, tells what that does to published figures).
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, Literal, get_args

from muse.tools.errors import ParameterError

Split = Literal["train", "validation", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
SHARES = (0.8, 0.1, 0.1)  # of the songs, in the order of SPLITS
SHARES_TOLERANCE = 1e-6  # how far their sum may be from 1
HASH_BYTES = 8


def split_of(song_id: str, seed: int = 0, shares: Sequence[float] = SHARES) -> Split:
    """The split of one song.

    Args:
        song_id: what the song is called in its collection, whatever folder that is in.
        seed: another seed draws another split.
        shares: of training, validation and test; not below 0, with a sum of 1.

    Raises:
        ParameterError: the shares are not that.
    """
    check_shares(shares)
    place = fraction_of(f"{seed}:{song_id}")
    if place < shares[0]:
        return "train"
    # nothing goes to the test but by its own share, whatever is lost in adding shares up
    return "test" if shares[2] > 0 and place >= 1 - shares[2] else "validation"


def split_songs(
    groups: Iterable[Sequence[str]], seed: int = 0, shares: Sequence[float] = SHARES
) -> dict[str, Split]:
    """The split of each song of the groups, a whole group on one side.

    A group goes where the first of its names, in the order of the alphabet, would go by itself: a
    song alone in its group is where `split_of` puts it.

    Args:
        groups: names of songs, those that belong together in one group; a song on its own is a
            group of one.
        seed: as in `split_of`.
        shares: as in `split_of`; they hold for groups, and for songs as nearly as the groups let.

    Raises:
        ParameterError: the shares are not as they should be, or a song is in two groups.
    """
    found: dict[str, Split] = {}
    for group in groups:
        for song_id in group:
            if song_id in found:
                raise ParameterError(f"song '{song_id}' is in two groups")
            found[song_id] = split_of(min(group), seed, shares)
    return found


def check_shares(shares: Sequence[float]) -> None:
    """Raise ParameterError unless they are three, not below 0, with a sum of 1."""
    if (
        len(shares) != len(SPLITS)
        or not all(share >= 0 for share in shares)
        or abs(sum(shares) - 1) > SHARES_TOLERANCE
    ):
        raise ParameterError(f"shares {tuple(shares)}: three from 0 to 1, with a sum of 1")


def fraction_of(text: str) -> float:
    """A number in [0, 1) that is as good as drawn, and always the same for a text."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES)
    # 53 bits: what a float holds without rounding up to 1
    return (int.from_bytes(digest.digest()) >> 11) / (1 << 53)
