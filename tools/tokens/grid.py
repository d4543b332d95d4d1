"""A score laid on a scheme's grid: what every encoder starts from.

Conventions:
    A tick is the scheme's own, `Scheme.ticks_per_beat` to a quarter note, fine enough for the
    steps of every metre. A step is a beat of the metre in force / 12 (see `alphabet`); each
    section of one metre starts on a bar line, and its steps are counted from there.
"""

from dataclasses import dataclass, field

import numpy as np
from symusic.core import ScoreTick

from muse.tools.errors import BadInputError
from muse.tools.tokens.meters import Section, heard_sections, metre_sections
from muse.tools.tokens.schemes import Scheme
from muse.tools.tokens.token_types import (
    DEFAULT_TEMPO,
    DRUMS,
    DURATION_STEPS,
    PERTOK_DURATION_TICKS,
    STEPS_PER_BEAT,
    TEMPOS,
    VELOCITIES,
)

MAX_BARS_WRITTEN = 2_000_000  # of all tracks; past that a file is taken for broken
TEMPO_MSPQ = 60e6 / TEMPOS[::-1]  # microseconds a quarter note, rising
PERTOK_ORDER = np.argsort(PERTOK_DURATION_TICKS, kind="stable")
PERTOK_RISING = PERTOK_DURATION_TICKS[PERTOK_ORDER]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
NOTE_FIELDS = ("start", "length", "duration", "pitch", "velocity", "program", "track", "place")


@dataclass(frozen=True)
class Grid:
    """A score in ticks of a scheme.

    Attributes:
        scheme: whose grid it is.
        sections: by start; the first at 0.
        tempos: (tick, place in `alphabet.TEMPOS`), by tick, the first at 0.
        notes: arrays of one length, by start: `start`, `length` in ticks, `duration` the place in
            the scheme's table of durations, `pitch`, `velocity` the place in `VELOCITIES`,
            `program` 0-127 or -1 for drums, `track` the place among the tracks with notes, `place`
            that of the note in `raw_notes`.
        losses: what was lost for want of tokens, counted by kind.
    """

    scheme: Scheme
    sections: list[Section]
    tempos: list[tuple[int, int]]
    notes: dict[str, Ints]
    losses: dict[str, int] = field(default_factory=dict)

    def last_event(self) -> int:
        """Tick of the last onset, change of tempo or of metre."""
        start = self.notes["start"]
        last = int(start[-1]) if len(start) else 0
        return max(last, self.tempos[-1][0], self.sections[-1].start)

    def bars(self, last: int | None = None) -> list[tuple[int, Section]]:
        """Start in ticks and section of every bar up to the one that a tick lies in.

        Without a tick up to the last bar that something happens in.
        """
        last = self.last_event() if last is None else last
        ends = [section.start for section in self.sections[1:]] + [last + 1]
        return [
            (start, section)
            for section, end in zip(self.sections, ends, strict=True)
            for start in range(section.start, end, section.bar)
        ]


def lay(score: ScoreTick, scheme: Scheme, name: str = "input") -> Grid:
    """Lay a score on the grid of a scheme.

    Args:
        score: as read; it is not changed.
        scheme: whose grid.
        name: what to call the score in a message.

    Raises:
        BadInputError: more bars than `MAX_BARS_WRITTEN`.
    """
    losses: dict[str, int] = {}
    sections = metre_sections(score, scheme, losses)
    raw = raw_notes(score, merge="tracks" not in scheme.holds)
    if scheme.max_bars and "metre" in scheme.holds:
        times = np.unique(raw["time"]) * scheme.ticks_per_beat
        tpq = score.ticks_per_quarter
        sections = heard_sections(sections, times.tolist(), tpq, scheme.ticks_per_beat)
    tempos = tempo_steps(score, scheme, sections)
    notes = lay_notes(raw, score, scheme, sections, losses)
    grid = Grid(scheme, sections, tempos, notes, losses)
    refuse_endless(grid, name)
    return grid


def refuse_endless(grid: Grid, name: str) -> None:
    """Raise BadInputError for a score that would fill the memory with empty bars."""
    shortest = min(section.bar for section in grid.sections)
    tracks = len(np.unique(grid.notes["track"])) if "tracks" in grid.scheme.holds else 1
    if grid.last_event() // shortest * tracks > MAX_BARS_WRITTEN:
        raise BadInputError(f"{name}: more than {MAX_BARS_WRITTEN} bars; it is damaged, not music")


def to_grid(times: Ints, score: ScoreTick, scheme: Scheme, sections: list[Section]) -> Ints:
    """Times of the score on the nearest step of the section they lie in, halves up, in ticks."""
    if scheme.is_fine:
        return rounded(times * scheme.ticks_per_beat, score.ticks_per_quarter)
    tpq, exact = score.ticks_per_quarter, times * scheme.ticks_per_beat  # tick * tpq
    starts, steps = columns_of(sections)
    place = np.searchsorted(starts * tpq, exact, side="right") - 1
    step = steps[place]
    return starts[place] + rounded(exact - starts[place] * tpq, step * tpq) * step


def columns_of(sections: list[Section]) -> tuple[Ints, Ints]:
    """Starts of sections, and their steps."""
    starts = np.array([section.start for section in sections], np.int64)
    return starts, np.array([section.step for section in sections], np.int64)


