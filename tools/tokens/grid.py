"""A score on a scheme's grid: the input of every encoder.

Conventions: a tick is `1 / Scheme.ticks_per_beat` of a quarter note, fine enough for the steps of
every meter. A step is a beat of the current meter / 12 (see `token_types`). Each section of one
meter starts on a bar line, and its steps are counted from there.
"""

from dataclasses import dataclass, field

import numpy as np
from symusic.core import ScoreTick

from muse.tools.errors import BadInputError
from muse.tools.tokens.meters import MeterSection, meter_sections, sections_at_notes
from muse.tools.tokens.scheme import Scheme
from muse.tools.tokens.token_types import (
    DEFAULT_TEMPO,
    DRUMS,
    DURATION_STEPS,
    PERTOK_DURATION_TICKS,
    STEPS_PER_BEAT,
    TEMPOS,
    VELOCITIES,
)

MAX_BARS_WRITTEN = 2_000_000  # of all tracks; a file with more is damaged
TEMPO_MSPQ = 60e6 / TEMPOS[::-1]  # microseconds per quarter note, ascending
PERTOK_ORDER = np.argsort(PERTOK_DURATION_TICKS, kind="stable")
PERTOK_RISING = PERTOK_DURATION_TICKS[PERTOK_ORDER]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
NOTE_FIELDS = ("start", "length", "duration", "pitch", "velocity", "program", "track", "place")


@dataclass(frozen=True)
class Grid:
    """A score in ticks of a scheme.

    Attributes:
        scheme: defines the grid.
        sections: meters by start; the first starts at 0.
        tempos: (tick, index in `token_types.TEMPOS`) by tick; the first at 0.
        notes: arrays of equal length, sorted by start: `start` and `length` in ticks, `duration`
            (index in the scheme's table of durations), `pitch`, `velocity` (index in `VELOCITIES`),
            `program` (0 to 127, -1 for drums), `track` (index among the tracks with notes), `place`
            (index in `raw_notes`).
        losses: counts of what the scheme has no tokens for, by kind.
    """

    scheme: Scheme
    sections: list[MeterSection]
    tempos: list[tuple[int, int]]
    notes: dict[str, Ints]
    losses: dict[str, int] = field(default_factory=dict)

    def last_event(self) -> int:
        """Return the tick of the last onset or change of tempo or meter."""
        start = self.notes["start"]
        last = int(start[-1]) if len(start) else 0
        return max(last, self.tempos[-1][0], self.sections[-1].start)

    def bars(self, last: int | None = None) -> list[tuple[int, MeterSection]]:
        """Return start in ticks and section of every bar up to that of the tick `last`.

        Without `last`, up to the bar of the last event.
        """
        last = self.last_event() if last is None else last
        ends = [section.start for section in self.sections[1:]] + [last + 1]
        return [
            (start, section)
            for section, end in zip(self.sections, ends, strict=True)
            for start in range(section.start, end, section.bar)
        ]


def lay_on_grid(score: ScoreTick, scheme: Scheme, name: str = "input") -> Grid:
    """Put a score on the grid of a scheme.

    Args:
        score: not changed.
        scheme: defines the grid.
        name: of the score in messages.

    Raises:
        BadInputError: more bars than `MAX_BARS_WRITTEN`.
    """
    losses: dict[str, int] = {}
    sections = meter_sections(score, scheme, losses)
    raw = raw_notes(score, merge="tracks" not in scheme.features)
    if scheme.max_bars and "meter" in scheme.features:
        times = np.unique(raw["time"]) * scheme.ticks_per_beat
        tpq = score.ticks_per_quarter
        sections = sections_at_notes(sections, times.tolist(), tpq, scheme.ticks_per_beat)
    tempos = tempo_steps(score, scheme, sections)
    notes = notes_on_grid(raw, score, scheme, sections, losses)
    grid = Grid(scheme, sections, tempos, notes, losses)
    check_bar_count(grid, name)
    return grid


def check_bar_count(grid: Grid, name: str) -> None:
    """Raise BadInputError for a score that would fill the memory with empty bars."""
    shortest = min(section.bar for section in grid.sections)
    tracks = len(np.unique(grid.notes["track"])) if "tracks" in grid.scheme.features else 1
    if grid.last_event() // shortest * tracks > MAX_BARS_WRITTEN:
        raise BadInputError(f"{name}: more than {MAX_BARS_WRITTEN} bars; the file is damaged")


def snap_times(times: Ints, score: ScoreTick, scheme: Scheme, sections: list[MeterSection]) -> Ints:
    """Return times of the score in ticks, on the nearest step of their section, halves up."""
    if scheme.has_micro_timing:
        return divide_round_half_up(times * scheme.ticks_per_beat, score.ticks_per_quarter)
    tpq, exact = score.ticks_per_quarter, times * scheme.ticks_per_beat  # ticks times tpq, exact
    starts, steps = section_columns(sections)
    place = np.searchsorted(starts * tpq, exact, side="right") - 1
    step = steps[place]
    return starts[place] + divide_round_half_up(exact - starts[place] * tpq, step * tpq) * step


def section_columns(sections: list[MeterSection]) -> tuple[Ints, Ints]:
    """Return starts and step lengths of sections."""
    starts = np.array([section.start for section in sections], np.int64)
    return starts, np.array([section.step for section in sections], np.int64)


def snap(ticks: Ints, sections: list[MeterSection]) -> Ints:
    """Return ticks on the nearest step of their section, halves up."""
    starts, steps = section_columns(sections)
    place = np.searchsorted(starts, ticks, side="right") - 1
    return starts[place] + divide_round_half_up(ticks - starts[place], steps[place]) * steps[place]


