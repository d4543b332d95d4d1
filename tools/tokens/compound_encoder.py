"""From a grid to ids: the schemes whose steps are several ids at once."""

from bisect import bisect_right
from itertools import pairwise

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.meters import Section, section_at
from muse.tools.tokens.stream_encoder import in_order, program_place
from muse.tools.tokens.token_types import DRUMS, MAX_BARS, STEPS_PER_BEAT
from muse.tools.tokens.vocabulary import fields_of

Word = list[int]  # an id of each vocabulary
QUARTER_BAR = 4 * STEPS_PER_BEAT  # steps of MuMIDI's bars


def note_values(grid: Grid) -> list[tuple[int, ...]]:
    """For each note its tick, pitch, and the places of velocity, duration and program."""
    keys = ("start", "pitch", "velocity", "duration", "program")
    columns = [grid.notes[key].tolist() for key in keys]
    return [
        (tick, pitch, velocity, duration, program_place(program))
        for tick, pitch, velocity, duration, program in zip(*columns, strict=True)
    ]


def write_cpword(grid: Grid) -> list[Word]:
    """Compound Word: bars with metres, positions with tempos, and notes.

    A word is family, bar or position, pitch, velocity, duration, program, tempo, metre.

    Source: Hsiao et al. 2021, "Compound Word Transformer".
    """
    first = cpword_firsts(grid)
    tempos = [(tick, [first["Tempo"] + place]) for tick, place in grid.tempos]
    words: list[Word] = []
    bars, place, start, step = grid.bars(), 0, 0, 1
    previous, now = -1, tempos[0][1][0]
    for tick, row in in_order(tempos, cpword_notes(grid, first)):
        while place < len(bars) and bars[place][0] <= tick:
            start, section = bars[place]
            step, place = section.step, place + 1
            words.append(cpword_metric(first, first["Bar"], metre=section.number))
        if len(row) == 1:
            now = row[0]
        if tick != previous:
            position = first["Position"] + (tick - start) // step
            words.append(cpword_metric(first, position, tempo=now))
            previous = tick
        if len(row) > 1:
            words.append(row)
    words += [cpword_metric(first, first["Bar"], metre=s.number) for _, s in bars[place:]]
    return words


def cpword_firsts(grid: Grid) -> dict[str, int]:
    """The first id of each type; every vocabulary but the first says Ignore with the same id."""
    fields = fields_of(grid.scheme.name)
    return {kind: number for field in fields for kind, number in field.first.items()}


def cpword_metric(
    first: dict[str, int], place: int, tempo: int | None = None, metre: int | None = None
) -> Word:
    """A word of time: a bar with its metre, or a position with its tempo."""
    blank = first["Ignore"]
    metre_id = blank if metre is None else first["TimeSig"] + metre
    return [first["Family"], place, *[blank] * 4, blank if tempo is None else tempo, metre_id]


def cpword_notes(grid: Grid, first: dict[str, int]) -> list[tuple[int, Word]]:
    """The words of the notes, with their ticks."""
    blank, family = first["Ignore"], first["Family"] + 1
    kinds = ("Pitch", "Velocity", "Duration", "Program")
    a, b, c, d = (first[kind] for kind in kinds)
    return [
        (tick, [family, blank, a + pitch, b + velocity, c + length, d + program, blank, blank])
        for tick, pitch, velocity, length, program in note_values(grid)
    ]


def write_octuple(grid: Grid) -> list[Word]:
    """Octuple: pitch, position, bar, velocity, duration, program, tempo, metre of each note.

    The metres are those of `metres.heard_sections`.

    Source: Zeng et al. 2021, "MusicBERT".
    """
    fields = fields_of(grid.scheme.name)
    kinds = ("Pitch", "Position", "Bar", "Velocity", "Duration", "Program", "Tempo", "TimeSig")
    firsts = [field.first[kind] for field, kind in zip(fields, kinds, strict=True)]
    tempo_ticks = [tick for tick, _ in grid.tempos]
    before = bars_before(grid.sections)
    words: list[Word] = []
    for tick, pitch, velocity, duration, program in note_values(grid):
        section = section_at(grid.sections, tick)
        bar, rest = divmod(tick - section.start, section.bar)
        bar += before[section.start]
        if bar >= MAX_BARS:
            break
        tempo = grid.tempos[bisect_right(tempo_ticks, tick) - 1][1]
        place = rest // section.step
        values = (pitch, place, bar, velocity, duration, program, tempo, section.number)
        words.append([first + value for first, value in zip(firsts, values, strict=True)])
    if lost := len(grid.notes["start"]) - len(words):
        grid.losses["note past the last bar"] = lost
    return words


def bars_before(sections: list[Section]) -> dict[int, int]:
    """How many bars there are before each section, by the section's start."""
    counts, bars = {0: 0}, 0
    for section, following in pairwise(sections):
        bars += (following.start - section.start) // section.bar
        counts[following.start] = bars
    return counts


def write_mumidi(grid: Grid) -> list[Word]:
    """MuMIDI: bars, positions, programs and notes, each with bar, position and tempo.

    A word is bar, position, program or pitch; number of the bar; position; tempo; and for notes
    velocity and duration.

    Source: Ren et al. 2020, "PopMAG: Pop Music Accompaniment Generation".
    """
    fields = fields_of(grid.scheme.name)
    first = fields[0].first
    number_first, place_first = fields[1].first["BarPosEnc"], fields[2].first["PositionPosEnc"]
    tempo_first = fields[3].first["Tempo"]
    velocity_first, duration_first = fields[4].first["Velocity"], fields[5].first["Duration"]
    tempo_ticks = [tick for tick, _ in grid.tempos]
    words: list[Word] = []
    bar, previous, lost = -1, (-1, -1), 0
    notes = sorted(note_values(grid), key=lambda note: (note[0], (note[4] + 1) % 129))
    for tick, pitch, velocity, duration, program in notes:
        tempo = tempo_first + grid.tempos[bisect_right(tempo_ticks, tick) - 1][1]
        number, place = divmod(tick, QUARTER_BAR)
        if number >= MAX_BARS:
            lost += 1
            continue
        while bar < number:
            bar += 1
            words.append([first["Bar"], number_first + bar, place_first, tempo])
        context = [number_first + bar, place_first + 1 + place, tempo]
        if tick != previous[0]:
            words.append([first["Position"] + place, *context])
        if (tick, program) != previous:
            words.append([first["Program"] + program, *context])
        previous = (tick, program)
        kind = "PitchDrum" if program == program_place(DRUMS) else "Pitch"
        sound = [velocity_first + velocity, duration_first + duration]
        words.append([first[kind] + pitch, *context, *sound])
    if lost:
        grid.losses["note past the last bar"] = lost
    return words


WORD_WRITERS = {"cpword": write_cpword, "octuple": write_octuple, "mumidi": write_mumidi}
