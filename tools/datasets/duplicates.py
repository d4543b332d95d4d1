"""Songs that are versions of one another: covers, transpositions, other tempos, cuts, copies.

How they are found: a song is turned into the set of its phrases, written so that neither key nor
tempo matters (`fingerprints`), and two songs are one piece when they share much of what is rare in
them. A phrase weighs log2 of the number of songs for each one that has it: the progression that
everyone uses weighs next to nothing. Two songs are near-duplicates where the weight that they have
in common is

- enough to be no accident, and
- a large share of the weight of either (Jaccard), or of that of the shorter one (containment).

Melodies decide where both songs have one, else chords, else drums; equal songs are found by a
digest, however short. All pairs are compared exactly, through an inverted index. Groups are the
connected components of the pairs.

Source: Broder, "On the resemblance and containment of documents" (1997). The thresholds were chosen
with `tests/bench/duplicates.py`, on covers that are really in the collections and planted ones.
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

# a phrase of more songs than that is a commonplace and does not count
MOST_HOLDERS = 100
# songs that are taken to be there besides: in a collection of two, too, a common phrase is common
BACKGROUND = 1000
KINDS = ("melody", "chords", "drums")
ENOUGH_PHRASES = 10  # of a kind that is to decide; a song with fewer is judged by the next kind


@dataclass(frozen=True)
class Threshold:
    """What makes two songs one piece.

    Attributes:
        bits: weight that they have in common, at least.
        jaccard: weighted share of the phrases of either that are in both, in [0, 1].
        containment: the same of the phrases of the song with less.
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
    """Two songs that may be one piece, and the kind of phrase that tells; see `Threshold`."""

    first: str
    second: str
    kind: str
    bits: float
    jaccard: float
    containment: float

    @property
    def is_duplicate(self) -> bool:
        """Whether the two are one piece."""
        limit = THRESHOLDS[self.kind]
        is_alike = self.jaccard >= limit.jaccard or self.containment >= limit.containment
        return is_alike and self.bits >= limit.bits


def near_duplicates(songs: Iterable[tuple[str, Song]], report: Report = silent) -> list[list[str]]:
    """The groups of songs that are versions of one another.

    Args:
        songs: names and songs; they are read one by one and not kept.
        report: told how far it is.

    Returns:
        Groups of two and more names, each sorted, in the order of their first names.
    """
    prints = {}
    for name, song in songs:
        prints[name] = fingerprint(song)
        report(f"fingerprint of {name}", 0.0)
    return groups_of_prints(prints)


def groups_of_prints(prints: Mapping[str, Fingerprint]) -> list[list[str]]:
    """The groups among songs whose fingerprints are known already."""
    pairs = [(pair.first, pair.second) for pair in alike(prints) if pair.is_duplicate]
    return connected([*pairs, *equal_songs(prints)])


def with_singles(groups: Sequence[Sequence[str]], names: Iterable[str]) -> list[list[str]]:
    """The groups, and each other name as a group of one: what `split_songs` takes."""
    grouped = {name for group in groups for name in group}
    return [*map(list, groups), *([name] for name in names if name not in grouped)]


def equal_songs(prints: Mapping[str, Fingerprint]) -> list[tuple[str, str]]:
    """Pairs of songs with the same notes or chords in some key; empty ones are like no other."""
    holders: dict[int, list[str]] = defaultdict(list)
    for name, known in prints.items():
        if known.whole is not None:
            holders[known.whole].append(name)
    return [(names[0], other) for names in holders.values() for other in names[1:]]


def alike(prints: Mapping[str, Fingerprint]) -> Iterator[Pair]:
    """Every pair of songs that has a phrase in common, judged by the kind that decides for it."""
    names = list(prints)
    sizes = {
        kind: np.array([len(getattr(known, kind)) for known in prints.values()]) for kind in KINDS
    }
    for rank, kind in enumerate(KINDS):
        decided = [sizes[earlier] >= ENOUGH_PHRASES for earlier in KINDS[:rank]]
        for i, j, bits, jaccard, containment in shared_weights(
            [getattr(known, kind) for known in prints.values()]
        ):
            if not any(has[i] and has[j] for has in decided):
                yield Pair(names[i], names[j], kind, bits, jaccard, containment)


def shared_weights(
    sets: Sequence[Phrases],
) -> Iterator[tuple[int, int, float, float, float]]:
    """First and second index, shared bits, Jaccard and containment of all sets that meet."""
    lengths = [len(phrases) for phrases in sets]
    if not sum(lengths):
        return
    owners = np.repeat(np.arange(len(sets)), lengths)
    _, phrase, holders = np.unique(np.concatenate(sets), return_inverse=True, return_counts=True)
    weights = np.log2((len(sets) + BACKGROUND) / holders)
    weights[holders > MOST_HOLDERS] = 0.0
    totals = np.bincount(owners, weights[phrase], len(sets))
    i, j, bits = meetings(owners[np.argsort(phrase, kind="stable")], holders, weights)
    jaccard = bits / (totals[i] + totals[j] - bits)
    containment = bits / np.minimum(totals[i], totals[j])
    table = (i, j, bits, jaccard, containment)
    yield from zip(*(column.tolist() for column in table), strict=True)


def meetings(owners: Ints, holders: Ints, weights: Floats) -> tuple[Ints, Ints, Floats]:
    """Which sets have a phrase in common, and the weight of all that they have in common.

    Args:
        owners: the sets of each phrase in turn, ascending for each, phrase after phrase.
        holders: of each phrase, how many sets have it.
        weights: of each phrase, in bits; 0 for one that does not count.

    Returns:
        First and second set of each pair, first < second, and the bits.
    """
    size = int(owners.max()) + 1
    starts = np.cumsum(holders) - holders
    pairs, bits = [np.empty(0, np.int64)], [np.empty(0)]
    for count in range(2, min(int(holders.max()), MOST_HOLDERS) + 1):
        same = np.flatnonzero(holders == count)
        # a row for each phrase that `count` sets have, with those sets
        rows = owners[starts[same][:, None] + np.arange(count)]
        first, second = np.triu_indices(count, 1)
        pairs.append((rows[:, first] * size + rows[:, second]).ravel())
        bits.append(np.repeat(weights[same], len(first)))
    met, place = np.unique(np.concatenate(pairs), return_inverse=True)
    common = np.zeros(len(met))
    np.add.at(common, place, np.concatenate(bits))
    return met // size, met % size, common


def connected(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The connected components of a graph, by the pairs that are its edges."""
    group_of: dict[str, set[str]] = {}
    for first, second in pairs:
        one, other = group_of.get(first, {first}), group_of.get(second, {second})
        merged = one | other
        for name in merged:
            group_of[name] = merged
    groups = {id(group): sorted(group) for group in group_of.values()}
    return sorted(groups.values())
