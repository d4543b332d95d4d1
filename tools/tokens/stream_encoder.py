"""Shared parts of encoders whose tokens follow one another: events of notes, tempos and meters."""

from collections.abc import Iterable
from functools import lru_cache

from muse.tools.tokens.grid import Grid, Ints
from muse.tools.tokens.token_types import DRUMS, DURATION_STEPS
from muse.tools.tokens.vocabulary import Field

Event = tuple[int, list[int]]  # tick, ids
NOTE_TYPES = ("Program", "Pitch", "Velocity", "Duration")
NESTED_NOTE = "note inside another of the same pitch"  # kind of loss


def program_index(program: int) -> int:
    """Return the index of a program among the values of its type; drums are last."""
    return 128 if program == DRUMS else program


def note_ids(grid: Grid, vocabulary: Field, kinds: Iterable[str]) -> list[list[int]]:
    """Return the ids of the given token types for each note."""
    columns = {
        "Program": grid.notes["program"] % 129,  # drums (-1) are last
        "Pitch": grid.notes["pitch"],
        "NoteOn": grid.notes["pitch"],
        "Velocity": grid.notes["velocity"],
        "Duration": grid.notes["duration"],
    }
    lists = [(columns[kind] + vocabulary.first[kind]).tolist() for kind in kinds]
    return [list(row) for row in zip(*lists, strict=True)]


def tempo_events(grid: Grid, vocabulary: Field) -> list[Event]:
    """Return the changes of tempo as events."""
    first = vocabulary.first["Tempo"]
    return [(tick, [first + place]) for tick, place in grid.tempos]


def merge_events(*groups: Iterable[Event]) -> list[Event]:
    """Return the events of all groups by tick; at one tick in the order of the groups."""
    return sorted((event for group in groups for event in group), key=lambda event: event[0])


def add_bars(grid: Grid, events: list[Event], vocabulary: Field) -> list[int]:
    """Return the ids of events, with bars, meters and positions inserted."""
    bar, meter, position = (vocabulary.first[kind] for kind in ("Bar", "TimeSig", "Position"))
    ids: list[int] = []
    place, start, step, previous = 0, 0, 1, -1
    bars = grid.bars(max(events[-1][0], grid.sections[-1].start))
    for tick, row in events:
        while place < len(bars) and bars[place][0] <= tick:
            start, section = bars[place]
            step = section.step
            ids += (bar, meter + section.number)
            place += 1
        if tick != previous:
            ids.append(position + (tick - start) // step)
            previous = tick
        ids += row
    for _, section in bars[place:]:
        ids += (bar, meter + section.number)
    return ids


def meter_events(grid: Grid, vocabulary: Field) -> list[Event]:
    """Return the changes of meter as events."""
    first = vocabulary.first["TimeSig"]
    return [(section.start, [first + section.number]) for section in grid.sections]


def add_shifts(grid: Grid, events: list[Event], vocabulary: Field) -> list[int]:
    """Return the ids of events, with time shifts inserted."""
    shift = vocabulary.first["TimeShift"]
    sections, step, previous = iter([*grid.sections, None]), 1, 0
    following = next(sections)
    ids: list[int] = []
    for tick, row in events:
        if tick != previous:
            ids += [shift + place for place in split_shift((tick - previous) // step)]
            previous = tick
        while following and following.start <= tick:
            step, following = following.step, next(sections)
        ids += row
    return ids


@lru_cache(maxsize=4096)
def split_shift(steps: int) -> tuple[int, ...]:
    """Return the indices of the longest durations that add up to a number of steps."""
    places = []
    while steps > 0:
        places.append(int(DURATION_STEPS.searchsorted(steps, side="right")) - 1)
        steps -= int(DURATION_STEPS[places[-1]])
    return tuple(places)


def swap_nested_ends(grid: Grid) -> Ints:
    """Return note ends, swapped so that notes of one pitch end in the order of their onsets.

    A note-off does not name its note: decoders end the note of its pitch and program that began
    first.
    """
    notes = grid.notes
    ends = notes["start"] + notes["length"]
    voice = notes["program"] * 128 + notes["pitch"]
    by_start, by_end = voice.argsort(kind="stable"), ends.argsort(kind="stable")
    by_end = by_end[voice[by_end].argsort(kind="stable")]
    swapped_ends = ends.copy()
    swapped_ends[by_start] = ends[by_end]
    if count := int((swapped_ends != ends).sum()):
        grid.losses[NESTED_NOTE] = count
    return swapped_ends


def notes_with_swapped_ends(grid: Grid) -> Ints:
    """Return the indices in `raw_notes` of notes that get another's end; see `swap_nested_ends`."""
    notes = grid.notes
    found: Ints = notes["place"][swap_nested_ends(grid) != notes["start"] + notes["length"]]
    return found
