"""Groups of songs that are versions of one another: covers, transpositions, tempo changes, cuts.

Method: each song is reduced to the set of its phrases, in a form that does not depend on key or
tempo (`fingerprints`). A phrase weighs log2((songs + BACKGROUND_SONGS) / songs that contain it)
bits, so that a progression that everyone uses weighs almost nothing. Two songs are near-duplicates
if the weight of their common phrases

- exceeds what chance explains, and
- is a large share of the weight of their union (Jaccard) or of the lighter song (containment).

Melodies decide if both songs have one, else chords, else drums. Songs with equal content are found
by a digest, however short they are. All pairs are compared exactly, through an inverted index.
Groups are the connected components of the graph of pairs.

Source: Broder, "On the resemblance and containment of documents" (1997). The thresholds were chosen
with `tests/bench/duplicates.py` on real covers in the collections and on planted ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.fingerprints import Fingerprint, Phrases, fingerprint
from muse.tools.progress import Report, silent
from muse.tools.song.document import Song

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# a phrase found in more songs is ignored
MAX_HOLDERS = 100
# songs added to the count of songs, so that weights also make sense in a collection of two
BACKGROUND_SONGS = 1000
KINDS = ("melody", "chords", "drums")
MIN_PHRASES = 10  # fewer in either song: the next kind decides


@dataclass(frozen=True)
class Threshold:
    """Smallest overlap that makes two songs near-duplicates.

    Attributes:
        bits: weight of the common phrases.
        jaccard: weight of the common phrases over that of the union, in [0, 1].
        containment: weight of the common phrases over that of the lighter song, in [0, 1].
    """

    bits: float
    jaccard: float
    containment: float


THRESHOLDS = {
    "melody": Threshold(80.0, 0.06, 0.15),
    "chords": Threshold(80.0, 0.5, 0.9),
    "drums": Threshold(80.0, 0.5, 0.8),
}


@dataclass(frozen=True)
class Pair:
    """Overlap of two songs in the kind of phrase that decides; units as in `Threshold`."""

    first: str
    second: str
    kind: str
    bits: float
    jaccard: float
    containment: float

    @property
    def is_duplicate(self) -> bool:
        """Whether the two songs are near-duplicates."""
        limit = THRESHOLDS[self.kind]
        is_alike = self.jaccard >= limit.jaccard or self.containment >= limit.containment
        return is_alike and self.bits >= limit.bits


def find_near_duplicates(
    songs: Iterable[tuple[str, Song]], report: Report = silent
) -> list[list[str]]:
    """Return the groups of songs that are versions of one another.

    Args:
        songs: names and songs; read one by one, so they need not fit into memory together.
        report: called with the progress.

    Returns:
        Groups of two or more names, each sorted, in the order of their first names.
    """
    prints = {}
    for name, song in songs:
        prints[name] = fingerprint(song)
        report(f"fingerprint of {name}", 0.0)
    return group_fingerprints(prints)


def group_fingerprints(prints: Mapping[str, Fingerprint]) -> list[list[str]]:
    """Return the groups of near-duplicates among songs given by their fingerprints."""
    pairs = [(pair.first, pair.second) for pair in compare_songs(prints) if pair.is_duplicate]
    return connected_components([*pairs, *equal_digests(prints)])


def add_singletons(groups: Sequence[Sequence[str]], names: Iterable[str]) -> list[list[str]]:
    """Return the groups plus a group of one for each other name, as `split_songs` takes them."""
    grouped = {name for group in groups for name in group}
    return [*map(list, groups), *([name] for name in names if name not in grouped)]


def equal_digests(prints: Mapping[str, Fingerprint]) -> list[tuple[str, str]]:
    """Return pairs of songs with equal digests; songs without content are skipped."""
    holders: dict[int, list[str]] = defaultdict(list)
    for name, song_print in prints.items():
        if song_print.whole is not None:
            holders[song_print.whole].append(name)
    return [(names[0], other) for names in holders.values() for other in names[1:]]


def compare_songs(prints: Mapping[str, Fingerprint]) -> Iterator[Pair]:
    """Yield every pair of songs with a common phrase, compared by the kind that decides for it."""
    names = list(prints)
    sizes = {kind: np.array([len(getattr(p, kind)) for p in prints.values()]) for kind in KINDS}
    for rank, kind in enumerate(KINDS):
        decided = [sizes[earlier] >= MIN_PHRASES for earlier in KINDS[:rank]]
        for i, j, bits, jaccard, containment in shared_weights(
            [getattr(p, kind) for p in prints.values()]
        ):
            if not any(has[i] and has[j] for has in decided):
                yield Pair(names[i], names[j], kind, bits, jaccard, containment)


def shared_weights(
    sets: Sequence[Phrases],
) -> Iterator[tuple[int, int, float, float, float]]:
    """Yield (first index, second index, shared bits, Jaccard, containment) of sets that overlap."""
    lengths = [len(phrases) for phrases in sets]
    if not sum(lengths):
        return
    owners = np.repeat(np.arange(len(sets)), lengths)
    _, phrase, holders = np.unique(np.concatenate(sets), return_inverse=True, return_counts=True)
    weights = np.log2((len(sets) + BACKGROUND_SONGS) / holders)
    weights[holders > MAX_HOLDERS] = 0.0
    totals = np.bincount(owners, weights[phrase], len(sets))
    i, j, bits = intersect_sets(owners[np.argsort(phrase, kind="stable")], holders, weights)
    jaccard = bits / (totals[i] + totals[j] - bits)
    containment = bits / np.minimum(totals[i], totals[j])
    table = (i, j, bits, jaccard, containment)
    yield from zip(*(column.tolist() for column in table), strict=True)


def intersect_sets(owners: Ints, holders: Ints, weights: Floats) -> tuple[Ints, Ints, Floats]:
    """Find the pairs of sets with a common phrase, and the total weight of their common phrases.

    Args:
        owners: indices of the sets that contain each phrase, phrase after phrase, ascending.
        holders: number of sets that contain each phrase.
        weights: weight of each phrase in bits; 0 if it is ignored.

    Returns:
        First and second set of each pair (first < second), and the shared bits.
    """
    size = int(owners.max()) + 1
    starts = np.cumsum(holders) - holders
    pairs, bits = [np.empty(0, np.int64)], [np.empty(0)]
    for count in range(2, min(int(holders.max()), MAX_HOLDERS) + 1):
        same = np.flatnonzero(holders == count)
        # one row per phrase that is in `count` sets: the indices of those sets
        rows = owners[starts[same][:, None] + np.arange(count)]
        first, second = np.triu_indices(count, 1)
        pairs.append((rows[:, first] * size + rows[:, second]).ravel())
        bits.append(np.repeat(weights[same], len(first)))
    pair_ids, index = np.unique(np.concatenate(pairs), return_inverse=True)
    common = np.zeros(len(pair_ids))
    np.add.at(common, index, np.concatenate(bits))
    return pair_ids // size, pair_ids % size, common


def connected_components(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the connected components of a graph given by its edges, sorted."""
    group_of: dict[str, set[str]] = {}
    for first, second in pairs:
        one, other = group_of.get(first, {first}), group_of.get(second, {second})
        merged = one | other
        for name in merged:
            group_of[name] = merged
    groups = {id(group): sorted(group) for group in group_of.values()}
    return sorted(groups.values())
