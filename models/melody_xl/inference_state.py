"""The rows of a song that the numpy inference remembers, and how the last row relates to them.

Keys, values and ids of the rows so far are in arrays that are only ever appended to, so that
continuations of one song share them until they differ. When the arrays are full, the rows that are
still remembered are copied to new ones.
"""

from dataclasses import dataclass, replace

import numpy as np

from muse.models.melody_xl.config import POINTERS, MelodyConfig
from muse.models.numpy_layers import Floats, Ids

FIRST_CAPACITY = 64  # rows; doubled when full
STORED = ("pitch", "interval", "advance", "duration", "place", "bar", "chord")  # rows of the ids
PITCH, INTERVAL, ADVANCE, DURATION, PLACE, BAR, CHORD = range(len(STORED))


@dataclass
class Cache:
    """What is stored of each row, in arrays with spare capacity.

    Attributes:
        keys: (layers, heads, capacity, e), rotated.
        values: (layers, heads, capacity, e).
        pointer_keys: (POINTERS, capacity, width / POINTERS).
        ids: (STORED, capacity).
        first: number in the song of the first stored row.
        filled: rows written by any of the songs that share the arrays.
    """

    keys: Floats
    values: Floats
    pointer_keys: Floats
    ids: Ids
    first: int = 0
    filled: int = 0

    @property
    def capacity(self) -> int:
        """Rows that fit into the arrays."""
        return int(self.ids.shape[1])

    def copy(self, rows: slice) -> "Cache":
        """Return a copy of some rows alone, with a capacity of twice their number."""
        count = rows.stop - rows.start
        capacity = max(FIRST_CAPACITY, 2 * count)
        ids = np.zeros((len(STORED), capacity), np.int64)
        ids[:, :count] = self.ids[:, rows]
        return Cache(
            keys=with_capacity(self.keys, rows, capacity),
            values=with_capacity(self.values, rows, capacity),
            pointer_keys=with_capacity(self.pointer_keys, rows, capacity),
            ids=ids,
            first=self.first + rows.start,
            filled=count,
        )


def with_capacity(floats: Floats, rows: slice, capacity: int) -> Floats:
    """Copy rows, the last axis but one, to the start of an array with more capacity."""
    more = np.zeros((*floats.shape[:-2], capacity, floats.shape[-1]), np.float32)
    more[..., : rows.stop - rows.start, :] = floats[..., rows, :]
    return more


def empty_cache(config: MelodyConfig) -> Cache:
    """Make a cache without rows."""
    attended = (config.layers, config.heads, FIRST_CAPACITY, config.width // config.heads)
    return Cache(
        keys=np.zeros(attended, np.float32),
        values=np.zeros(attended, np.float32),
        pointer_keys=np.zeros((POINTERS, FIRST_CAPACITY, config.width // POINTERS), np.float32),
        ids=np.zeros((len(STORED), FIRST_CAPACITY), np.int64),
    )


@dataclass(frozen=True)
class MelodyState:
    """The net's state after the rows of a song so far; it is never changed.

    Attributes:
        context: (width,) sum of the contexts' embeddings.
        cache: the remembered rows and the last one, possibly between others.
        rows: number of rows of the song.
        match: (seen,) m of the formula, of the last row with each row that it sees.
        rhythm: (seen,) r of the formula, of the same.
    """

    context: Floats
    cache: Cache
    rows: int
    match: Ids
    rhythm: Ids

    @property
    def seen(self) -> slice:
        """Positions in the cache of the rows that the last one sees, which include itself."""
        end = self.rows - self.cache.first
        return slice(end - len(self.match), end)

    @property
    def ids(self) -> Ids:
        """Ids of the seen rows, (STORED, seen)."""
        return self.cache.ids[:, self.seen]

    def append(self, ids: list[int], memory: int, longest: Ids) -> "MelodyState":
        """Return the state with one row more.

        Args:
            ids: of the row, in the order of STORED.
            memory: rows before it that are remembered.
            longest: (memory + 1,) length up to which a match with each seen row is counted.
        """
        seen = min(len(self.match), memory) + 1
        cache = self.writable_cache(seen - 1)
        position = self.rows - cache.first
        cache.ids[:, position] = ids
        cache.filled = position + 1
        rows = cache.ids[:, position + 1 - seen : position + 1]
        same_advance = rows[ADVANCE] == ids[ADVANCE]
        same = same_advance & (rows[INTERVAL] == ids[INTERVAL])
        return replace(
            self,
            cache=cache,
            rows=self.rows + 1,
            match=match_runs(self.match, same, longest),
            rhythm=match_runs(self.rhythm, same_advance, longest),
        )

    def writable_cache(self, count: int) -> Cache:
        """Return the cache if a row can be written after this song's last, else a copy.

        Args:
            count: rows before the end that a copy holds.
        """
        end = self.rows - self.cache.first
        if self.cache.filled == end < self.cache.capacity:
            return self.cache
        return self.cache.copy(slice(end - count, end))


def first_state(context: Floats, cache: Cache) -> MelodyState:
    """Make the state before the first row."""
    empty = np.zeros(0, np.int64)
    return MelodyState(context, cache, 0, empty, empty)


def match_runs(before: Ids, same: Ids, longest: Ids) -> Ids:
    """Count the ids up to the last row that equal those up to each seen row.

    Args:
        before: the counts of the row before, (seen,) or one less.
        same: (seen,) whether the last row's id equals each.
        longest: (seen or more,) largest count at each row: no more than rows are remembered.
    """
    seen = len(same)
    counts = np.ones(seen, np.int64)
    counts[seen - len(before) :] += before
    limited: Ids = np.where(same, np.minimum(counts, longest[:seen]), 0)
    return limited


@dataclass(frozen=True)
class Relations:
    """How the last row relates to each seen row; all (seen,), as in attention.Relations."""

    match: Ids
    rhythm: Ids
    phrase: Ids
    alike: Ids

    def earlier(self) -> "Relations":
        """Return the relations without the last row itself."""
        return Relations(self.match[:-1], self.rhythm[:-1], self.phrase[:-1], self.alike[:-1])


def relate_last_row(state: MelodyState, phrase: int, with_chords: bool) -> Relations:
    """Compute how the last row relates to all that it sees.

    Args:
        state: after that row.
        phrase: bars after which a position in the phrase repeats.
        with_chords: whether the ids include chords.
    """
    ids = state.ids
    last = ids[:, -1]
    same_place = ids[PLACE] == last[PLACE]
    bars = (last[BAR] - ids[BAR]) % phrase
    alike = 2 * same_place
    if with_chords:
        alike = alike + (ids[CHORD] == last[CHORD])
    return Relations(state.match, state.rhythm, np.where(same_place, bars, phrase), alike)
