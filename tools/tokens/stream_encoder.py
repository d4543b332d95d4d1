"""From a grid to ids: the schemes whose tokens stand one after another."""

from collections.abc import Iterable
from functools import lru_cache

from muse.tools.tokens.grid import Grid, Ints
from muse.tools.tokens.meters import Section
from muse.tools.tokens.token_types import (
    DRUMS,
    DURATION_STEPS,
    MICRO_TICKS,
    PERTOK_DURATION_TICKS,
    PERTOK_TICKS,
)
from muse.tools.tokens.vocabulary import Field, fields_of

Event = tuple[int, list[int]]  # tick, ids
INSIDE = "note inside another of its pitch"
PERTOK_SOONEST = int(PERTOK_DURATION_TICKS.min()) // 2  # ticks; nearer is left to micro timing
MICRO_STEP = int(MICRO_TICKS[1] - MICRO_TICKS[0])  # ticks
MICRO_REACH = int(MICRO_TICKS[-1])  # ticks
# tick -> place of the nearest shift, up to the longest
PERTOK_NEAREST = [
    int(abs(PERTOK_DURATION_TICKS - tick).argmin())
    for tick in range(int(PERTOK_DURATION_TICKS.max()) + PERTOK_TICKS)
]


def program_place(program: int) -> int:
    """Place of a program among the values of its type; drums are last."""
    return 128 if program == DRUMS else program


def note_rows(grid: Grid, vocabulary: Field, kinds: Iterable[str]) -> list[list[int]]:
    """For each note the ids of these types of token."""
    columns = {
        "Program": grid.notes["program"] % 129,  # -1 for drums is the last
        "Pitch": grid.notes["pitch"],
        "NoteOn": grid.notes["pitch"],
        "Velocity": grid.notes["velocity"],
        "Duration": grid.notes["duration"],
    }
    lists = [(columns[kind] + vocabulary.first[kind]).tolist() for kind in kinds]
    return [list(row) for row in zip(*lists, strict=True)]


def tempo_events(grid: Grid, vocabulary: Field) -> list[Event]:
    """The changes of tempo, as events."""
    first = vocabulary.first["Tempo"]
    return [(tick, [first + place]) for tick, place in grid.tempos]


def in_order(*groups: Iterable[Event]) -> list[Event]:
    """Events by tick; of one tick, as the groups are given."""
    return sorted((event for group in groups for event in group), key=lambda event: event[0])


def write_remi(grid: Grid) -> list[int]:
    """REMI+: bars with their metres, positions in the bar, then tempos and notes.

    Source: Huang and Yang 2020, "Pop Music Transformer"; von Rütte et al. 2022, "FIGARO".
    """
    vocabulary = fields_of(grid.scheme.name)[0]
    rows = note_rows(grid, vocabulary, ("Program", "Pitch", "Velocity", "Duration"))
    notes = zip(grid.notes["start"].tolist(), rows, strict=True)
    return with_bars(grid, in_order(tempo_events(grid, vocabulary), notes), vocabulary)