def divide_round_half_up(numbers: Ints, divisor: Ints | int) -> Ints:
    """Return rounded quotients of non-negative integers, halves up, in integer arithmetic."""
    quotients: Ints = (2 * numbers + divisor) // (2 * divisor)
    return quotients


def steps_at(ticks: Ints, sections: list[MeterSection]) -> Ints:
    """Return the length of a step in ticks at each tick."""
    starts, steps = section_columns(sections)
    found: Ints = steps[np.searchsorted(starts, ticks, side="right") - 1]
    return found


def tempo_steps(
    score: ScoreTick, scheme: Scheme, sections: list[MeterSection]
) -> list[tuple[int, int]]:
    """Return the tempos as (tick, index in `TEMPOS`); the last of several at one tick counts."""
    arrays = score.tempos.numpy()
    order = np.argsort(arrays["time"], kind="stable")
    times = snap_times(arrays["time"][order].astype(np.int64), score, scheme, sections)
    places = len(TEMPOS) - 1 - nearest(TEMPO_MSPQ, arrays["mspq"][order].astype(np.float64))
    found = dict(zip(times.tolist(), places.tolist(), strict=True))
    found.setdefault(0, int(np.argmin(np.abs(TEMPOS - DEFAULT_TEMPO))))
    return sorted(found.items())


def nearest(table: np.ndarray, values: np.ndarray) -> Ints:
    """Return the indices of the nearest entries of an ascending table; the larger of a tie."""
    above = np.minimum(np.searchsorted(table, values, side="left"), len(table) - 1)
    below = np.maximum(above - 1, 0)
    is_below = np.abs(values - table[below]) < np.abs(values - table[above])
    return np.where(is_below, below, above).astype(np.int64)


def notes_on_grid(
    raw: dict[str, Ints],
    score: ScoreTick,
    scheme: Scheme,
    sections: list[MeterSection],
    losses: dict[str, int],
) -> dict[str, Ints]:
    """Return the notes on the grid, sorted by start and track, and within a track as in MidiTok."""
    start = snap_times(raw["time"], score, scheme, sections)
    step = np.ones_like(start) if scheme.has_micro_timing else steps_at(start, sections)
    steps = divide_round_half_up(
        raw["duration"] * scheme.ticks_per_beat, step * score.ticks_per_quarter
    )
    steps = np.maximum(steps, 1)
    if scheme.max_beats:
        beat = scheme.ticks_per_beat if scheme.has_micro_timing else STEPS_PER_BEAT
        if cut := int((steps > scheme.max_beats * beat).sum()):
            losses["note too long"] = cut
        duration, length = fit_durations(steps, scheme)
        length = length * step
    else:  # ends are on the steps of the section that they are in
        duration, length = np.zeros_like(start), snap(start + steps * step, sections) - start
    velocity = nearest(VELOCITIES, raw["velocity"])
    # without durations, the order of the onsets decides which note ends first
    rank = raw["rank"] if "overlaps" in scheme.features else raw["time"]
    order = np.lexsort((raw["velocity"], raw["pitch"], steps, rank, raw["track"], start))
    columns = (start, length, duration, raw["pitch"], velocity, raw["program"], raw["track"])
    laid = [column[order] for column in columns]
    return dict(zip(NOTE_FIELDS, [*laid, order], strict=True))


def fit_durations(steps: Ints, scheme: Scheme) -> tuple[Ints, Ints]:
    """Return indices in the scheme's table of durations, and those durations in steps."""
    if scheme.has_micro_timing:
        places = PERTOK_ORDER[nearest(PERTOK_RISING, steps)]
        return places, PERTOK_DURATION_TICKS[places]
    places = nearest(DURATION_STEPS, steps)
    return places, DURATION_STEPS[places]


def raw_notes(score: ScoreTick, merge: bool) -> dict[str, Ints]:
    """Return the notes with velocity above 0, track by track.

    With `merge`, tracks of the same program are one.
    """
    groups: dict[int, list[dict[str, Ints]]] = {}
    programs: dict[int, int] = {}
    for number, track in enumerate(score.tracks):
        if not len(track.notes):
            continue
        program = DRUMS if track.is_drum else int(track.program)
        key = program if merge else number
        programs[key] = program
        groups.setdefault(key, []).append(track.notes.numpy())
    parts = [merge_tracks(arrays) for arrays in groups.values()]
    raw = {
        key: np.concatenate([np.zeros(0, np.int64), *(part[key] for part in parts)])
        for key in ("time", "duration", "pitch", "velocity")
    }
    sizes = [len(part["time"]) for part in parts]
    raw["track"] = np.repeat(np.arange(len(parts)), sizes)
    # notes of a single track keep the order of the file; merged tracks have no common order
    alone = np.repeat(np.array([len(arrays) == 1 for arrays in groups.values()], bool), sizes)
    raw["rank"] = np.where(alone, np.arange(len(alone)), 0)
    raw["program"] = np.repeat(np.array([programs[key] for key in groups], np.int64), sizes)
    return raw


def merge_tracks(arrays: list[dict[str, Ints]]) -> dict[str, Ints]:
    """Return the notes of several tracks with velocity above 0 as one set of arrays."""
    keys = ("time", "duration", "pitch", "velocity")
    notes = {key: np.concatenate([part[key] for part in arrays]).astype(np.int64) for key in keys}
    sounds = notes["velocity"] > 0
    return {key: notes[key][sounds] for key in keys}
