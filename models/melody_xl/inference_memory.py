"""What the reader of the net over melodies remembers of a song, and what it asks of that.

Keys, values and ids of the rows so far are kept in arrays that only ever grow at their end, so that
the continuations of one song share them until they part; when such arrays are full, the rows that
are still remembered move to new ones.
"""

from dataclasses import dataclass, replace

import numpy as np

from muse.models.melody_xl.config import POINTERS, MelodyConfig
from muse.models.numpy_layers import Floats, Ids

FIRST_ROOM = 64  # rows that there is room for at first; doubled when full
KEPT = ("pitch", "interval", "advance", "duration", "place", "bar", "chord")  # rows of the ids
PITCH, INTERVAL, ADVANCE, DURATION, PLACE, BAR, CHORD = range(len(KEPT))


@dataclass
class Past:
    """What is kept of each row; the last axis but one of floats, the last of ids, is the row.

    Attributes:
        keys: (layers, heads, room, e), turned.
        values: (layers, heads, room, e).
        pointed: (POINTERS, room, width / POINTERS), the pointers' keys.
        ids: (KEPT, room).
        first: number in the song of the first row.
        filled: rows that are written by any of the songs that share this.
    """

    keys: Floats
    values: Floats
    pointed: Floats
    ids: Ids
    first: int = 0
    filled: int = 0

    @property
    def room(self) -> int:
        """Rows that there is room for."""
        return int(self.ids.shape[1])

    def copy(self, rows: slice) -> "Past":
        """Some of the rows alone, with room for as many again."""
        kept = rows.stop - rows.start
        room = max(FIRST_ROOM, 2 * kept)
        ids = np.zeros((len(KEPT), room), np.int64)
        ids[:, :kept] = self.ids[:, rows]
        return Past(
            keys=moved(self.keys, rows, room),
            values=moved(self.values, rows, room),
            pointed=moved(self.pointed, rows, room),
            ids=ids,
            first=self.first + rows.start,
            filled=kept,
        )


def moved(floats: Floats, rows: slice, room: int) -> Floats:
    """Rows of the last axis but one, at the start of one with more room."""
    more = np.zeros((*floats.shape[:-2], room, floats.shape[-1]), np.float32)
    more[..., : rows.stop - rows.start, :] = floats[..., rows, :]
    return more


def no_past(config: MelodyConfig) -> Past:
    """A song of no rows."""
    attended = (config.layers, config.heads, FIRST_ROOM, config.width // config.heads)
    return Past(
        keys=np.zeros(attended, np.float32),
        values=np.zeros(attended, np.float32),
        pointed=np.zeros((POINTERS, FIRST_ROOM, config.width // POINTERS), np.float32),
        ids=np.zeros((len(KEPT), FIRST_ROOM), np.int64),
    )


@dataclass(frozen=True)
class MelodyState:
    """A song so far; it never changes.

    Attributes:
        context: (width,), what holds for the whole song, embedded.
        past: the remembered rows and the last one, perhaps with others before and behind them.
        rows: how many of the song there have been.
        match: (seen,), m of the formula for the last row and each that it sees.
        rhythm: (seen,), r of the same.
    """

    context: Floats
    past: Past
    rows: int
    match: Ids
    rhythm: Ids

    @property
    def seen(self) -> slice:
        """Where in the past the rows are that the last one sees, itself the last of them."""
        end = self.rows - self.past.first
        return slice(end - len(self.match), end)

    @property
    def ids(self) -> Ids:
        """(KEPT, seen)."""
        return self.past.ids[:, self.seen]

    def grown(self, ids: list[int], memory: int, longest: Ids) -> "MelodyState":
        """One row later.

        Args:
            ids: KEPT of the row.
            memory: rows before it that are remembered.
            longest: (memory + 1,), longest match that is counted at each row seen.
        """
        seen = min(len(self.match), memory) + 1
        past = self.ground(seen - 1)
        place = self.rows - past.first
        past.ids[:, place] = ids
        past.filled = place + 1
        rows = past.ids[:, place + 1 - seen : place + 1]
        same_advance = rows[ADVANCE] == ids[ADVANCE]
        same = same_advance & (rows[INTERVAL] == ids[INTERVAL])
        return replace(
            self,
            past=past,
            rows=self.rows + 1,
            match=runs(self.match, same, longest),
            rhythm=runs(self.rhythm, same_advance, longest),
        )

    def ground(self, kept: int) -> Past:
        """The past if a row more can be written behind this song's last, else a copy of it."""
        end = self.rows - self.past.first
        if self.past.filled == end < self.past.room:
            return self.past
        return self.past.copy(slice(end - kept, end))


def no_song(context: Floats, past: Past) -> MelodyState:
    """A song of no rows."""
    nothing = np.zeros(0, np.int64)
    return MelodyState(context, past, 0, nothing, nothing)


def runs(before: Ids, same: Ids, longest: Ids) -> Ids:
    """How many ids up to the last equal those up to each row seen.

    Args:
        before: the same of the row before.
        same: (seen,), whether the last equals each.
        longest: (seen or more,), what is counted up to: no more than there are rows remembered.
    """
    seen = len(same)
    grown = np.ones(seen, np.int64)
    grown[seen - len(before) :] += before  # each that of the row before: as many, or one less
    counted: Ids = np.where(same, np.minimum(grown, longest[:seen]), 0)
    return counted


@dataclass(frozen=True)
class Relations:
    """How the last row relates to each row seen; all (seen,).

    Attributes:
        match: notes up to the last that equal those up to the row, in interval and advance.
        rhythm: the same in advance alone.
        phrase: bars between the notes after the two, modulo, where both have the same place in the
            bar; else one more.
        alike: of the notes after the two: the chord is the same (1), the place is (2).
    """

    match: Ids
    rhythm: Ids
    phrase: Ids
    alike: Ids

    def earlier(self) -> "Relations":
        """The same without the last row itself."""
        return Relations(self.match[:-1], self.rhythm[:-1], self.phrase[:-1], self.alike[:-1])


def relations_of(state: MelodyState, phrase: int, with_chords: bool) -> Relations:
    """How the last row relates to all that it sees.

    Args:
        state: with that row.
        phrase: bars after which a place comes again.
        with_chords: whether chords are told.
    """
    ids = state.ids
    last = ids[:, -1]
    same_place = ids[PLACE] == last[PLACE]
    bars = (last[BAR] - ids[BAR]) % phrase
    alike = 2 * same_place
    if with_chords:
        alike = alike + (ids[CHORD] == last[CHORD])
    return Relations(state.match, state.rhythm, np.where(same_place, bars, phrase), alike)