def with_bars(grid: Grid, events: list[Event], vocabulary: Field) -> list[int]:
    """Events with tokens of bars, metres and positions before them."""
    bar, metre, position = (vocabulary.first[kind] for kind in ("Bar", "TimeSig", "Position"))
    ids: list[int] = []
    place, start, step, previous = 0, 0, 1, -1
    bars = grid.bars(max(events[-1][0], grid.sections[-1].start))
    for tick, row in events:
        while place < len(bars) and bars[place][0] <= tick:
            start, section = bars[place]
            step = section.step
            ids += (bar, metre + section.number)
            place += 1
        if tick != previous:
            ids.append(position + (tick - start) // step)
            previous = tick
        ids += row
    for _, section in bars[place:]:
        ids += (bar, metre + section.number)
    return ids


def write_mmm(grid: Grid) -> list[int]:
    """MMM: the tracks one after another, each as REMI without programs.

    Source: Ens and Pasquier 2020, "MMM: Exploring Conditional Multi-Track Music Generation".
    """
    vocabulary = fields_of(grid.scheme.name)[0]
    begin, tempos = vocabulary.first["Track"], tempo_events(grid, vocabulary)
    rows = note_rows(grid, vocabulary, ("Pitch", "Velocity", "Duration"))
    starts, tracks = grid.notes["start"].tolist(), grid.notes["track"].tolist()
    programs = dict(zip(tracks, grid.notes["program"].tolist(), strict=True))
    parts: dict[int, list[Event]] = {track: [] for track in sorted(programs)}
    for tick, track, row in zip(starts, tracks, rows, strict=True):
        parts[track].append((tick, row))
    ids: list[int] = []
    for track, notes in parts.items():
        program = vocabulary.first["Program"] + program_place(programs[track])
        music = with_bars(grid, in_order(tempos, notes), vocabulary)
        ids += (begin, program, *music, begin + 1)
    return ids or [begin, *with_bars(grid, tempos, vocabulary), begin + 1]


def write_shifts(grid: Grid) -> list[int]:
    """TSD: metres, tempos and notes with the time between them.

    Source: Fradet et al. 2023, "Byte Pair Encoding for Symbolic Music".
    """
    vocabulary = fields_of(grid.scheme.name)[0]
    rows = note_rows(grid, vocabulary, ("Program", "Pitch", "Velocity", "Duration"))
    notes = zip(grid.notes["start"].tolist(), rows, strict=True)
    events = in_order(metre_events(grid, vocabulary), tempo_events(grid, vocabulary), notes)
    return with_shifts(grid, events, vocabulary)


def metre_events(grid: Grid, vocabulary: Field) -> list[Event]:
    """The changes of metre, as events."""
    first = vocabulary.first["TimeSig"]
    return [(section.start, [first + section.number]) for section in grid.sections]


def with_shifts(grid: Grid, events: list[Event], vocabulary: Field) -> list[int]:
    """Events with tokens of the time between them."""
    shift = vocabulary.first["TimeShift"]
    sections, step, previous = iter([*grid.sections, None]), 1, 0
    following = next(sections)
    ids: list[int] = []
    for tick, row in events:
        if tick != previous:
            ids += [shift + place for place in shifts((tick - previous) // step)]
            previous = tick
        while following and following.start <= tick:
            step, following = following.step, next(sections)
        ids += row
    return ids


@lru_cache(maxsize=4096)
def shifts(steps: int) -> tuple[int, ...]:
    """The places of the longest durations that add up to a number of steps."""
    places = []
    while steps > 0:
        places.append(int(DURATION_STEPS.searchsorted(steps, side="right")) - 1)
        steps -= int(DURATION_STEPS[places[-1]])
    return tuple(places)


def write_midi_like(grid: Grid) -> list[int]:
    """MIDI-Like: the messages of a MIDI file, note-ons and note-offs, with the time between them.

    Source: Oore et al. 2018, "This Time with Feeling: Learning Expressive Musical Performance".
    """
    vocabulary = fields_of(grid.scheme.name)[0]
    ends = ends_in_turn(grid)
    on = note_rows(grid, vocabulary, ("Program", "NoteOn", "Velocity"))
    off_ids = grid.notes["pitch"] + vocabulary.first["NoteOff"]
    off = [[row[0], number] for row, number in zip(on, off_ids.tolist(), strict=True)]
    events = in_order(
        metre_events(grid, vocabulary),
        tempo_events(grid, vocabulary),
        zip(ends.tolist(), off, strict=True),
        zip(grid.notes["start"].tolist(), on, strict=True),
    )
    return with_shifts(grid, events, vocabulary)


def ends_in_turn(grid: Grid) -> Ints:
    """Ends of the notes so that, of one pitch and program, the first to begin is first to end.

    A note-off does not say which note it ends; readers take the first that sounds.
    """
    notes = grid.notes
    ends = notes["start"] + notes["length"]
    voice = notes["program"] * 128 + notes["pitch"]
    by_start, by_end = voice.argsort(kind="stable"), ends.argsort(kind="stable")
    by_end = by_end[voice[by_end].argsort(kind="stable")]
    turned = ends.copy()
    turned[by_start] = ends[by_end]
    if swapped := int((turned != ends).sum()):
        grid.losses[INSIDE] = swapped
    return turned


def exchanged_ends(grid: Grid) -> Ints:
    """Places in `raw_notes` of the notes that get the end of another; see `ends_in_turn`."""
    notes = grid.notes
    found: Ints = notes["place"][ends_in_turn(grid) != notes["start"] + notes["length"]]
    return found


def write_structured(grid: Grid) -> list[int]:
    """Structured MIDI: time shift, program, pitch, velocity, duration, and again.

    A shift that no token has is spelled with several.

    Source: Hadjeres and Crestel 2021, "The Piano Inpainting Application".
    """
    vocabulary = fields_of(grid.scheme.name)[0]
    shift, previous = vocabulary.first["TimeShift"], 0
    ids: list[int] = []
    rows = note_rows(grid, vocabulary, ("Program", "Pitch", "Velocity", "Duration"))
    for tick, row in zip(grid.notes["start"].tolist(), rows, strict=True):
        ids += [shift + 1 + place for place in shifts(tick - previous)] or [shift]
        ids += row
        previous = tick
    return ids


def write_pertok(grid: Grid) -> list[int]:
    """PerTok: shifts to the nearest part of a beat, and micro timing for what is left.

    Bars are as long as their metres; MidiTok 3.1 takes the lower number the wrong way round.
    Changes of tempo have a shift and micro timing too.

    Source: Lenz and Mani 2024, "PerTok: Expressive Encoding and Modeling of Symbolic Musical
    Ideas and Variations".
    """
    vocabulary = fields_of(grid.scheme.name)[0]
    micro = vocabulary.first["MicroTiming"]
    rows = note_rows(grid, vocabulary, ("Program", "Pitch", "Velocity", "Duration"))
    notes = zip(grid.notes["start"].tolist(), rows, strict=True)
    ids = [vocabulary.first["TimeSig"] + grid.sections[0].number]
    bars, place, now = grid.bars(), 1, 0
    for tick, row in in_order(tempo_events(grid, vocabulary), notes):
        while place < len(bars) and bars[place][0] - PERTOK_SOONEST <= tick:
            ids += bar_tokens(bars, place, vocabulary)
            now, place = bars[place][0], place + 1
        now, moves = approach(now, tick)
        ids += [vocabulary.first["TimeShift"] + move for move in moves]
        cut = 2 if len(row) > 1 else 1  # after the pitch, or the tempo
        ids += (*row[:cut], micro + micro_place(tick - now), *row[cut:])
    for rest in range(place, len(bars)):
        ids += bar_tokens(bars, rest, vocabulary)
    return ids


def bar_tokens(bars: list[tuple[int, Section]], place: int, vocabulary: Field) -> list[int]:
    """A bar line, with its metre where that changes."""
    section, before = bars[place][1], bars[place - 1][1]
    metre = [] if section is before else [vocabulary.first["TimeSig"] + section.number]
    return [vocabulary.first["Bar"], *metre]


def approach(now: int, tick: int) -> tuple[int, list[int]]:
    """A tick within reach of micro timing of another, and the places of the shifts to it."""
    moves: list[int] = []
    near = PERTOK_SOONEST
    while tick - now >= near:
        moves.append(PERTOK_NEAREST[min(tick - now, len(PERTOK_NEAREST) - 1)])
        now += int(PERTOK_DURATION_TICKS[moves[-1]])
        near = MICRO_REACH + 1
    return now, moves


def micro_place(ticks: int) -> int:
    """Place of the micro timing nearest to some ticks."""
    place = (ticks + MICRO_REACH + MICRO_STEP // 2) // MICRO_STEP
    return min(max(place, 0), len(MICRO_TICKS) - 1)


WRITERS = {
    "remi": write_remi,
    "mmm": write_mmm,
    "tsd": write_shifts,
    "midi-like": write_midi_like,
    "structured": write_structured,
    "pertok": write_pertok,
}