def snapped(ticks: Ints, sections: list[Section]) -> Ints:
    """Ticks on the nearest step of the section they lie in, halves up."""
    starts, steps = columns_of(sections)
    place = np.searchsorted(starts, ticks, side="right") - 1
    return starts[place] + rounded(ticks - starts[place], steps[place]) * steps[place]


def rounded(numbers: Ints, divisor: Ints | int) -> Ints:
    """Whole quotients of non-negative numbers, halves up, without the rounding of floats."""
    quotients: Ints = (2 * numbers + divisor) // (2 * divisor)
    return quotients


def steps_at(ticks: Ints, sections: list[Section]) -> Ints:
    """Length of a step, in ticks, at each of some ticks."""
    starts, steps = columns_of(sections)
    found: Ints = steps[np.searchsorted(starts, ticks, side="right") - 1]
    return found


def tempo_steps(score: ScoreTick, scheme: Scheme, sections: list[Section]) -> list[tuple[int, int]]:
    """The tempos as (tick, place in `TEMPOS`); the last of those on one tick counts."""
    arrays = score.tempos.numpy()
    order = np.argsort(arrays["time"], kind="stable")
    times = to_grid(arrays["time"][order].astype(np.int64), score, scheme, sections)
    places = len(TEMPOS) - 1 - nearest(TEMPO_MSPQ, arrays["mspq"][order].astype(np.float64))
    found = dict(zip(times.tolist(), places.tolist(), strict=True))
    found.setdefault(0, int(np.argmin(np.abs(TEMPOS - DEFAULT_TEMPO))))
    return sorted(found.items())


def nearest(table: np.ndarray, values: np.ndarray) -> Ints:
    """Places of the nearest entries of a rising table; of two as near, the greater."""
    above = np.minimum(np.searchsorted(table, values, side="left"), len(table) - 1)
    below = np.maximum(above - 1, 0)
    is_below = np.abs(values - table[below]) < np.abs(values - table[above])
    return np.where(is_below, below, above).astype(np.int64)


def lay_notes(
    raw: dict[str, Ints],
    score: ScoreTick,
    scheme: Scheme,
    sections: list[Section],
    losses: dict[str, int],
) -> dict[str, Ints]:
    """The notes on the grid, by start, track, and as MidiTok has them in a track."""
    start = to_grid(raw["time"], score, scheme, sections)
    step = np.ones_like(start) if scheme.is_fine else steps_at(start, sections)
    steps = rounded(raw["duration"] * scheme.ticks_per_beat, step * score.ticks_per_quarter)
    steps = np.maximum(steps, 1)
    if scheme.max_beats:
        beat = scheme.ticks_per_beat if scheme.is_fine else STEPS_PER_BEAT
        if cut := int((steps > scheme.max_beats * beat).sum()):
            losses["note too long"] = cut
        duration, length = fit(steps, scheme)
        length = length * step
    else:  # ends have places of their own, on the steps of the section that they lie in
        duration, length = np.zeros_like(start), snapped(start + steps * step, sections) - start
    velocity = nearest(VELOCITIES, raw["velocity"])
    # which is first to begin says which is first to end, where there are no durations
    rank = raw["rank"] if "overlaps" in scheme.holds else raw["time"]
    order = np.lexsort((raw["velocity"], raw["pitch"], steps, rank, raw["track"], start))
    columns = (start, length, duration, raw["pitch"], velocity, raw["program"], raw["track"])
    laid = [column[order] for column in columns]
    return dict(zip(NOTE_FIELDS, [*laid, order], strict=True))


def fit(steps: Ints, scheme: Scheme) -> tuple[Ints, Ints]:
    """Places in the scheme's table of durations, and the steps they last."""
    if scheme.is_fine:
        places = PERTOK_ORDER[nearest(PERTOK_RISING, steps)]
        return places, PERTOK_DURATION_TICKS[places]
    places = nearest(DURATION_STEPS, steps)
    return places, DURATION_STEPS[places]


def raw_notes(score: ScoreTick, merge: bool) -> dict[str, Ints]:
    """Notes that sound, as read, track after track; with `merge` one track for each program."""
    groups: dict[int, list[dict[str, Ints]]] = {}
    programs: dict[int, int] = {}
    for number, track in enumerate(score.tracks):
        if not len(track.notes):
            continue
        program = DRUMS if track.is_drum else int(track.program)
        key = program if merge else number
        programs[key] = program
        groups.setdefault(key, []).append(track.notes.numpy())
    parts = [gather(arrays) for arrays in groups.values()]
    raw = {
        key: np.concatenate([np.zeros(0, np.int64), *(part[key] for part in parts)])
        for key in ("time", "duration", "pitch", "velocity")
    }
    sizes = [len(part["time"]) for part in parts]
    raw["track"] = np.repeat(np.arange(len(parts)), sizes)
    # notes of one track keep the order of the file; those of several have none to keep
    alone = np.repeat(np.array([len(arrays) == 1 for arrays in groups.values()], bool), sizes)
    raw["rank"] = np.where(alone, np.arange(len(alone)), 0)
    raw["program"] = np.repeat(np.array([programs[key] for key in groups], np.int64), sizes)
    return raw


def gather(arrays: list[dict[str, Ints]]) -> dict[str, Ints]:
    """The notes of several tracks that sound, as one."""
    keys = ("time", "duration", "pitch", "velocity")
    notes = {key: np.concatenate([part[key] for part in arrays]).astype(np.int64) for key in keys}
    sounds = notes["velocity"] > 0
    return {key: notes[key][sounds] for key in keys}
